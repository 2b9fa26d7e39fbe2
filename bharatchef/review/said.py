"""What a person typed, made fit to be kept in a trail and shown anywhere: plain, short, naming nobody."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from bharatchef.erasing.person import Traces
from bharatchef.errors import InputError
from bharatchef.review.trail import LONGEST_REASON

_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_JOINERS = "\u200c\u200d"


def plain_reason(text: str, what: str, people: Sequence[Traces] = ()) -> str:
    """A reason on one line, without what a terminal or a browser would take for more than letters.

    Control characters and marks that turn the direction of writing go; joiners stay, for Hindi and Tamil need
    them. Each of ``people`` is named by pseudonym.

    Raises:
        InputError: nothing is left of it, or it is longer than a trail takes.
    """
    kept = "".join(
        letter if letter in _JOINERS or unicodedata.category(letter) not in _UNSEEN else " "
        for letter in text
    )
    plain = " ".join(kept.split())
    for traces in people:
        plain = traces.without_names(plain)
    if not plain.strip(_JOINERS + " "):
        raise InputError(f"Expected {what}: a reason in words, got none.", f'For example {what} "…"')
    if len(plain) > LONGEST_REASON:
        raise InputError(
            f"Expected {what} of at most {LONGEST_REASON} letters, got {len(plain)}.", "Say it shorter."
        )
    return plain
