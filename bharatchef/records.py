"""What is stored and shown: the five tables under their published names, and what lies between.

What the camera and the models saw lies in ``observed.py``; the words in ``vocabulary.py``.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from bharatchef.vocabulary import (
    Category,
    Confidence,
    DeviationKind,
    HeatLevel,
    Language,
    Level,
    Points,
    Record,
    Seconds,
    Sha256,
    Slug,
    Span,
    Status,
    UserId,
)


class ActionSegment(Record):
    """One thing done, from when to when; ``step_id`` is the step it was recognised as, if any."""

    action_type: str
    start_s: Seconds = Field(alias="startTime")
    end_s: Seconds = Field(alias="endTime")
    confidence: Confidence = 1.0
    step_id: Slug | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end_s < self.start_s:
            raise ValueError(f"a segment must not end ({self.end_s} s) before it starts ({self.start_s} s)")
        return self

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


# --- the dish ------------------------------------------------------------------------------------


class DurationRange(Record):
    """How long a step may take before it is called too short or too long, and who says so."""

    min_s: Seconds
    max_s: Seconds
    source: str

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.max_s < self.min_s:
            raise ValueError(f"expected min_s <= max_s, got {self.min_s} and {self.max_s}")
        return self


class OrderEdge(Record):
    """A step that must be finished before this one begins, and the cook's reason for it.

    Of steps that are done several times, ``times`` says which time of ``step_id`` comes before which
    time of this one, both from 1; without it every required time comes before the first of this one.
    """

    step_id: Slug
    reason: str
    times: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] | None = None


class TechniquePoint(Record):
    """Something to do well within a step, and why it matters."""

    point_id: Slug
    text: str
    why: str


class Ingredient(Record):
    """An ingredient with its amount for one cook's dish and its names in other languages."""

    ingredient_id: Slug
    name: str
    amount: str
    optional: bool = False
    aliases: dict[Literal["hi", "ta", "en"], tuple[str, ...]] = Field(default_factory=dict)


class SafetyPoint(Record):
    """What must be safe, with the public source that says so."""

    safety_id: Slug
    hazard: str
    rule: str
    min_core_temperature_c: float | None = Field(default=None, alias="minCoreTemperatureCelsius")
    source: str
    source_url: str


class ExpectedStep(Record):
    """One step that a dish asks for. Durations are of the step itself, on one cook's amounts."""

    step_id: Slug
    action: Slug
    objects: tuple[str, ...] = ()
    ingredients: tuple[Slug, ...] = ()
    description: str
    duration: DurationRange | None = None
    heat: HeatLevel | None = None
    technique: tuple[TechniquePoint, ...] = ()
    required_count: Annotated[int, Field(ge=1, le=20)] = 1
    optional: bool = False
    must_come_after: tuple[OrderEdge, ...] = ()
    safety: tuple[Slug, ...] = ()


class ExpertPerformance(Record):
    """One performance of the dish by somebody who can cook it."""

    performance_id: Slug
    actions: tuple[ActionSegment, ...]
    video_s3_key: str | None = None


class Dish(Record):
    """Table Dishes: a dish as an instructor wrote it. ``version`` changes with every edit."""

    dish_id: Slug
    name: str
    expected_duration_s: Seconds = Field(alias="expectedDuration")
    ingredients: tuple[Ingredient, ...]
    expected_steps: tuple[ExpectedStep, ...]
    expert_video_s3_key: str | None = Field(default=None, alias="expertVideoS3Key")
    expert_action_sequence: tuple[ActionSegment, ...] = ()
    created_at: AwareDatetime

    version: str
    sha256: Sha256
    aliases: dict[Literal["hi", "ta", "en"], tuple[str, ...]] = Field(default_factory=dict)
    source: str = ""
    plating: str = ""
    safety: tuple[SafetyPoint, ...] = ()
    expert_performances: tuple[ExpertPerformance, ...] = ()

    def step(self, step_id: str) -> ExpectedStep:
        """The step of that name; ``KeyError`` where the dish has none."""
        for step in self.expected_steps:
            if step.step_id == step_id:
                return step
        raise KeyError(step_id)


# --- judging -------------------------------------------------------------------------------------


class Deviation(Record):
    """One difference between what was done and what the dish asks for, with its evidence.

    ``cause_id`` names the deviation this one follows from (the trainee hears of the cause alone);
    ``confidence`` is the probability that the deviation is real, not that it matters.
    """

    deviation_id: Slug
    kind: DeviationKind
    category: Category
    step_id: Slug | None = None
    related_step_id: Slug | None = None
    span: Span | None = None
    segments: tuple[Annotated[int, Field(ge=0)], ...] = ()
    expected: str
    expected_source: str
    seen: str
    confidence: Confidence
    cause_id: Slug | None = None
    safety_id: Slug | None = None
    subject: str = ""


class Judgement(Record):
    """What judging one performance gave.

    ``matches`` holds (step id, index of the segment that did it), one entry a required count met.
    ``sequence_accuracy`` is the share of required steps that were done with nothing wrong in their
    order, or ``None`` where no step could be judged. ``assessable`` says of each category whether it
    could be judged, with the reason where it could not (empty string: it could). ``inferred`` holds the
    steps, one entry a required count, that nothing reported but that left a gap in which they were most
    probably done, with the probability that they were: they are judged neither for nor against.
    ``heat_unsettled`` holds the steps, one entry a required count, whose heat a model saw too unsurely to
    judge it. Of deviations less sure than ``told_from`` nobody is told: their source is wrong too often.
    """

    deviations: tuple[Deviation, ...]
    matches: tuple[tuple[Slug, int], ...]
    sequence_accuracy: Confidence | None
    assessable: dict[Category, str]
    thresholds_version: str
    thresholds_sha256: Sha256
    inferred: tuple[tuple[Slug, Confidence], ...] = ()
    heat_unsettled: tuple[Slug, ...] = ()
    told_from: Confidence = 0.0


class PointLoss(Record):
    """Points lost to one deviation."""

    deviation_id: Slug
    points: Points
    reason: str


class CategoryScore(Record):
    """0 to 100, or ``None`` with the reason; the losses add up to 100 less the score."""

    category: Category
    score: Points | None
    weight: Confidence
    reason: str
    losses: tuple[PointLoss, ...] = ()


class Scorecard(Record):
    """Category scores and what follows; overall and level are ``None`` below the coverage asked."""

    rubric_id: Slug
    rubric_version: str
    rubric_sha256: Sha256
    categories: tuple[CategoryScore, ...]
    overall: Points | None
    overall_reason: str
    coverage: Confidence
    interval: tuple[Points, Points] | None
    level: Level | None
    provisional: bool = True

    def category(self, category: Category) -> CategoryScore:
        """The score of one category."""
        return next(c for c in self.categories if c.category == category)


# --- coaching ------------------------------------------------------------------------------------


class Mistake(Record):
    """One mistake that mattered: what happened, why, what to do next time; priority 1 is first."""

    description: str
    impact: str
    correction: str
    priority: Annotated[int, Field(ge=1, le=5)]
    deviation_id: Slug
    span: Span | None = None
    tip_ids: tuple[str, ...] = ()
    safety: str = ""


class FollowUp(Record):
    """What became of a mistake of the last attempt; 'fixed' only with evidence that it was done right."""

    description: str
    kind: DeviationKind
    step_id: Slug | None
    verdict: Literal["fixed", "repeated", "not_seen"]
    evidence: str


class WordingNote(Record):
    """How the coach's words came about, so that it can be shown and counted.

    ``outcome``: ``rules`` (no model was to be asked), ``model`` (all that was asked of it), ``part`` (some
    of its words were dropped, the rules' stand there), ``fallback`` (it was to be asked, and none of its
    words are used). ``reason`` says why it is not ``model``; ``faults`` counts by code what was wrong with
    its answers; ``failures`` how calls failed.
    """

    outcome: Literal["rules", "model", "part", "fallback"] = "rules"
    reason: str = ""
    calls: Annotated[int, Field(ge=0)] = 0
    worded: Annotated[int, Field(ge=0)] = 0
    stills: Annotated[int, Field(ge=0)] = 0
    faults: dict[str, int] = Field(default_factory=dict)
    failures: dict[str, int] = Field(default_factory=dict)


class Feedback(Record):
    """Table Feedback: the coach's words. ``worded_by`` is ``rules`` or the model's id.

    ``language_reviewed`` is whether a speaker of the language has read the fixed words it is made of, and
    the tips it cites; ``in_english`` names what stands in English because the language's words are lacking.
    """

    evaluation_id: str
    mistakes: Annotated[tuple[Mistake, ...], Field(max_length=5)]
    encouragement: str
    next_steps: tuple[str, ...]
    follow_ups: tuple[FollowUp, ...] = ()
    previous_evaluation_id: str | None = None
    worded_by: str = "rules"
    prompt_version: str = ""
    prompt_sha256: Sha256 | None = None
    wording: WordingNote = Field(default_factory=WordingNote)
    language: Language = Language.ENGLISH
    language_reviewed: bool = True
    in_english: tuple[str, ...] = ()
    words_version: str = ""
    words_sha256: Sha256 | None = None


# --- the other tables ----------------------------------------------------------------------------


class User(Record):
    """Table Users."""

    user_id: UserId
    email: str = ""
    name: str = ""
    created_at: AwareDatetime
    skill_level: Level | None = None
    language: Language | None = None


class Evaluation(Record):
    """Table Evaluations: one film judged once; FAILED carries a ``failure_reason`` in plain words.

    ``rescore_of`` is the evaluation that this one scores again, the first one where that was done before.
    """

    evaluation_id: str
    user_id: UserId
    dish_id: Slug
    trainee_video_s3_key: str | None = Field(default=None, alias="traineeVideoS3Key")
    side_video_s3_key: str | None = Field(default=None, alias="sideVideoS3Key")
    overall_score: Points | None = None
    category_scores: dict[Category, Points | None] = Field(default_factory=dict)
    skill_level: Level | None = None
    status: Status
    created_at: AwareDatetime
    completed_at: AwareDatetime | None = None

    work_key: Sha256
    coverage: Confidence | None = None
    rubric_version: str = ""
    failure_reason: str = ""
    language: Language = Language.ENGLISH
    result_s3_key: str | None = Field(default=None, alias="resultS3Key")
    segments_s3_key: str | None = Field(default=None, alias="segmentsS3Key")
    rescore_of: str | None = None

    @property
    def attempt(self) -> str:
        """What names the attempt that was judged: one for all evaluations of a person's film of a dish."""
        return self.trainee_video_s3_key or self.rescore_of or self.evaluation_id


class ActionSequence(Record):
    """Table ActionSequences: what was done, and how it differs from what the dish asks for."""

    evaluation_id: str
    actions: tuple[ActionSegment, ...]
    step_deviations: tuple[Deviation, ...]
    sequence_accuracy: Confidence | None
