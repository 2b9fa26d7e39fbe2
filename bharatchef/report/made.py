"""How an evaluation was made, in words: film, analysers, stages, cost, versions; no HTML, no files."""

from __future__ import annotations

from dataclasses import dataclass

from bharatchef.observed import Analyser, MediaInfo, Unavailable
from bharatchef.report.view import Reason, sentence
from bharatchef.report.words import clock, counted, duration, percent, rupees, size
from bharatchef.results import EvaluationResult

_ANALYSER_NAMES = {
    Analyser.ACTIONS: "Actions",
    Analyser.OBJECTS: "Objects and ingredients",
    Analyser.HEAT: "Heat and flame",
    Analyser.PLATE: "Plated dish",
}
_OUTCOMES = {
    "done": "Done",
    "cached": "Taken from an earlier run",
    "unavailable": "Not available",
    "skipped": "Left out",
}


@dataclass(frozen=True)
class Fact:
    """A named fact; ``code`` where it is a hash or a version."""

    name: str
    value: str
    code: bool = False


def analysers(result: EvaluationResult) -> list[Reason]:
    """The analysers that gave no result, with what would change that."""
    outcomes = (result.action_probabilities, result.detections, result.heat, result.plate)
    return [
        Reason(_ANALYSER_NAMES[o.analyser], sentence(o.reason), o.remedy)
        for o in outcomes
        if isinstance(o, Unavailable)
    ]


def film_facts(film: MediaInfo) -> list[Fact]:
    """A film's facts, as measured on the frames that are shown."""
    rate = f"{film.fps:.2f}".rstrip("0").rstrip(".")
    turned = f", turned by {film.rotation_degrees}°" if film.rotation_degrees else ""
    errors = "none"
    if film.decode_errors:
        errors = counted(film.decode_errors, "place", "places") + " in the film could not be decoded"
    return [
        Fact("File", film.file_name),
        Fact("Length", f"{clock(film.duration_s)} ({duration(film.duration_s)}), {film.frames} frames"),
        Fact("Picture", f"{film.width_px} × {film.height_px} pixels{turned}"),
        Fact("Frames a second", f"{rate}, {'variable' if film.variable_frame_rate else 'constant'}"),
        Fact("Format", f"{film.codec} in {film.container}, {size(film.size_bytes)}"),
        Fact("Sound", "present, not used" if film.has_audio else "none"),
        Fact("Decode errors", errors),
        *(Fact("Note", note) for note in film.notes),
    ]


def side_facts(result: EvaluationResult) -> list[Fact]:
    """The side film's facts, and how its clock goes with the front film's; empty without a side film."""
    if result.side_film is None:
        return []
    facts = film_facts(result.side_film)
    sync = result.side_sync
    if sync is None:
        return facts
    if sync.meaningless:
        return [*facts, Fact("Beside the front film", f"not set on one clock: {sync.meaningless}")]
    when = "after" if sync.side_begins_s > 0 else "before"
    begins = "together with it"
    if abs(sync.side_begins_s) >= 0.2:
        begins = f"{abs(sync.side_begins_s):.1f} s {when} it"
    likeness = f"both films move alike (correlation {sync.likeness:.2f})"
    return [*facts, Fact("Beside the front film", f"begins {begins}; {likeness}")]


def quality_lines(result: EvaluationResult) -> list[Reason]:
    """The quality gate's findings with their advice."""
    issues = result.quality.issues if result.quality else ()
    return [
        Reason(
            issue.kind.replace("_", " ").capitalize() + (": not usable" if issue.reject else ""),
            f"{percent(issue.share)} of the film; measured {issue.measured:g}, limit {issue.limit:g} "
            f"({issue.unit}).",
            issue.advice,
        )
        for issue in issues
    ]


def stage_rows(result: EvaluationResult) -> list[tuple[str, str, str, str]]:
    """How each stage went: name, outcome, wall time, reason."""
    return [
        (
            s.stage.replace("_", " ").capitalize(),
            _OUTCOMES[s.outcome],
            f"{s.wall_s:.1f} s",
            sentence(s.reason),
        )
        for s in result.stages
    ]


def cost_rows(result: EvaluationResult) -> list[tuple[str, str, str, str]]:
    """Measured usage and rupees: stage, price, quantity with unit, rupees."""
    return [
        (
            entry.stage.replace("_", " ").capitalize(),
            entry.price_id,
            f"{_quantity(entry.quantity)} {entry.unit}{'' if entry.quantity == 1 else 's'}",
            rupees(entry.inr) if entry.inr is not None else "no price known",
        )
        for entry in result.cost.entries
    ]


def version_facts(result: EvaluationResult) -> list[Fact]:
    """Everything that the numbers hang on, by version and hash."""
    made = result.provenance
    facts = [
        Fact("Evaluation", result.evaluation.evaluation_id, code=True),
        Fact("Program", made.code_version, code=True),
        Fact("Result schema", result.schema_version, code=True),
        Fact(
            "Dish",
            f"{result.dish.dish_id}, version {made.dish_version}, sha256 {made.dish_sha256}",
            code=True,
        ),
        Fact(
            "Rubric",
            f"{result.scorecard.rubric_id}, version {made.rubric_version}, sha256 {made.rubric_sha256}",
            code=True,
        ),
        Fact("Thresholds", f"version {made.thresholds_version}, sha256 {made.thresholds_sha256}", code=True),
        *(
            [
                Fact(
                    "Step recognition",
                    f"version {made.perception_version}, sha256 {made.perception_sha256}",
                    code=True,
                )
            ]
            if made.perception_sha256
            else []
        ),
        Fact(
            "Prices", f"version {result.cost.prices_version}, sha256 {result.cost.prices_sha256}", code=True
        ),
    ]
    facts += [
        Fact(f"{side.capitalize()} film", f"sha256 {sha256}", code=True)
        for side, sha256 in made.media_sha256.items()
    ]
    if made.segments_sha256:
        facts.append(Fact("Segments", f"sha256 {made.segments_sha256}", code=True))
    if made.prompt_version or made.prompt_sha256:
        prompt = f"version {made.prompt_version}, sha256 {made.prompt_sha256}"
        facts.append(Fact("Coach's prompt", prompt, code=True))
    return facts


def _quantity(quantity: float) -> str:
    if 0 < quantity < 0.01:
        return "under 0.01"
    return f"{quantity:,.2f}".removesuffix(".00")
