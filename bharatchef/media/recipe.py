"""Reads the versioned data of this room: what proxies are made, and when a film is too poor to judge by."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError

from bharatchef.errors import ConfigurationError
from bharatchef.vocabulary import Record

IssueKind = Literal["too_dark", "too_bright", "blurred", "shaking", "frozen", "too_short"]
_Positive = Annotated[float, Field(gt=0)]
_Count = Annotated[int, Field(gt=0)]


class ActionProxy(Record):
    """The proxy for actions: a constant rate, so that a model's clip is a stretch of time."""

    short_side_px: _Count
    fps: _Count
    crf: _Count
    max_kbit_per_s: _Count
    keyframe_every: _Count

    def tick_of(self, time: Fraction) -> tuple[int, Fraction]:
        """The tick nearest to ``time`` (film seconds), and how far from it that is, in ticks, at most 1/2."""
        place = time * self.fps
        tick = int(place + Fraction(1, 2))
        return tick, abs(place - tick)


class ObjectProxy(Record):
    """The proxy for objects: few pictures, each at its own exact time."""

    long_side_px: _Count
    fps: _Positive
    crf: _Count
    max_kbit_per_s: _Count
    keyframe_every: _Count

    def part_of(self, time: Fraction) -> int:
        """Which part of the film ``time`` (film seconds) is in; the first picture of each part is shown."""
        return int(time * Fraction(self.fps))


class StillRule(Record):
    """Which moments are kept as pictures for the report."""

    long_side_px: _Count
    every_s: _Positive
    last_s: _Positive
    jpeg_quality: Annotated[int, Field(ge=2, le=31)]


class ProxyRecipe(Record):
    """What a film is turned into; ``sha256`` is of the data file."""

    version: str
    sha256: str
    chunk_s: _Count
    max_chunk_bytes: _Count
    actions: ActionProxy
    objects: ObjectProxy
    stills: StillRule


class Shares(Record):
    """From which share of the looks on a fault is told, and from which the film is refused."""

    warn_share: _Positive
    reject_share: _Positive


class Short(Record):
    warn_below_s: _Positive
    reject_below_s: _Positive


class Dark(Shares):
    upper_quartile_luma: _Positive


class Bright(Shares):
    low_percentile_luma: _Positive


class Blurred(Shares):
    blur: _Positive


class Shaking(Shares):
    jitter_percent: _Positive


class Frozen(Shares):
    block_change_luma: _Positive
    run_s: _Positive


class QualityThresholds(Record):
    """When the quality gate speaks; ``sha256`` is of the data file."""

    version: str
    sha256: str
    too_short: Short
    too_dark: Dark
    too_bright: Bright
    blurred: Blurred
    shaking: Shaking
    frozen: Frozen
    advice: dict[IssueKind, str]


def _data(name: str) -> dict[str, Any]:
    raw = Path(__file__).with_name(name).read_bytes()
    return {**yaml.safe_load(raw), "sha256": hashlib.sha256(raw).hexdigest()}


@cache
def proxy_recipe() -> ProxyRecipe:
    """The proxies' sizes and rates from ``proxies.yaml``.

    Raises:
        ConfigurationError: the file does not hold what is expected.
    """
    try:
        return ProxyRecipe(**_data("proxies.yaml"))
    except ValidationError as error:
        raise ConfigurationError(f"media/proxies.yaml does not fit: {error}.", "Restore the file.") from error


@cache
def quality_thresholds() -> QualityThresholds:
    """The quality gate's thresholds from ``quality.yaml``.

    Raises:
        ConfigurationError: the file does not hold what is expected.
    """
    try:
        return QualityThresholds(**_data("quality.yaml"))
    except ValidationError as error:
        raise ConfigurationError(f"media/quality.yaml does not fit: {error}.", "Restore the file.") from error
