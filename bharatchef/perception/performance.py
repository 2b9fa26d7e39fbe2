"""Joins what was given or recognised into one performance, the thing that is judged; judges nothing.

A person's word goes before a model's. What nobody looked at is named as ``Unavailable`` with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bharatchef.errors import InputError
from bharatchef.observed import (
    ActionProbabilities,
    Analyser,
    Detections,
    Glimpses,
    HeatErrors,
    HeatMark,
    HeatTrace,
    IngredientSeen,
    MediaInfo,
    Performance,
    PlatedDish,
    SegmentSource,
    SourceErrors,
    Unavailable,
)
from bharatchef.perception.examples import SeenByExample
from bharatchef.perception.given import SegmentsGiven
from bharatchef.perception.heat import heat_marks, heat_read
from bharatchef.perception.ingredients import ingredients_seen
from bharatchef.perception.parameters import foreign_true, heat_errors, parameters, source_errors
from bharatchef.perception.steps import recognise_steps
from bharatchef.records import ActionSegment, Dish
from bharatchef.vocabulary import Span

# A film's stated length and a label's last frame may differ by the rounding of both.
_BEYOND_FILM_S = 2.0


def performance_from(
    dish: Dish,
    *,
    given: SegmentsGiven | None = None,
    film: MediaInfo | None = None,
    actions: ActionProbabilities | Unavailable | None = None,
    detections: Detections | Unavailable | None = None,
    heat: HeatTrace | Unavailable | None = None,
    plate: PlatedDish | Unavailable | None = None,
    example: SeenByExample | Unavailable | None = None,
    counted: Callable[[str], SourceErrors | None] = source_errors,
) -> Performance:
    """The performance to be judged.

    Args:
        given: what a segments file says; steps are then taken from it, and not recognised.
        film: facts of the film, where there is one.
        actions, detections, heat, plate: the analysers' results; ``None`` where one was not asked.
        example: the steps by likeness to an expert's film; they count where ``actions`` says nothing.
        counted: how the action model of some weights errs.

    Raises:
        InputError: the segments reach beyond the film's end, so they are of another film.
    """
    steps = (
        _from_given(given, film)
        if given is not None
        else _from_models(dish, film, actions, detections, example, counted)
    )
    heat_said, heat_notes = _heat(given, heat, steps.duration_s)
    ingredients, lost = _ingredients(given, detections, dish)
    how = _how_heat_errs(given, heat)
    return steps.model_copy(
        update={
            "heat": heat_said,
            "ingredients": ingredients,
            "unrecognisable_ingredients": lost,
            "foreign_true": None
            if _marked(given) or not isinstance(detections, Detections)
            else foreign_true(detections.model.weights_sha256),
            "heat_errors": how,
            "heat_read": ()
            if how is None or not isinstance(heat, HeatTrace)
            else tuple(heat_read(heat, [(s.start_s, s.end_s) for s in steps.segments], how)),
            "technique": given.technique if given is not None else _no_technique(),
            "plate": _plate(given, plate),
            "notes": steps.notes + heat_notes,
        }
    )


def within(spans: Sequence[Span], duration_s: float) -> tuple[Span, ...]:
    """``spans`` in order, joined where they touch, and cut at ``duration_s``; empty ones are left out."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start_s, s.end_s)):
        end = min(span.end_s, duration_s)
        if end <= span.start_s:
            continue
        if joined and span.start_s <= joined[-1].end_s:
            joined[-1] = Span(start_s=joined[-1].start_s, end_s=max(end, joined[-1].end_s))
        else:
            joined.append(Span(start_s=span.start_s, end_s=end))
    return tuple(joined)


def _performance(
    source: SegmentSource,
    segments: tuple[ActionSegment, ...],
    observed: tuple[Span, ...],
    duration_s: float,
    notes: tuple[str, ...] = (),
    segments_unavailable: Unavailable | None = None,
    unrecognisable_steps: tuple[str, ...] = (),
    errors: SourceErrors | None = None,
    glimpses: tuple[Glimpses, ...] = (),
) -> Performance:
    return Performance(
        source=source,
        segments=segments,
        observed=observed,
        duration_s=duration_s,
        heat=_not_asked(Analyser.HEAT),
        ingredients=_not_asked(Analyser.OBJECTS),
        technique=_no_technique(),
        plate=_not_asked(Analyser.PLATE),
        segments_unavailable=segments_unavailable,
        notes=notes,
        unrecognisable_steps=unrecognisable_steps,
        source_errors=errors,
        glimpses=glimpses,
    )


def _from_given(given: SegmentsGiven, film: MediaInfo | None) -> Performance:
    duration_s, notes, segments = given.duration_s, given.notes, given.segments
    observed = given.observed
    if film is not None:
        beyond = given.duration_s - film.duration_s
        if beyond > _BEYOND_FILM_S:
            raise InputError(
                f"The segments reach {given.duration_s:.1f} s, and the film {film.file_name} ends at"
                f" {film.duration_s:.1f} s: they are not of this film.",
                "Give the segments of this film, or leave the film out.",
            )
        if given.duration_stated and beyond < -_BEYOND_FILM_S:
            notes = (
                *notes,
                f"The segments file speaks of {given.duration_s:.1f} s of a film of {film.duration_s:.1f} s.",
            )
        duration_s = film.duration_s
        segments = tuple(_cut(segment, duration_s) for segment in segments)
        if not given.observed_stated and not given.duration_stated:
            # Labels without a word on how far their writer looked stand for the whole film.
            observed = (Span(start_s=0.0, end_s=duration_s),)
        notes += _undecoded(film)
    return _performance(given.source, segments, within(observed, duration_s), duration_s, notes)


def _cut(segment: ActionSegment, duration_s: float) -> ActionSegment:
    if segment.end_s <= duration_s:
        return segment
    start_s = min(segment.start_s, duration_s)
    return segment.model_copy(update={"start_s": start_s, "end_s": duration_s})


def _from_models(
    dish: Dish,
    film: MediaInfo | None,
    actions: ActionProbabilities | Unavailable | None,
    detections: Detections | Unavailable | None,
    example: SeenByExample | Unavailable | None,
    counted: Callable[[str], SourceErrors | None],
) -> Performance:
    duration_s = film.duration_s if film is not None else 0.0
    if not isinstance(actions, ActionProbabilities):
        if isinstance(example, SeenByExample):
            return _from_example(film, example)
        why = actions or _not_asked(Analyser.ACTIONS)
        if example is not None:
            why = why.model_copy(
                update={"reason": f"{why.reason} Nor could it be compared with an expert's: {example.reason}"}
            )
        return _performance(
            SegmentSource(kind="none", name="nobody"), (), (), duration_s, segments_unavailable=why
        )
    errors = counted(actions.model.weights_sha256)
    found = recognise_steps(actions, detections, dish, errors)
    end = max((span.end_s for span in found.observed), default=0.0)
    duration_s = duration_s or end
    notes = found.notes + _undecoded(film)
    if not isinstance(detections, Detections):
        notes = (*notes, "No objects were seen, so steps of one action are told apart by nothing.")
    model = actions.model
    observed = within(found.observed, duration_s)
    if duration_s - sum(span.length_s for span in observed) > 1.0:
        looked = ", ".join(f"{s.start_s:.0f}-{s.end_s:.0f} s" for s in observed) or "nothing"
        notes = (*notes, f"The action model looked at {looked} of a film of {duration_s:.0f} s.")
    return _performance(
        SegmentSource(kind="action_model", name=f"{model.name} {model.version}", sha256=model.weights_sha256),
        tuple(_cut(segment, duration_s) for segment in found.segments),
        observed,
        duration_s,
        notes,
        unrecognisable_steps=found.unrecognisable_steps,
        errors=errors,
        glimpses=() if errors is None else found.glimpses,
    )


def _from_example(film: MediaInfo | None, example: SeenByExample) -> Performance:
    found = example.found
    end = max((span.end_s for span in found.observed), default=0.0)
    duration_s = film.duration_s if film is not None else end
    return _performance(
        example.source,
        tuple(_cut(segment, duration_s) for segment in found.segments),
        within(found.observed, duration_s),
        duration_s,
        found.notes + _undecoded(film),
        unrecognisable_steps=found.unrecognisable_steps,
    )


def _undecoded(film: MediaInfo | None) -> tuple[str, ...]:
    if film is None or not film.decode_errors:
        return ()
    return (f"{film.decode_errors} frames of the film could not be decoded.",)


def _heat(
    given: SegmentsGiven | None, heat: HeatTrace | Unavailable | None, duration_s: float
) -> tuple[tuple[HeatMark, ...] | Unavailable, tuple[str, ...]]:
    if given is not None and not isinstance(given.heat, Unavailable):
        return given.heat, ()
    if isinstance(heat, HeatTrace):
        risk = max((sample.burning_risk or 0.0 for sample in heat.samples), default=0.0)
        note = (f"Smoke or burning was suspected (up to {risk:.0%}).",) if risk >= 0.5 else ()
        marks = heat_marks(heat)
        if isinstance(marks, Unavailable) or not duration_s:
            return marks, note
        # A mark lasts until half a look after its last one: that must not be past the film's end.
        ends = ((mark, min(mark.end_s, duration_s)) for mark in marks if mark.start_s < duration_s)
        return tuple(mark.model_copy(update={"end_s": end_s}) for mark, end_s in ends), note
    return _silence(given.heat if given is not None else None, heat, Analyser.HEAT), ()


def _how_heat_errs(given: SegmentsGiven | None, heat: HeatTrace | Unavailable | None) -> HeatErrors | None:
    """How whoever said the heat errs; ``None`` where it was no model."""
    by_hand = given is not None and not isinstance(given.heat, Unavailable)
    if by_hand or not isinstance(heat, HeatTrace) or heat.model is None:
        return None
    return heat_errors(heat.model.weights_sha256)


def _marked(given: SegmentsGiven | None) -> bool:
    """Whether whoever gave the segments marked the ingredients too."""
    return given is not None and not isinstance(given.ingredients, Unavailable)


def _ingredients(
    given: SegmentsGiven | None, detections: Detections | Unavailable | None, dish: Dish
) -> tuple[tuple[IngredientSeen, ...] | Unavailable, tuple[str, ...]]:
    if given is not None and _marked(given):
        return given.ingredients, ()
    if isinstance(detections, Detections):
        found = ingredients_seen(detections, dish)
        if dish.ingredients and len(found.unrecognisable) == len(dish.ingredients):
            return Unavailable(
                analyser=Analyser.OBJECTS,
                reason=f"{detections.model.name} cannot name any ingredient of this dish.",
                remedy="Use an object model that was trained on these ingredients.",
            ), found.unrecognisable
        return found.seen, found.unrecognisable
    return _silence(given.ingredients if given is not None else None, detections, Analyser.OBJECTS), ()


def _plate(given: SegmentsGiven | None, plate: PlatedDish | Unavailable | None) -> PlatedDish | Unavailable:
    if given is not None and isinstance(given.plate, PlatedDish):
        return given.plate
    if isinstance(plate, PlatedDish):
        return plate
    return _silence(given.plate if given is not None else None, plate, Analyser.PLATE)


def _silence(said: object, model: Unavailable | object | None, analyser: Analyser) -> Unavailable:
    """Why nothing is known: the model's reason where one was asked, else what the file left out."""
    for reason in (model, said):
        if isinstance(reason, Unavailable):
            return reason
    return _not_asked(analyser)


def _not_asked(analyser: Analyser) -> Unavailable:
    return Unavailable(
        analyser=analyser,
        reason=f"No model looked at the film for {analyser.value}.",
        remedy="Give a film, and a model that can see it.",
    )


def _no_technique() -> Unavailable:
    return Unavailable(
        analyser=Analyser.ACTIONS,
        reason="No model judges technique; only a person's marks do.",
        remedy="Add technique marks to a segments file.",
    )


def perception_version() -> tuple[str, str]:
    """Version and sha256 of the numbers that perception works with."""
    numbers = parameters()
    return numbers.version, numbers.sha256
