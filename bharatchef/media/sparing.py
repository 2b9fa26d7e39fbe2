"""Which pictures of a film nothing is made of, so that its decoder may pass over them.

Of 30 pictures a second the proxies show 15. One that they do not show, and that no other picture is
predicted from, need not be decoded; all others come out the same to the bit. Knows nothing of what is made
of a picture.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from bharatchef.media.recipe import ProxyRecipe

# Other codecs either have no such pictures or store some that are never shown.
_CODECS = frozenset({"h264", "hevc"})
_REMEMBERED = 64


class Sparing:
    """Tells a decoder before each packet whether it may leave out the picture, and knows what it left out.

    A picture is needed where none that came before in the file is nearer to its tick of the actions proxy, or
    none is earlier in its part of the objects proxy, or it is the last one so far: it may end the film.

    Args:
        stream: the pictures' stream, opened; its decoder is told.
        recipe: which pictures the proxies show.
    """

    def __init__(self, stream: Any, recipe: ProxyRecipe) -> None:
        self._context = stream.codec_context
        self._time_base = Fraction(stream.time_base)
        self._recipe = recipe
        self._able = self._context.name in _CODECS
        self._nearest: dict[int, tuple[Fraction, int]] = {}
        self._earliest: dict[int, int] = {}
        self._highest: int | None = None
        self._may_lack: dict[int, int | None] = {}

    def tell(self, packet: Any, first_pts: int | None) -> None:
        """Say to the decoder what ``packet`` is to it, just before it is decoded.

        Args:
            packet: the next of the file, or the empty one that drains the decoder.
            first_pts: time stamp of the film's first picture; ``None`` while that is not known.
        """
        if not self._able:
            return
        spare = self._is_spare(packet, first_pts)
        if spare:
            self._may_lack[packet.pts] = packet.duration
        self._context.skip_frame = "NONREF" if spare else "DEFAULT"

    def left_out(self, before_pts: int | None = None) -> list[tuple[int, int | None]]:
        """(time stamp, duration) of pictures left out, each told once, in order of showing.

        Args:
            before_pts: of the picture that just came out of the decoder; ``None`` at the end of the film.
        """
        if before_pts is None:
            gone = sorted(self._may_lack)
        else:
            self._may_lack.pop(before_pts, None)
            gone = sorted(pts for pts in self._may_lack if pts < before_pts)
        return [(pts, self._may_lack.pop(pts)) for pts in gone]

    def _is_spare(self, packet: Any, first_pts: int | None) -> bool:
        pts = packet.pts
        if pts is None or first_pts is None or pts < first_pts or packet.is_discard:
            return False
        time = (pts - first_pts) * self._time_base
        tick, off = self._recipe.actions.tick_of(time)
        part = self._recipe.objects.part_of(time)
        nearest, earliest = self._nearest.get(tick), self._earliest.get(part)
        last_so_far = self._highest is None or pts >= self._highest
        if last_so_far:
            self._highest = pts
        if nearest is None or (off, pts) < nearest:
            _remember(self._nearest, tick, (off, pts))
        if earliest is None or pts < earliest:
            _remember(self._earliest, part, pts)
        if nearest is None or earliest is None:
            return False
        return not last_so_far and nearest < (off, pts) and earliest < pts


def _remember(known: dict[int, Any], place: int, what: Any) -> None:
    known[place] = what
    if len(known) > _REMEMBERED:
        del known[min(known)]
