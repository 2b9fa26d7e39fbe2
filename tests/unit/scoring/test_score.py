"""How points are lost and what follows, on performances whose truth is plain."""

from __future__ import annotations

from importlib import resources

import pytest
import yaml
from judging_dishes import TEA_DONE, performance, tea, unavailable

from bharatchef.errors import KnowledgeError
from bharatchef.judgement import judge, load_thresholds
from bharatchef.observed import Analyser, HeatMark, IngredientSeen, PlatedDish, TechniqueMark
from bharatchef.scoring import load_rubric, score
from bharatchef.scoring.rubric import parse_rubric
from bharatchef.vocabulary import Category, HeatLevel, Level

THRESHOLDS, RUBRIC = load_thresholds(), load_rubric("default")
DEFAULT = resources.files("bharatchef.scoring").joinpath("rubrics/default.yaml").read_bytes()


def card(rows=TEA_DONE, rubric=RUBRIC, **fields):
    given = performance(rows, **fields)
    return score(tea(), given, judge(tea(), given, THRESHOLDS), rubric)


def everything_marked():
    return {
        "heat": (
            HeatMark(start_s=0, end_s=18, level=HeatLevel.HIGH),
            HeatMark(start_s=18, end_s=90, level=HeatLevel.LOW),
        ),
        "ingredients": tuple(IngredientSeen(ingredient=i, time_s=5) for i in ("water", "tea", "milk")),
        "technique": (TechniqueMark(step_id="leaves", point_id="measured", met=True),),
        "plate": PlatedDish(model=None, time_s=80, likeness=50, looks_like=None, confidence=1.0),
    }


def test_all_six_categories_are_scored_where_all_were_seen():
    found = card(**everything_marked())
    scores = {c.category: c.score for c in found.categories}
    assert scores == {
        Category.STEP_SEQUENCE: 100.0,
        Category.TIMING: 100.0,
        Category.TECHNIQUE: 100.0,
        Category.HEAT: 80.0,
        Category.VISUAL: 100.0,
        Category.PLATING: 72.0,
    }
    assert found.coverage == 1.0
    assert found.overall == 95.2
    assert found.level is Level.CHEF
    assert found.provisional


def test_a_step_left_out_costs_in_every_category_that_asks_for_it():
    found = card([row for row in TEA_DONE if row[0] != "boil"], **everything_marked())
    lost = {c.category: [loss.points for loss in c.losses] for c in found.categories if c.losses}
    assert lost[Category.STEP_SEQUENCE] == [15.0]
    assert lost[Category.TIMING] == [8.0]
    assert lost[Category.HEAT] == [20.0]


def test_what_was_not_seen_costs_nothing_but_coverage_and_certainty():
    rows = [row for row in TEA_DONE if row[0] != "boil"]
    dark = card(rows, observed=[(0, 11), (41, 90)])
    light = card(TEA_DONE)
    assert dark.category(Category.STEP_SEQUENCE).score == 100.0
    assert dark.coverage < light.coverage
    assert dark.interval[1] - dark.interval[0] > light.interval[1] - light.interval[0]
    assert dark.interval[0] < light.interval[0]


def test_below_the_coverage_there_is_no_overall_score_and_no_level():
    found = card([], segments_unavailable=unavailable(Analyser.ACTIONS), duration_s=60, **{
        "technique": (TechniqueMark(step_id="leaves", point_id="measured", met=True),)
    })  # fmt: skip
    assert found.category(Category.TECHNIQUE).score == 100.0
    assert (found.overall, found.level, found.interval) == (None, None, None)
    assert "15%" in found.overall_reason
    assert "40%" in found.overall_reason


def test_a_category_that_was_not_judged_has_its_reason_and_no_score():
    heat = card().category(Category.HEAT)
    assert (heat.score, heat.reason, heat.losses) == (None, "nobody looked", ())


def test_one_late_step_costs_one_order_error_shared_by_both_ends():
    rows = [("serve", 0, 10), *((s, a + 12, b + 12) for s, a, b in TEA_DONE if s != "serve")]
    sequence = card(rows).category(Category.STEP_SEQUENCE)
    assert sequence.score == 88.0
    assert sequence.losses[0].points == 6.0
    assert [loss.points for loss in sequence.losses[1:]] == [6.0]


def test_the_other_ends_of_one_order_error_share_half_of_it():
    rows = [*((s, a, b) for s, a, b in TEA_DONE if s != "boil"), ("boil", 90, 110)]
    sequence = card(rows).category(Category.STEP_SEQUENCE)
    assert sequence.score == 88.0
    assert sorted(loss.points for loss in sequence.losses) == [2.0, 2.0, 2.0, 6.0]


def test_a_score_never_falls_below_nothing_and_says_so():
    rows = [*TEA_DONE, *((f"x{i}", 100 + 10 * i, 105 + 10 * i) for i in range(30))]
    sequence = card(rows).category(Category.STEP_SEQUENCE)
    assert sequence.score == 0.0
    assert len(sequence.losses) == 20
    assert sum(loss.points for loss in sequence.losses) == 100.0


def test_uncertain_deviations_cost_nothing_and_lower_the_interval():
    rows = [*TEA_DONE[:3], ("mix", 42, 50), ("leaves", 52, 62), TEA_DONE[5]]
    sure, unsure = card(rows, kind="example"), card(rows, kind="example", confidence=0.6)
    assert sure.category(Category.STEP_SEQUENCE).score == 88.0
    assert unsure.category(Category.STEP_SEQUENCE).score == 100.0
    assert "too uncertain" in unsure.category(Category.STEP_SEQUENCE).reason
    assert unsure.interval[0] < card(TEA_DONE, kind="example", confidence=0.6).interval[0]


def test_the_same_input_gives_the_same_card():
    assert card(**everything_marked()) == card(**everything_marked())


def altered(path, value):
    raw = yaml.safe_load(DEFAULT)
    *parents, last = path
    node = raw
    for key in parents:
        node = node[key]
    node[last] = value
    return yaml.safe_dump(raw).encode()


def test_another_rubric_scores_otherwise_and_is_named():
    lenient = parse_rubric(altered(["points", "missing"], 100), "strict")
    rows = [row for row in TEA_DONE if row[0] != "boil"]
    found = card(rows, rubric=lenient)
    assert found.category(Category.STEP_SEQUENCE).score == 0.0
    assert found.rubric_sha256 == lenient.sha256 != RUBRIC.sha256


@pytest.mark.parametrize(
    ("path", "value", "word"),
    [
        (["weights", "timing"], 0.9, "sum of 1"),
        (["weights", "taste"], 0.0, "weights"),
        (["points", "missing"], 1, "leaving a step out"),
        (["left_out", "timing"], 0, "leaving a step out"),
        (["levels", "chef"], 10, "levels"),
        (["points", "extra"], -1, "points.extra"),
    ],
)
def test_a_rubric_that_makes_no_sense_is_refused_by_name(path, value, word):
    with pytest.raises(KnowledgeError, match=word):
        parse_rubric(altered(path, value), "mine")


def test_an_unknown_rubric_is_an_error_that_names_those_there_are(tmp_path):
    with pytest.raises(KnowledgeError, match="default"):
        load_rubric("imaginary")
    with pytest.raises(KnowledgeError, match="cannot be read"):
        load_rubric(tmp_path / "none.yaml")
    (tmp_path / "mine.yaml").write_bytes(DEFAULT)
    assert load_rubric(tmp_path / "mine.yaml") == RUBRIC
