"""Scripts: laying out, reading and writing, planting mistakes."""

from pathlib import Path

import pytest
from drawn_samples import CHAI
from hypothesis import given, settings
from hypothesis import strategies as st

from kitchen_sim.errors import DrawingError
from kitchen_sim.laying_out import script_from_steps
from kitchen_sim.planting import MISTAKE_KINDS, plant
from kitchen_sim.script import Script, ScriptStep, read_script, script_text


@given(seed=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_a_laid_out_performance_keeps_order_and_times(seed: int) -> None:
    script = script_from_steps(CHAI, dish="tea", seed=seed, longest_step_s=8.0)
    place = {step.step_id: k for k, step in enumerate(script.steps)}
    assert sorted(place) == sorted(row["step_id"] for row in CHAI)
    for row in CHAI:
        step = script.steps[place[row["step_id"]]]
        assert row["min_s"] <= step.length_s + 0.006
        assert step.length_s <= row["max_s"]
        for earlier in row.get("must_come_after", ()):
            assert place[earlier] < place[row["step_id"]]


def test_different_seeds_give_different_orders() -> None:
    orders = {tuple(s.step_id for s in script_from_steps(CHAI, dish="tea", seed=k).steps) for k in range(30)}
    assert len(orders) > 5


def test_a_circle_of_steps_is_named() -> None:
    rows = [
        {"step_id": "a", "action": "stir", "must_come_after": ["b"]},
        {"step_id": "b", "action": "stir", "must_come_after": ["a"]},
    ]
    with pytest.raises(DrawingError, match=r"circle.*'a', 'b'"):
        script_from_steps(rows, dish="x")


def test_an_unknown_action_is_named_with_its_neighbours() -> None:
    with pytest.raises(DrawingError, match=r"'stirr'; perhaps stir"):
        script_from_steps([{"step_id": "a", "action": "stirr"}], dish="x")


def test_a_script_survives_its_file(tmp_path: Path, chai) -> None:
    script = plant(chai(seed=5, camera="side", rotation_degrees=90), "heat_too_high", "simmer")
    path = tmp_path / "script.yaml"
    path.write_text(script_text(script), encoding="utf-8")
    assert read_script(path) == script
    path.write_text(script.model_dump_json(), encoding="utf-8")
    assert read_script(path).sha256() == script.sha256()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{steps: [", "expected YAML or JSON"),
        ("{dish: x, duration_s: 5, steps: [], colour: red}", "colour"),
        ("{dish: x, duration_s: 5, steps: [], width_px: 641}", "even width"),
        (
            "{dish: x, duration_s: 5, steps: [{step_id: a, action: stir, start_s: 0, end_s: 9}]}",
            "last step's end",
        ),
    ],
)
def test_a_bad_script_is_refused_with_its_reason(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DrawingError, match=words):
        read_script(path)


def test_steps_of_one_pair_of_hands_do_not_overlap() -> None:
    steps = [
        ScriptStep(step_id="a", action="stir", start_s=0, end_s=3),
        ScriptStep(step_id="b", action="stir", start_s=2, end_s=4),
    ]
    with pytest.raises(ValueError, match="one pair of hands"):
        Script(dish="x", duration_s=5, steps=tuple(steps))


def _ids(script: Script) -> list[str]:
    return [step.step_id for step in script.steps]


def test_skipping_leaves_the_step_and_its_ingredient_out(chai) -> None:
    script = plant(chai(), "skipped", "tea")
    assert "tea" not in _ids(script)
    assert all("tea-leaves" not in step.ingredients for step in script.steps)
    assert script.duration_s < chai().duration_s


def test_swapping_breaks_an_order_that_was_kept(chai) -> None:
    script = plant(chai(), "swapped", "milk", related_step_id="tea")
    ids = _ids(script)
    assert ids.index("milk") + 1 == ids.index("tea")
    assert sorted(ids) == sorted(_ids(chai()))
    with pytest.raises(DrawingError, match="need not come after 'crush'"):
        plant(chai(), "swapped", "boil", related_step_id="crush")


def test_repeating_does_a_step_twice(chai) -> None:
    script = plant(chai(), "repeated", "simmer")
    assert _ids(script).count("simmer") == 2
    assert (
        script.steps[script.mistakes[0].step_index].start_s > script.steps[_ids(script).index("simmer")].end_s
    )


def test_times_planted_are_outside_the_range(chai) -> None:
    longer = plant(chai(), "too_long", "strain")
    assert longer.steps[longer.mistakes[0].step_index].length_s > 12
    shorter = plant(chai(), "too_short", "simmer")
    assert shorter.steps[shorter.mistakes[0].step_index].length_s < 6


def test_heat_planted_is_another_heat(chai) -> None:
    assert (
        next(s for s in plant(chai(), "heat_too_high", "simmer").steps if s.step_id == "simmer").heat
        == "high"
    )
    assert next(s for s in plant(chai(), "heat_too_low", "boil").steps if s.step_id == "boil").heat == "low"
    with pytest.raises(DrawingError, match="no higher flame"):
        plant(chai(), "heat_too_high", "boil")


def test_ingredients_planted_are_wrong_or_gone(chai) -> None:
    wrong = plant(chai(), "wrong_ingredient", "milk")
    assert next(s for s in wrong.steps if s.step_id == "milk").ingredients == ("buttermilk",)
    gone = plant(chai(), "missing_ingredient", "spice", ingredient="cardamom")
    assert next(s for s in gone.steps if s.step_id == "spice").ingredients == ("ginger",)


@given(
    seed=st.integers(0, 500),
    kinds=st.lists(st.sampled_from(MISTAKE_KINDS), min_size=1, max_size=4, unique=True),
)
@settings(max_examples=60, deadline=None)
def test_any_mix_of_mistakes_gives_a_sound_script(seed: int, kinds: set[str]) -> None:
    script = script_from_steps(CHAI, dish="tea", seed=seed, longest_step_s=8.0)
    for kind in sorted(kinds):
        try:
            planted = plant(script, kind, seed=seed)  # type: ignore[arg-type]
        except DrawingError:
            continue
        assert len(planted.mistakes) == len(script.mistakes) + 1
        script = planted
    assert Script.model_validate(script.model_dump()) == script
    for mistake in script.mistakes:
        if mistake.step_index is not None:
            assert script.steps[mistake.step_index].step_id == mistake.step_id
