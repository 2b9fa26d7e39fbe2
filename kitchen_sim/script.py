"""What is to be drawn, as plain data: a script of steps with times; must not know how it is drawn.

A script is complete in itself. Mistakes are planted into it (``planting``), so that a script with mistakes
shows what the cook does, and its ``mistakes`` say how that differs from what the dish asks for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kitchen_sim.errors import DrawingError

Heat = Literal["off", "low", "medium", "high"]
MistakeKind = Literal[
    "skipped",
    "swapped",
    "repeated",
    "too_long",
    "too_short",
    "heat_too_high",
    "heat_too_low",
    "wrong_ingredient",
    "missing_ingredient",
    "poor_plating",
]
HEATS: tuple[Heat, ...] = ("off", "low", "medium", "high")
_SHORTEST_STEP_S = 0.5


class Plain(BaseModel):
    """Base of the plain data here: frozen, and refusing what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ScriptStep(Plain):
    """One thing the cook does, from ``start_s`` up to ``end_s`` of the film.

    ``heat`` is what the flame is set to when the step begins (``None``: left as it is). The expected
    values are the dish's own; planting needs them, drawing does not. ``must_come_after`` holds step ids.
    ``burns_after_s`` seconds into the step what is over the flame begins to scorch (``None``: it never does).
    """

    step_id: Annotated[str, Field(min_length=1, max_length=64)]
    action: Annotated[str, Field(min_length=1, max_length=64)]
    objects: tuple[str, ...] = ()
    ingredients: tuple[str, ...] = ()
    start_s: Annotated[float, Field(ge=0)]
    end_s: Annotated[float, Field(gt=0)]
    heat: Heat | None = None
    burns_after_s: Annotated[float, Field(ge=0)] | None = None
    expected_min_s: Annotated[float, Field(ge=0)] | None = None
    expected_max_s: Annotated[float, Field(ge=0)] | None = None
    must_come_after: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        if self.end_s - self.start_s < _SHORTEST_STEP_S:
            raise ValueError(
                f"step {self.step_id!r}: expected at least {_SHORTEST_STEP_S} s from start to end, "
                f"got {self.start_s} to {self.end_s}"
            )
        return self

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


class PlantedMistake(Plain):
    """A mistake in the script, in the words of what was asked and what the cook does.

    ``step_index`` is the place in ``Script.steps`` where it shows (``None``: it shows nowhere, the step
    is not there). ``related_step_id`` is the step that should have come first, for a swap.
    """

    kind: MistakeKind
    step_id: str
    step_index: Annotated[int, Field(ge=0)] | None = None
    related_step_id: str | None = None
    expected: str
    done: str


class Script(Plain):
    """A film to be drawn. ``width_px`` and ``height_px`` are as shown, after ``rotation_degrees``.

    ``rotation_degrees`` is the counter-clockwise turn that a player makes before it shows the coded
    picture. ``style_group`` ``None`` lets the seed choose one; so do ``mirrored`` and ``left_handed``.
    ``time_scale`` is film seconds per kitchen second; all times here are film seconds.
    """

    version: Literal[1] = 1
    dish: Annotated[str, Field(min_length=1, max_length=64)]
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    style_group: str | None = None
    camera: Literal["front", "side"] = "front"
    width_px: Annotated[int, Field(ge=64, le=3840)] = 1280
    height_px: Annotated[int, Field(ge=64, le=3840)] = 720
    fps: Annotated[float, Field(ge=1, le=120)] = 25.0
    rotation_degrees: Literal[0, 90, 180, 270] = 0
    bit_rate_mbit: Annotated[float, Field(gt=0.05, le=60)] | None = None
    mirrored: bool | None = None
    left_handed: bool | None = None
    time_scale: Annotated[float, Field(gt=0, le=1)] = 1.0
    duration_s: Annotated[float, Field(gt=0, le=7200)]
    steps: tuple[ScriptStep, ...]
    plating: Literal["good", "poor"] = "good"
    mistakes: tuple[PlantedMistake, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.width_px % 2 or self.height_px % 2:
            raise ValueError(
                f"expected an even width and height (H.264 4:2:0), got {self.width_px}x{self.height_px}"
            )
        end_s = 0.0
        for step in self.steps:
            if step.start_s < end_s - 1e-6:
                raise ValueError(
                    f"step {step.step_id!r} starts at {step.start_s} s, before the one before it ends "
                    f"({end_s} s); one pair of hands does one thing at a time"
                )
            end_s = step.end_s
        if end_s > self.duration_s + 1e-6:
            raise ValueError(
                f"expected the film ({self.duration_s} s) to last to the last step's end ({end_s} s)"
            )
        for mistake in self.mistakes:
            if mistake.step_index is not None and mistake.step_index >= len(self.steps):
                raise ValueError(
                    f"mistake at step number {mistake.step_index}, but there are {len(self.steps)} steps"
                )
        return self

    @property
    def frames(self) -> int:
        """Number of frames, the last one not past the film's end."""
        return max(1, round(self.duration_s * self.rate))

    @property
    def rate(self) -> Fraction:
        """Frames a second exactly: 29.97 and its like are the broadcast rates over 1001."""
        broadcast = Fraction(round(self.fps) * 1000, 1001)
        return (
            broadcast
            if abs(float(broadcast) - self.fps) < 0.003
            else Fraction(self.fps).limit_denominator(1001)
        )

    def time_of(self, frame: int) -> float:
        """When a frame is shown, seconds from the first one."""
        return float(frame / self.rate)

    def step_at(self, time_s: float) -> ScriptStep | None:
        """The step under way at a moment, its end not included; ``None`` between steps."""
        index = self.step_index_at(time_s)
        return None if index is None else self.steps[index]

    def step_index_at(self, time_s: float) -> int | None:
        """The place in ``steps`` of the step under way; a micro-second of slack for rounded frame times."""
        for index, step in enumerate(self.steps):
            if step.start_s - 1e-6 <= time_s < step.end_s - 1e-6:
                return index
        return None

    def heat_spans(self) -> Iterator[tuple[float, float, Heat]]:
        """The flame's setting over the whole film: (start, end, setting), end to end.

        A setting holds until a step sets another one; after the last step that sets one, the stove is
        turned off when that step ends.
        """
        changes: list[tuple[float, Heat]] = [(0.0, "off")]
        setting = [step for step in self.steps if step.heat is not None]
        for step in setting:
            assert step.heat is not None
            changes.append((step.start_s, step.heat))
        if setting:
            changes.append((setting[-1].end_s, "off"))
        start_s, heat = changes[0]
        for at_s, new in changes[1:]:
            if new == heat:
                continue
            if at_s > start_s:
                yield start_s, at_s, heat
            start_s, heat = at_s, new
        if self.duration_s > start_s:
            yield start_s, self.duration_s, heat

    def sha256(self) -> str:
        """Hash of everything in the script, whatever the file's layout."""
        told = self.model_dump(mode="json")
        for step in told["steps"]:
            # A script that burns nothing keeps the hash that it had before burning could be drawn.
            if step["burns_after_s"] is None:
                del step["burns_after_s"]
        plain = json.dumps(told, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(plain.encode()).hexdigest()


def read_script(path: Path | str) -> Script:
    """The script in a YAML or JSON file.

    Raises:
        DrawingError: no such file, not YAML, or not a script; the message names the field.
    """
    path = Path(path)
    try:
        plain = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DrawingError(f"expected a script at {path}, but it cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DrawingError(f"expected YAML or JSON in {path}, got something else: {error}") from error
    try:
        return Script.model_validate(plain)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the script"
        raise DrawingError(f"{path}: {where}: {first['msg']}") from error


def script_text(script: Script) -> str:
    """The script as YAML, values that are as they would be anyway left out."""
    plain = script.model_dump(mode="json", exclude_defaults=True)
    plain = {"version": script.version, **plain}
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=110)
