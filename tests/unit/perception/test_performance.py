"""What goes to be judged: given or recognised, a person before a model, reasons where nothing is known."""

import pytest
from samples import sample_dish
from simulated import model_identity, simulate, simulated_dish

from bharatchef.errors import InputError
from bharatchef.observed import (
    Analyser,
    HeatSample,
    HeatTrace,
    MediaInfo,
    PlatedDish,
    Unavailable,
)
from bharatchef.perception.performance import performance_from, within
from bharatchef.perception.segments_file import read_segments
from bharatchef.vocabulary import Span

DISH = sample_dish()
NO_MODEL = {a: Unavailable(analyser=a, reason=f"no {a.value} weights", remedy="add some") for a in Analyser}
HEAT = HeatTrace(
    model=model_identity(Analyser.HEAT),
    samples=tuple(
        HeatSample(time_s=i + 0.5, flame="blue", level=0.9, confidence=0.9, burning_risk=0.7 * (i == 9))
        for i in range(20)
    ),
)


def film(duration_s: float, decode_errors: int = 0) -> MediaInfo:
    return MediaInfo(
        sha256="a" * 64, file_name="try.mp4", size_bytes=10, container="mp4", codec="h264", width_px=64,
        height_px=64, rotation_degrees=0, duration_s=duration_s, fps=25, frames=9,
        variable_frame_rate=False, has_audio=False, decode_errors=decode_errors,
    )  # fmt: skip


def given(text: str = "step,start,end\nheat-oil,0,20\nfry-onion,20,50\n"):
    return read_segments(text.encode(), "labels.csv", DISH)


def test_given_segments_need_no_film_and_no_model() -> None:
    done = performance_from(DISH, given=given())
    assert [s.step_id for s in done.segments] == ["heat-oil", "fry-onion"]
    assert done.observed == (Span(start_s=0, end_s=50),)
    assert done.source.kind == "person"
    assert done.segments_unavailable is None
    for part in (done.heat, done.ingredients, done.technique, done.plate):
        assert isinstance(part, Unavailable)
        assert part.reason


def test_a_film_sets_the_length_and_labels_of_another_film_are_refused() -> None:
    done = performance_from(DISH, given=given(), film=film(120, decode_errors=3))
    assert done.duration_s == 120
    assert done.observed == (Span(start_s=0, end_s=120),)
    assert "3 frames of the film could not be decoded." in done.notes
    short = performance_from(DISH, given=given(), film=film(49.0))
    assert short.segments[-1].end_s == 49
    with pytest.raises(InputError, match=r"reach 50.0 s, and the film try.mp4 ends at 40.0 s"):
        performance_from(DISH, given=given(), film=film(40))


def test_a_persons_word_goes_before_a_models() -> None:
    said = given().model_copy(
        update={"plate": PlatedDish(model=None, time_s=None, likeness=60, looks_like=None, confidence=1)}
    )
    model_plate = PlatedDish(model=None, time_s=3, likeness=90, looks_like=None, confidence=1)
    done = performance_from(DISH, given=said, heat=HEAT, plate=model_plate, film=film(50))
    assert isinstance(done.plate, PlatedDish)
    assert done.plate.likeness == 60
    assert not isinstance(done.heat, Unavailable)
    assert [m.level.value for m in done.heat] == ["high"]
    assert "Smoke or burning was suspected (up to 70%)." in done.notes


def test_without_segments_and_without_weights_nothing_is_observed_and_every_reason_is_told() -> None:
    done = performance_from(
        DISH,
        film=film(300),
        actions=NO_MODEL[Analyser.ACTIONS],
        detections=NO_MODEL[Analyser.OBJECTS],
        heat=NO_MODEL[Analyser.HEAT],
        plate=NO_MODEL[Analyser.PLATE],
    )
    assert (done.segments, done.observed, done.source.kind, done.duration_s) == ((), (), "none", 300)
    assert done.segments_unavailable == NO_MODEL[Analyser.ACTIONS]
    assert done.heat == NO_MODEL[Analyser.HEAT]
    assert done.ingredients == NO_MODEL[Analyser.OBJECTS]
    assert done.plate == NO_MODEL[Analyser.PLATE]


def test_models_are_joined_into_one_performance_that_says_where_it_looked() -> None:
    dish = simulated_dish()
    drawn = simulate(dish, 4, margin=4.0)
    times = drawn.actions.times_s
    kept = [i for i, t in enumerate(times) if not 40 < t < 70]
    actions = drawn.actions.model_copy(
        update={
            "times_s": tuple(times[i] for i in kept),
            "probabilities": tuple(drawn.actions.probabilities[i] for i in kept),
        }
    )
    length = times[-1] + 0.5
    done = performance_from(dish, film=film(length), actions=actions, detections=drawn.detections)
    assert done.source.kind == "action_model"
    assert done.source.sha256 == drawn.actions.model.weights_sha256
    assert [(s.start_s, s.end_s) for s in done.observed] == [(0, 40), (70, length)]
    assert any("looked at 0-40 s, 70-" in note for note in done.notes)
    assert done.unrecognisable_steps == ()
    assert not isinstance(done.ingredients, Unavailable)
    assert {i.ingredient for i in done.ingredients} <= {i.ingredient_id for i in dish.ingredients}
    blind = performance_from(dish, film=film(length), actions=actions, detections=None)
    assert "steps of one action are told apart by nothing" in " ".join(blind.notes)


def test_a_detector_that_can_name_nothing_of_the_dish_sees_no_ingredients() -> None:
    dish = simulated_dish()
    drawn = simulate(dish, 4)
    blind = drawn.detections.model_copy(update={"labels": ("car", "dog"), "items": ()})
    done = performance_from(dish, actions=drawn.actions, detections=blind)
    assert isinstance(done.ingredients, Unavailable)
    assert "cannot name any ingredient of this dish" in done.ingredients.reason
    assert set(done.unrecognisable_ingredients) == {i.ingredient_id for i in dish.ingredients}


def test_spans_are_joined_and_cut_at_the_films_end() -> None:
    spans = (
        Span(start_s=8, end_s=20),
        Span(start_s=0, end_s=5),
        Span(start_s=4, end_s=6),
        Span(start_s=15, end_s=30),
    )
    assert within(spans, 12) == (Span(start_s=0, end_s=6), Span(start_s=8, end_s=12))
