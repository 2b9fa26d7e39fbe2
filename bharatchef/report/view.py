"""What a page of one evaluation says, in words and ready numbers; it knows nothing of HTML or of files."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bharatchef.observed import PlatedDish, Still, Unavailable
from bharatchef.records import Mistake
from bharatchef.report.stills import mistake_span, mistake_still, plate_still
from bharatchef.report.words import (
    CATEGORY_NAMES,
    KIND_WORDS,
    LEVEL_WORDS,
    clock,
    listed,
    percent,
    points,
    span_words,
)
from bharatchef.results import EvaluationResult
from bharatchef.vocabulary import Level

_VERDICTS = {"fixed": "Fixed", "repeated": "Repeated", "not_seen": "Not seen"}


@dataclass(frozen=True)
class Banner:
    """Something a reader must know before the score."""

    kind: str
    title: str
    text: str


@dataclass(frozen=True)
class Tile:
    """One category: a score with its reason, or why there is none (``score`` empty)."""

    category: str
    name: str
    score: str
    share: float
    reason: str
    weight: str


@dataclass(frozen=True)
class Rung:
    """One level of the ladder."""

    name: str
    here: bool
    passed: bool


@dataclass(frozen=True)
class Picture:
    """A still as a data URI, or (``source`` empty) why it is not shown."""

    source: str
    caption: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True)
class MistakeView:
    """A mistake with its moment, its kind and its picture."""

    mistake: Mistake
    anchor: str
    kind: str
    word: str
    when: str
    picture: Picture | None
    see_also: str


@dataclass(frozen=True)
class FollowUpView:
    """What became of a mistake of the last attempt."""

    description: str
    verdict: str
    kind: str
    evidence: str


@dataclass(frozen=True)
class Reason:
    """Something that was not assessed, why, and what would change that."""

    what: str
    why: str
    remedy: str = ""


def banners(result: EvaluationResult) -> list[Banner]:
    """What a reader must know first: a drawn film, no film, an unusable one, a partial result."""
    said = []
    if result.drawn_film:
        text = "It was drawn by a program, not filmed in a kitchen; it shows how a report reads."
        if result.performance.source.kind == "drawn_truth":
            text = "The steps were given by the program that drew it, not seen by a model."
        said.append(Banner("drawn", "This is a drawn film", text))
    elif result.performance.source.kind == "drawn_truth":
        said.append(
            Banner("drawn", "The steps come from a drawing's script", "They were not seen by a model.")
        )
    if result.film is None:
        said.append(
            Banner(
                "no-film",
                "No film was given",
                "The steps were given as a list. What only a film can show is left out: pictures, the "
                "quality of the filming, and whatever nobody wrote down.",
            )
        )
    if result.quality is not None and not result.quality.usable:
        said.append(
            Banner("unusable", "This film could not be judged", "See the advice under ‘The film’ below.")
        )
    missing = [c for c in result.scorecard.categories if c.score is None]
    total = len(result.scorecard.categories)
    if missing and len(missing) < total:
        names = listed([CATEGORY_NAMES[c.category].lower() for c in missing])
        said.append(
            Banner(
                "partial",
                "This is a partial result",
                f"{total - len(missing)} of {total} categories could be assessed, "
                f"{percent(result.scorecard.coverage)} of the marks. Not assessed: {names}.",
            )
        )
    elif missing:
        said.append(
            Banner("partial", "Nothing could be assessed", "Each category below says what stood in the way.")
        )
    return said


def source_sentence(result: EvaluationResult) -> str:
    """Who says what was done, in plain words."""
    source = result.performance.source
    by = {
        "person": f"The steps were marked by a person: {source.name}.",
        "action_model": f"The steps were recognised in the film by a model: {source.name}.",
        "example": f"The steps were recognised by their likeness to an expert's film: {source.name}.",
        "drawn_truth": "The steps come from the script that the film was drawn from; no model saw them.",
        "none": "Nobody, and no model, said what was done.",
    }[source.kind]
    unavailable = result.performance.segments_unavailable
    return f"{by} {sentence(unavailable.reason)}" if unavailable else by


def overall_reason(result: EvaluationResult) -> str:
    """Why the overall score is what it is, the categories under their spoken names."""
    text = result.scorecard.overall_reason
    for category, name in CATEGORY_NAMES.items():
        text = text.replace(category.value, name.lower())
    return sentence(text)


def tiles(result: EvaluationResult) -> list[Tile]:
    """The six categories."""
    return [
        Tile(
            category=c.category.value,
            name=CATEGORY_NAMES[c.category],
            score=points(c.score) if c.score is not None else "",
            share=c.score or 0.0,
            reason=sentence(c.reason),
            weight=percent(c.weight),
        )
        for c in result.scorecard.categories
    ]


def ladder(result: EvaluationResult) -> list[Rung]:
    """All levels, lowest first; empty where no level was given."""
    if result.scorecard.level is None:
        return []
    order = list(Level)
    at = order.index(result.scorecard.level)
    return [Rung(LEVEL_WORDS[level], i == at, i < at) for i, level in enumerate(order)]


def picture(still: Still, pictures: Mapping[str, bytes], caption: str, alt: str) -> Picture:
    """A still with its caption; without a source where its JPEG is not among ``pictures``."""
    data = pictures.get(still.key, b"")
    source = ""
    if data.startswith(b"\xff\xd8\xff"):
        source = "data:image/jpeg;base64," + base64.b64encode(data).decode("ascii")
    return Picture(source, caption, alt, still.width_px, still.height_px)


def mistake_views(result: EvaluationResult, pictures: Mapping[str, bytes]) -> list[MistakeView]:
    """The mistakes, first things first; a picture that two of them share is shown once."""
    kinds = {d.deviation_id: d.kind for d in result.judgement.deviations}
    shown: dict[str, str] = {}
    views = []
    for number, mistake in enumerate(sorted(result.feedback.mistakes, key=lambda m: m.priority), start=1):
        kind = kinds.get(mistake.deviation_id)
        still = mistake_still(result, mistake)
        frame = None
        see_also = ""
        if still is not None and still.key in shown:
            see_also = shown[still.key]
        elif still is not None:
            shown[still.key] = str(number)
            frame = picture(
                still,
                pictures,
                f"The film at {clock(still.time_s)}",
                f"Still of the film at mistake {number}",
            )
        views.append(
            MistakeView(
                mistake=mistake,
                anchor=f"mistake-{number}",
                kind=kind.value if kind else "",
                word=KIND_WORDS[kind] if kind else "",
                when=span_words(mistake_span(result, mistake), kind),
                picture=frame,
                see_also=see_also,
            )
        )
    return views


def follow_up_views(result: EvaluationResult) -> list[FollowUpView]:
    """The last attempt's mistakes, each with its verdict and the evidence for it."""
    return [
        FollowUpView(
            f.description,
            _VERDICTS[f.verdict],
            "again" if f.verdict == "repeated" else f.verdict,
            sentence(f.evidence),
        )
        for f in result.feedback.follow_ups
    ]


def plate_view(
    result: EvaluationResult, pictures: Mapping[str, bytes]
) -> tuple[Picture | None, str, tuple[str, ...]]:
    """The final plate: its picture, what was found in one sentence, and remarks."""
    still = plate_still(result)
    seen = result.plate if isinstance(result.plate, PlatedDish) else result.performance.plate
    frame = None
    if still is not None:
        what = (
            "The plate" if isinstance(seen, PlatedDish) and seen.time_s is not None else "The end of the film"
        )
        frame = picture(
            still, pictures, f"{what}, at {clock(still.time_s)}", f"Still of the film: {what.lower()}"
        )
    if isinstance(seen, Unavailable):
        return frame, f"Not assessed: {seen.reason.strip().rstrip('.')}. {seen.remedy}".strip(), ()
    if seen.likeness is None:
        return frame, "How like the expert's plate it looks was not assessed.", seen.remarks
    drawn = result.performance.source.kind == "drawn_truth"
    by = f"by {seen.model.name}" if seen.model else "by the drawing's script" if drawn else "by a person"
    likeness = f"Likeness to the expert's plate: {points(seen.likeness)} of 100, judged {by}."
    return frame, likeness, seen.remarks


def not_assessed(result: EvaluationResult) -> list[Reason]:
    """All that a reader may expect and this evaluation says nothing about, each thing once."""
    reasons = [
        Reason(CATEGORY_NAMES[c.category], sentence(c.reason))
        for c in result.scorecard.categories
        if c.score is None
    ]
    reasons += [
        Reason(item.what[:1].upper() + item.what[1:], sentence(item.why)) for item in result.not_assessed
    ]
    return list({reason.what: reason for reason in reasons}.values())


def heat_reason(result: EvaluationResult) -> str:
    """Why nothing is known of the heat; empty where something is."""
    for outcome in (result.heat, result.performance.heat):
        if isinstance(outcome, Unavailable):
            return f"{outcome.reason.strip().rstrip('.')}. {outcome.remedy}".strip()
    return "Nothing was measured."


def safety_links(result: EvaluationResult) -> Sequence[tuple[str, str, str, str]]:
    """The dish's safety rules: hazard, rule, source, and a link where it is a web address."""
    return [
        (s.hazard.rstrip("."), s.rule, s.source, s.source_url if s.source_url.startswith("https://") else "")
        for s in result.dish.safety
    ]


def sentence(text: str) -> str:
    """Text with a capital and a full stop, as it stands in a line of its own."""
    text = text.strip()
    if not text:
        return ""
    closed = text if text[-1] in ".!?…" else text + "."
    return closed[:1].upper() + closed[1:]
