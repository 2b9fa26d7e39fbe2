"""What the camera and the models saw: media facts, proxies, detector outputs, a performance.

An analyser ends as its result or as ``Unavailable``; nothing stands in for what was not seen.
All times are seconds from the first shown frame of the front film. Boxes are (x0, y0, x1, y1) as
shares of the picture's width and height, 0 at the left and the top.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from bharatchef.records import ActionSegment
from bharatchef.vocabulary import Confidence, HeatLevel, Record, Seconds, Sha256, Slug, Span


class Analyser(StrEnum):
    """The four things that look at a film."""

    ACTIONS = "actions"
    OBJECTS = "objects"
    HEAT = "heat"
    PLATE = "plate"


class Unavailable(Record):
    """An analyser that gave no result, why, and what would change that."""

    kind: Literal["unavailable"] = "unavailable"
    analyser: Analyser
    reason: str
    remedy: str = ""


class ModelIdentity(Record):
    """Which model spoke: named in every result. ``trained_on`` says it in plain words."""

    analyser: Analyser
    name: str
    version: str
    weights_sha256: Sha256
    engine: str
    trained_on: str


# --- the film ------------------------------------------------------------------------------------


class MediaInfo(Record):
    """Facts of a film, measured on the frames that are shown, not on what the header claims.

    ``width_px`` and ``height_px`` are as shown, after rotation; ``fps`` is frames shown over the time
    they span; ``variable_frame_rate`` is true where frame intervals differ by more than a tick.
    """

    sha256: Sha256
    file_name: str
    size_bytes: int
    container: str
    codec: str
    width_px: int
    height_px: int
    rotation_degrees: Literal[0, 90, 180, 270]
    duration_s: Seconds
    fps: float
    frames: int
    variable_frame_rate: bool
    has_audio: bool
    decode_errors: int = 0
    notes: tuple[str, ...] = ()


class QualityIssue(Record):
    """One thing wrong with the filming, measured, with a word of advice."""

    kind: Literal["too_dark", "too_bright", "blurred", "shaking", "frozen", "too_short"]
    measured: float
    limit: float
    unit: str
    share: Confidence
    advice: str
    reject: bool = False


class QualityReport(Record):
    """The quality gate's findings; ``usable`` is false where nothing could be judged from this film."""

    usable: bool
    issues: tuple[QualityIssue, ...] = ()


class Chunk(Record):
    """A piece of a proxy that fits an endpoint body; from its first frame to past its last."""

    key: str
    start_s: Seconds
    end_s: Seconds
    frames: int
    size_bytes: int
    sha256: Sha256


class Still(Record):
    """A picture of the film at one moment, as JPEG in the object store."""

    key: str
    time_s: Seconds
    width_px: int
    height_px: int


class Prepared(Record):
    """What one decode of a film gave: two proxies in chunks, and stills."""

    media: MediaInfo
    quality: QualityReport
    action_chunks: tuple[Chunk, ...]
    object_chunks: tuple[Chunk, ...]
    stills: tuple[Still, ...]


# --- detector outputs ----------------------------------------------------------------------------


class ActionProbabilities(Record):
    """P(action) at each of T moments over A labels; rows sum to 1; one label is ``background``."""

    kind: Literal["actions"] = "actions"
    model: ModelIdentity
    labels: tuple[str, ...]
    times_s: tuple[Seconds, ...]
    probabilities: tuple[tuple[float, ...], ...]

    @model_validator(mode="after")
    def _shape(self) -> ActionProbabilities:
        if len(self.probabilities) != len(self.times_s):
            raise ValueError(f"expected {len(self.times_s)} rows, one a time, got {len(self.probabilities)}")
        for row in self.probabilities:
            if len(row) != len(self.labels):
                raise ValueError(f"expected {len(self.labels)} probabilities a row, got {len(row)}")
            if min(row, default=0.0) < 0 or abs(sum(row) - 1) > 1e-2:
                raise ValueError("expected each row of probabilities to be >= 0 and to sum to 1")
        return self


class Detection(Record):
    """One object seen at one moment."""

    time_s: Seconds
    label: str
    confidence: Confidence
    box: tuple[Confidence, Confidence, Confidence, Confidence]


class Detections(Record):
    """All objects seen, and every moment that was looked at (also where nothing was seen).

    ``labels`` are all that the model can name: what is not among them was not looked for. Empty where
    the model does not say; then only the labels of ``items`` are known to be looked for.
    """

    kind: Literal["objects"] = "objects"
    model: ModelIdentity
    times_s: tuple[Seconds, ...]
    items: tuple[Detection, ...]
    labels: tuple[str, ...] = ()


class HeatSample(Record):
    """The flame at one moment; ``level`` 0 (off) to 1 (full).

    ``burning_risk`` is ``None`` where nothing looked for smoke and burning.
    """

    time_s: Seconds
    flame: Literal["off", "blue", "yellow", "hidden"]
    level: Confidence
    confidence: Confidence
    burning_risk: Confidence | None = None


class HeatTrace(Record):
    """Heat over time, from a model or from a person's marks (``model`` is then ``None``)."""

    kind: Literal["heat"] = "heat"
    model: ModelIdentity | None
    samples: tuple[HeatSample, ...]


class PlatedDish(Record):
    """The finished plate: how like the expert's it looks, 0 to 100, and which dish it looks like."""

    kind: Literal["plate"] = "plate"
    model: ModelIdentity | None
    time_s: Seconds | None
    likeness: Annotated[float, Field(ge=0, le=100)] | None
    looks_like: Slug | None
    confidence: Confidence
    remarks: tuple[str, ...] = ()


# --- a performance -------------------------------------------------------------------------------


class HeatMark(Record):
    """A person's word for the heat over a stretch of the film."""

    start_s: Seconds = Field(alias="startTime")
    end_s: Seconds = Field(alias="endTime")
    level: HeatLevel


class TechniqueMark(Record):
    """A person's word on one technique point of one step."""

    step_id: Slug
    point_id: Slug
    met: bool
    time_s: Seconds | None = None
    remark: str = ""


class IngredientSeen(Record):
    """An ingredient seen in use: the dish's id, or any name where the dish has none such."""

    ingredient: str
    time_s: Seconds
    confidence: Confidence = 1.0


class SegmentSource(Record):
    """Who says what was done: a person, a model, likeness to an expert, or a drawn film's truth."""

    kind: Literal["person", "action_model", "example", "drawn_truth", "none"]
    name: str
    sha256: Sha256 | None = None


class TakenFor(Record):
    """How often (``rate``, 0 to 1) a source takes one action for another; ``seen`` ``None``: overlooks it."""

    action: str
    seen: str | None
    rate: Confidence


class Glimpses(Record):
    """When an action looked at all likely, and how likely then; at all other times it looked unlikely."""

    action: str
    times_s: tuple[Seconds, ...]
    probabilities: tuple[Confidence, ...]


class LeftOutOdds(Record):
    """What a glimpse of probability p says of a step that was not found: nats for its having been left out.

    ``height + slope * log10(p)``, p being the most that its action looked like in the time it belongs to.
    """

    height: float
    slope: Annotated[float, Field(le=0)]


class PauseOdds(Record):
    """Log-odds that hands rested between two steps of one action: ``slope`` times what is above ``at``.

    What is weighed is how much likelier a pause than the action a moment looks, in nats.
    """

    at: float
    slope: Annotated[float, Field(ge=0)]


class SourceErrors(Record):
    """How a source of segments errs, counted on films whose truth is known.

    A step that lasts less than ``short_s`` is overlooked at the rate ``short_overlooked``. What ``taken``
    does not list never happened there. ``background_odds`` are those of nothing being done where it says so,
    against what its probability says. Of its marks of beginnings and ends 19 in 20 are within ``boundary_s``
    of the truth. ``left_out`` and ``pause``: what glimpses and still moments tell. ``None``: not counted.
    """

    taken: tuple[TakenFor, ...]
    background_odds: Annotated[float, Field(gt=0)] = 1.0
    short_s: Seconds
    short_overlooked: Confidence
    boundary_s: Seconds | None = None
    left_out: LeftOutOdds | None = None
    pause: PauseOdds | None = None

    def rate(self, action: str, seen: str | None) -> float:
        """How often ``action`` is taken for ``seen`` (``None``: overlooked); 0 where that was not counted."""
        return next((t.rate for t in self.taken if t.action == action and t.seen == seen), 0.0)


class FilmKind(Record):
    """One way in which a model reads the flame for a whole film, and how many films are of this kind.

    ``share``: of all films, 0 to 1. ``read``: for each true level the share of each reading.
    """

    share: Confidence
    read: dict[HeatLevel, tuple[Confidence, ...]]


class HeatErrors(Record):
    """How a model of the flame errs, counted on films whose truth is known.

    Its errors are a whole film's: one in which medium looks high does so from beginning to end. A step's
    level, 0 to 1, is one of ``len(bounds) + 1`` readings, which ``bounds`` part. Looks count as near a level
    where they are at most ``within`` from it; the first ``lead_s`` of a step still show the heat before it.
    Without ``kinds`` nothing was counted, and no step's heat is settled.
    """

    bounds: tuple[Confidence, ...] = ()
    within: Confidence = 0.0
    lead_s: Seconds = 0.0
    kinds: tuple[FilmKind, ...] = ()

    @model_validator(mode="after")
    def _shape(self) -> HeatErrors:
        for kind in self.kinds:
            if kind.share <= 0:
                raise ValueError("expected a share above 0 of each kind of film")
            if set(kind.read) != set(HeatLevel):
                raise ValueError("expected the readings of each of the four levels")
            if any(len(row) != len(self.bounds) + 1 or min(row) <= 0 for row in kind.read.values()):
                raise ValueError(f"expected {len(self.bounds) + 1} shares above 0 for each level")
        return self


class HeatRead(Record):
    """What a model saw of the flame during one segment.

    ``level``: the middle one of its looks, 0 (off) to 1; ``None`` where the flame was hidden for most of it.
    ``steady``: the share of its looks that are near that.
    """

    level: Confidence | None
    steady: Confidence


class Performance(Record):
    """What was done, as it goes to be judged.

    ``observed`` are the stretches in which a step could have been seen: only inside them is a step
    'missing', elsewhere it is 'not seen'. Nor is a step or an ingredient ever missing that the source
    could not have named: these are listed in ``unrecognisable_steps`` and ``unrecognisable_ingredients``.
    ``source_errors`` is ``None`` where nobody counted how the source errs. ``foreign_true`` is ``None`` where
    a person, or a film's own truth, marked the ingredients; else how often something was there that a model
    saw and that the dish does not ask for. ``glimpses`` are of actions that a model can name.
    ``heat_errors`` is ``None`` where a person, or a film's own truth, marked the heat; else it is how the
    model that read the flame errs, and ``heat_read`` is what it saw during each segment.
    """

    source: SegmentSource
    segments: tuple[ActionSegment, ...]
    observed: tuple[Span, ...]
    duration_s: Seconds
    heat: tuple[HeatMark, ...] | Unavailable
    ingredients: tuple[IngredientSeen, ...] | Unavailable
    technique: tuple[TechniqueMark, ...] | Unavailable
    plate: PlatedDish | Unavailable
    segments_unavailable: Unavailable | None = None
    notes: tuple[str, ...] = ()
    unrecognisable_steps: tuple[Slug, ...] = ()
    unrecognisable_ingredients: tuple[Slug, ...] = ()
    source_errors: SourceErrors | None = None
    glimpses: tuple[Glimpses, ...] = ()
    foreign_true: Confidence | None = None
    heat_errors: HeatErrors | None = None
    heat_read: tuple[HeatRead, ...] = ()
