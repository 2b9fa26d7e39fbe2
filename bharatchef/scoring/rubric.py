"""A rubric: the versioned data that turns deviations into points; knows nothing of dishes or films."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from bharatchef.errors import KnowledgeError
from bharatchef.vocabulary import Category, Confidence, DeviationKind, Level, Points, Record, Sha256, Slug


class LeftOut(Record):
    """What a step that was left out costs outside the step sequence."""

    timing: Points
    heat: Points


class PlatingPoints(Record):
    """What a plate unlike the expert's costs."""

    full_from: Points
    points_per_percent: Annotated[float, Field(ge=0)]


class Rubric(Record):
    """How points are lost, what the categories weigh, and from where a level begins."""

    rubric_id: Slug = Field(alias="id")
    version: str
    sha256: Sha256
    weights: dict[Category, Confidence]
    points: dict[DeviationKind, Points]
    left_out: LeftOut = Field(alias="left_out")
    plating: PlatingPoints
    charge_from: Confidence
    min_coverage: Confidence
    interval_points_unseen: Points
    levels: dict[Level, Points]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for what, given, wanted in (
            ("weights", set(self.weights), set(Category)),
            ("points", set(self.points), set(DeviationKind)),
            ("levels", set(self.levels), set(Level)),
        ):
            if given != wanted:
                raise ValueError(f"{what}: expected one for each of {', '.join(sorted(wanted))}")
        if abs(sum(self.weights.values()) - 1.0) > 1e-9:
            raise ValueError(f"weights: expected a sum of 1, got {sum(self.weights.values()):g}")
        floors = [self.levels[level] for level in Level]
        if floors != sorted(floors) or floors[0] != 0:
            raise ValueError("levels: expected novice at 0 and each level above the one before")
        if self.points[DeviationKind.MISSING] < self.points[DeviationKind.OUT_OF_ORDER]:
            raise ValueError("points: leaving a step out must cost at least what doing it out of order costs")
        worst_time = max(self.points[DeviationKind.TOO_LONG], self.points[DeviationKind.TOO_SHORT])
        if self.left_out.timing < worst_time or self.left_out.heat < self.points[DeviationKind.WRONG_HEAT]:
            raise ValueError("left_out: leaving a step out must cost at least what doing it badly costs")
        return self


def parse_rubric(data: bytes, name: str) -> Rubric:
    """A rubric out of the bytes of a YAML file called ``name`` in errors.

    Raises:
        KnowledgeError: not YAML, or a value is missing or does not fit; the message names it.
    """
    try:
        raw: Any = yaml.safe_load(data)
    except yaml.YAMLError as error:
        raise KnowledgeError(f"Rubric {name} is not YAML: {error}.", "Mend the file.") from error
    if not isinstance(raw, dict):
        raise KnowledgeError(f"Rubric {name}: expected a mapping, got {type(raw).__name__}.")
    try:
        return Rubric.model_validate({**raw, "sha256": hashlib.sha256(data).hexdigest()})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise KnowledgeError(
            f"Rubric {name}: {where + ': ' if where else ''}{first['msg']}.", "Mend that line of the file."
        ) from error


def load_rubric(name_or_path: str | Path = "default") -> Rubric:
    """A rubric by the name of one that comes with the program, or by the path of a YAML file.

    Raises:
        KnowledgeError: there is none such, or it does not fit; the message says which there are.
    """
    shipped = resources.files("bharatchef.scoring").joinpath("rubrics")
    name = str(name_or_path)
    if not name.endswith((".yaml", ".yml")):
        known = {p.name.removesuffix(".yaml"): p for p in shipped.iterdir() if p.name.endswith(".yaml")}
        if name not in known:
            raise KnowledgeError(
                f"There is no rubric {name!r}; there are: {', '.join(sorted(known))}.",
                "Name one of these, or give the path of a rubric's YAML file.",
            )
        return parse_rubric(known[name].read_bytes(), name)
    try:
        data = Path(name).read_bytes()
    except OSError as error:
        raise KnowledgeError(
            f"Rubric {name} cannot be read: {error.strerror}.", "Check the path of the rubric."
        ) from error
    return parse_rubric(data, name)
