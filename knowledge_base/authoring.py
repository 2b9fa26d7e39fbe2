"""The form of a dish file: what a cook may write and how it becomes a ``Dish``; knows no disk.

``python -m knowledge_base.authoring`` prints the published JSON Schema of the form.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from bharatchef.records import (
    ActionSegment,
    Dish,
    DurationRange,
    ExpectedStep,
    ExpertPerformance,
    Ingredient,
    OrderEdge,
    SafetyPoint,
    TechniquePoint,
)
from bharatchef.vocabulary import HeatLevel
from knowledge_base.units import (
    RANGE_PATTERN,
    TEMPERATURE_PATTERN,
    TIME_PATTERN,
    celsius,
    seconds,
    seconds_range,
)

SCHEMA_ID = "dish-file.schema.json"
ID_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,63}$"
URL_PATTERN = r"^https://[^\s/]+\.[^\s]+$"
AMOUNT_PATTERN = r"^(?:about )?(?:[0-9¼½¾⅓⅔]|an? |a few|some|to taste|as needed|one |two |three |half\b)"
TIME_SOURCE = "the dish's author"


def _name(text: str) -> str:
    if not re.fullmatch(ID_PATTERN, text):
        raise ValueError(
            f"expected a name of small letters a-z, digits and '-', such as 'boil-water', got {text!r}"
        )
    return text


def _words(text: str) -> str:
    if not text.strip():
        raise ValueError("expected some words, got none")
    return " ".join(text.split())


def _url(text: str) -> str:
    if not re.fullmatch(URL_PATTERN, text):
        raise ValueError(f"expected an address that starts with https://, got {text!r}")
    return text


def _amount(text: str) -> str:
    text = _words(text)
    if not re.match(AMOUNT_PATTERN, text, re.IGNORECASE):
        raise ValueError(
            f"expected an amount that starts with a number, or 'a pinch', 'to taste', got {text!r}"
        )
    return text


def _day(text: Any) -> Any:
    if isinstance(text, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise ValueError(f"expected a day such as 2026-11-22, got {text!r}")
    return text


def _parsed_by(parse: Any) -> BeforeValidator:
    return BeforeValidator(lambda value: parse(value) if isinstance(value, str) else value)


def _text_schema(pattern: str, description: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "description": description})


Name = Annotated[str, AfterValidator(_name), _text_schema(ID_PATTERN, "small letters, digits and '-'")]
Words = Annotated[str, Field(min_length=1), AfterValidator(_words)]
Url = Annotated[str, AfterValidator(_url), _text_schema(URL_PATTERN, "a public address")]
Amount = Annotated[
    str,
    AfterValidator(_amount),
    WithJsonSchema(
        {"type": ["string", "number"], "pattern": AMOUNT_PATTERN, "description": "75 ml; 2; a pinch"}
    ),
]
Version = Annotated[
    str,
    AfterValidator(_words),
    WithJsonSchema({"type": ["string", "number"], "description": "changes with every edit"}),
]
Day = Annotated[date, BeforeValidator(_day)]
TimeText = Annotated[float, _parsed_by(seconds), _text_schema(TIME_PATTERN, "90 s; 4 min; 1 h 20 min")]
RangeText = Annotated[
    tuple[float, float],
    _parsed_by(seconds_range),
    _text_schema(RANGE_PATTERN, "30 s; 2-4 min; 15 s - 2 min"),
]
TemperatureText = Annotated[float, _parsed_by(celsius), _text_schema(TEMPERATURE_PATTERN, "74 C; 165 F")]
Moment = Annotated[float, Field(ge=0, description="seconds from the film's first picture")]


class Entry(BaseModel):
    """Base of all that a dish file may hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Named(Entry):
    """What has names in other languages, the native script first, then in Latin letters."""

    hi: tuple[Words, ...] = Field(
        default=(), description="names in Hindi, in Devanagari and in Latin letters"
    )
    ta: tuple[Words, ...] = Field(
        default=(), description="names in Tamil, in Tamil script and in Latin letters"
    )
    en: tuple[Words, ...] = Field(default=(), description="other names in English")

    def aliases(self) -> dict[Literal["hi", "ta", "en"], tuple[str, ...]]:
        """The names that were given, by language."""
        given: dict[Literal["hi", "ta", "en"], tuple[str, ...]] = {
            "hi": self.hi,
            "ta": self.ta,
            "en": self.en,
        }
        return {language: names for language, names in given.items() if names}


class IngredientEntry(Named):
    """One ingredient, with its amount for the dish as it is written."""

    id: Name
    name: Words
    amount: Amount
    optional: bool = False


class SafetyEntry(Entry):
    """One rule of safety: what can go wrong, what to do, and the public source that says so."""

    id: Name
    hazard: Words
    rule: Words
    core_temperature: TemperatureText | None = Field(
        default=None, description="the least that the middle of the food must reach"
    )
    source: Words = Field(description="who says so, and the title of the page")
    url: Url


class TechniqueEntry(Entry):
    """Something to do well within a step."""

    id: Name
    do: Words
    why: Words


class EdgeEntry(Entry):
    """A step that must be finished before this one begins.

    For steps that are done several times: ``that_time`` of the other comes before ``this_time`` of this
    one. Left out, all times of the other come before the first of this one.
    """

    step: Name
    because: Words
    that_time: Annotated[int, Field(ge=1, le=20)] | None = None
    this_time: Annotated[int, Field(ge=1, le=20)] | None = None


class StepEntry(Entry):
    """One step of the dish."""

    id: Name
    action: Name = Field(description="one of knowledge_base/actions.yaml")
    text: Words = Field(description="what to do, in a sentence")
    objects: tuple[Name, ...] = Field(
        default=(), description="tools and vessels of knowledge_base/objects.yaml"
    )
    ingredients: tuple[Name, ...] = Field(default=(), description="ids of ingredients of this file")
    time: RangeText | None = Field(default=None, description="how long doing it once takes a careful cook")
    time_from: Words = Field(default=TIME_SOURCE, description="who says how long it takes")
    heat: HeatLevel | None = None
    technique: tuple[TechniqueEntry, ...] = ()
    how_often: Annotated[int, Field(ge=1, le=20, description="how many times it has to be done")] = 1
    optional: bool = False
    any_time: bool = Field(
        default=False, description="true: it is meant that no step must come before or after this one"
    )
    must_come_after: tuple[EdgeEntry, ...] = ()
    safety: tuple[Name, ...] = Field(default=(), description="ids of safety rules of this file")


class ExpertActionEntry(Entry):
    """One step as an expert did it."""

    step: Name
    start: Moment
    end: Moment


class ExpertEntry(Entry):
    """One whole performance by somebody who can cook the dish."""

    id: Name
    actions: Annotated[tuple[ExpertActionEntry, ...], Field(min_length=1)]
    video: Words | None = Field(default=None, description="the key of the film in the store of expert films")


class DishFile(Named):
    """A dish as a cook writes it."""

    dish: Name = Field(description="the dish's own name; the file is called so, with .yaml")
    name: Words
    version: Version
    created: Day
    total_time: TimeText = Field(description="from the first step to the plate")
    source: Words
    ingredients: tuple[IngredientEntry, ...] = ()
    safety: tuple[SafetyEntry, ...] = ()
    steps: Annotated[tuple[StepEntry, ...], Field(min_length=1)]
    plating: Words | None = Field(default=None, description="how the finished dish should look")
    expert_performances: tuple[ExpertEntry, ...] = ()


def dish_of(written: DishFile, sha256: str) -> Dish:
    """The ``Dish`` that a dish file says; ``sha256`` is that of the file's bytes."""
    actions = {step.id: step.action for step in written.steps}
    counts = {step.id: step.how_often for step in written.steps}
    experts = tuple(_expert(expert, actions) for expert in written.expert_performances)
    return Dish(
        dish_id=written.dish,
        name=written.name,
        expected_duration_s=written.total_time,
        ingredients=tuple(_ingredient(i) for i in written.ingredients),
        expected_steps=tuple(_step(step, counts) for step in written.steps),
        expert_video_s3_key=experts[0].video_s3_key if experts else None,
        expert_action_sequence=experts[0].actions if experts else (),
        created_at=datetime.combine(written.created, time(), UTC),
        version=written.version,
        sha256=sha256,
        aliases=written.aliases(),
        source=written.source,
        plating=written.plating or "",
        safety=tuple(_safety(s) for s in written.safety),
        expert_performances=experts,
    )


def _ingredient(entry: IngredientEntry) -> Ingredient:
    return Ingredient(
        ingredient_id=entry.id,
        name=entry.name,
        amount=entry.amount,
        optional=entry.optional,
        aliases=entry.aliases(),
    )


def _safety(entry: SafetyEntry) -> SafetyPoint:
    return SafetyPoint(
        safety_id=entry.id,
        hazard=entry.hazard,
        rule=entry.rule,
        min_core_temperature_c=entry.core_temperature,
        source=entry.source,
        source_url=entry.url,
    )


def _step(entry: StepEntry, counts: dict[str, int]) -> ExpectedStep:
    duration = None
    if entry.time is not None:
        duration = DurationRange(min_s=entry.time[0], max_s=entry.time[1], source=entry.time_from)
    return ExpectedStep(
        step_id=entry.id,
        action=entry.action,
        objects=entry.objects,
        ingredients=entry.ingredients,
        description=entry.text,
        duration=duration,
        heat=entry.heat,
        technique=tuple(TechniquePoint(point_id=t.id, text=t.do, why=t.why) for t in entry.technique),
        required_count=entry.how_often,
        optional=entry.optional,
        must_come_after=tuple(_edge(edge, counts) for edge in entry.must_come_after),
        safety=entry.safety,
    )


def _edge(entry: EdgeEntry, counts: dict[str, int]) -> OrderEdge:
    times = None
    if entry.that_time is not None or entry.this_time is not None:
        times = (entry.that_time or counts[entry.step], entry.this_time or 1)
    return OrderEdge(step_id=entry.step, reason=entry.because, times=times)


def _expert(entry: ExpertEntry, actions: dict[str, str]) -> ExpertPerformance:
    return ExpertPerformance(
        performance_id=entry.id,
        actions=tuple(
            ActionSegment(action_type=actions[a.step], start_s=a.start, end_s=a.end, step_id=a.step)
            for a in entry.actions
        ),
        video_s3_key=entry.video,
    )


def dish_file_schema() -> dict[str, Any]:
    """The published JSON Schema of a dish file."""
    schema = DishFile.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **schema,
        "title": "BharatChef dish file",
    }


if __name__ == "__main__":
    print(json.dumps(dish_file_schema(), indent=2, ensure_ascii=False, sort_keys=True))
