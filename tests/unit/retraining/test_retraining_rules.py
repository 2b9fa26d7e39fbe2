"""The rules of retraining: who is on which side, what is better, what is promoted, and how a share moves."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bharatchef.errors import ConfigurationError
from bharatchef.retraining.deciding import Data, decision_on, lacking
from bharatchef.retraining.drift import Seen, distance, drift_of
from bharatchef.retraining.figures import FilmCounts, Measured, difference, figures_of, mean_f1
from bharatchef.retraining.parting import Parting, names_of, on_side, parted
from bharatchef.retraining.policy import read_policy
from bharatchef.retraining.rolling import Health, begun, moved

POLICY = read_policy()
RULES = POLICY.of("slowfast").model_copy(update={"least_accuracy": 0.5, "class_seconds": 10})
NOW = datetime(2026, 11, 23, tzinfo=UTC)
SHA = "a" * 64


@dataclass(frozen=True)
class Film:
    person: str
    kitchen: str


films = st.lists(
    st.builds(Film, st.sampled_from("abcdefgh"), st.sampled_from(["", *"12345678"])), max_size=30
)


@given(films, films, st.floats(0.1, 0.6))
def test_nobody_ever_changes_sides_and_nobody_is_on_both(first, later, share):
    before = parted(first, Parting(), share)
    after = parted([*first, *later], before, share)
    assert before.parts.items() <= after.parts.items()
    sides = [
        {name for film in on_side([*first, *later], after, part) for name in names_of(film)}
        for part in ("training", "test")
    ]
    assert not sides[0] & sides[1]
    # Of one gathering nobody is lost; only who ties two old sides together is.
    assert all(before.part_of(film) is not None for film in first)


def test_about_the_asked_share_of_people_is_in_the_test():
    many = [Film(f"p{number}", f"k{number}") for number in range(40)]
    assert len(on_side(many, parted(many, Parting(), 0.25), "test")) == 10


def test_who_ties_both_sides_together_is_left_out():
    known = Parting(parts={"person:a": "training", "kitchen:1": "training", "person:b": "test"})
    assert parted([Film("b", "1")], known, 0.5).part_of(Film("b", "1")) is None
    assert parted([Film("c", "1")], known, 0.5).part_of(Film("c", "1")) == "training"


def counted(*rows: tuple[str, dict[str, dict[str, int]]]) -> Measured:
    return Measured(
        weights_sha256=SHA,
        films=tuple(
            FilmCounts(film=f"f{number}", group=group, counts=counts, confidence=0.8)
            for number, (group, counts) in enumerate(rows)
        ),
    )


def model(right: int, groups: int = 6, *, pour: int = 20) -> Measured:
    """Of 20 s chopping and 20 s pouring in each group, ``right`` and ``pour`` are right."""
    counts = {"chop": {"chop": right, "stir": 20 - right}, "pour": {"pour": pour, "chop": 20 - pour}}
    return counted(*((f"g{number}", counts) for number in range(groups)))


def test_figures_by_class_are_those_of_the_definition():
    told = figures_of(counted(("g", {"chop": {"chop": 3, "stir": 1}, "stir": {"chop": 1, "stir": 5}})))
    chop = told.classes["chop"]
    assert (chop.seconds, chop.recall, chop.precision, chop.f1) == (4, 0.75, 0.75, 0.75)
    assert told.accuracy == 0.8
    assert told.mean_f1 == pytest.approx((0.75 + 10 / 12) / 2, abs=1e-4)
    assert told.said == {"chop": 0.4, "stir": 0.6}


@given(st.lists(st.integers(0, 9), min_size=9, max_size=9))
def test_the_mean_f1_is_a_share(cells):
    assert 0 <= mean_f1(np.array(cells, float).reshape(1, 3, 3))[0] <= 1


def test_the_interval_holds_the_gain_and_is_the_same_each_time():
    apart = difference(model(5), model(15), POLICY.interval)
    assert apart.low <= apart.gain <= apart.high
    assert apart == difference(model(5), model(15), POLICY.interval)
    same = difference(model(9), model(9), POLICY.interval)
    assert (same.gain, same.low, same.high) == (0, 0, 0)


def test_models_of_different_tests_are_not_compared():
    with pytest.raises(ValueError, match="same films"):
        difference(model(5), model(5, groups=5), POLICY.interval)


def decided(champion: Measured, challenger: Measured):
    apart = difference(champion, challenger, POLICY.interval)
    return decision_on(RULES, figures_of(champion), figures_of(challenger), apart)


def test_a_sure_gain_is_promoted_and_a_small_one_refused():
    assert decided(model(5), model(15)).outcome == "promoted"
    small = decided(model(15), model(15))
    assert small.outcome == "refused"
    assert "+0.000" in small.reasons[0]


def test_a_gain_that_one_kitchen_makes_is_not_sure():
    poor = {"chop": {"chop": 10, "stir": 10}}
    before = counted(*((f"g{number}", poor) for number in range(6)))
    after = counted(("g0", {"chop": {"chop": 20}}), *((f"g{number}", poor) for number in range(1, 6)))
    assert decided(before, after).reasons[0].startswith("The gain is not sure")


def test_no_class_may_fall_however_large_the_gain():
    refused = decided(model(2), model(20, pour=14))
    assert refused.outcome == "refused"
    assert len(refused.reasons) == 1
    assert "'pour' falls from F1" in refused.reasons[0]


def test_it_says_how_many_labels_are_missing():
    told = lacking(RULES, had(187, 9, 2, not_agreed=40))
    assert told is not None
    assert told.missing_labels == 13
    assert told.reasons[0].startswith("13 labels are missing: 187 were corrected")
    assert told.reasons[1].startswith("40 more are of people who have not agreed")
    assert told.reasons[2].startswith("3 groups of people and kitchens to measure on are missing")
    assert lacking(RULES, had(200, 5, 5, not_agreed=40)) is None


def had(new: int, training_groups: int, test_groups: int, not_agreed: int = 0) -> Data:
    return Data(
        sha256=SHA,
        new_labels=new,
        labels=new,
        training_films=training_groups,
        training_groups=training_groups,
        test_films=test_groups,
        test_groups=test_groups,
        left_out=0,
        not_agreed=not_agreed,
        labels_until=None,
    )


def test_a_share_goes_up_by_the_steps_of_the_policy():
    rollout = begun(POLICY.rollout, "slowfast", "actions", (1, 2), SHA, NOW)
    well = Health(calls=60, errors=0, confidence=0.8)
    seen = [rollout.percent]
    for hour in range(1, 200):
        rollout, _ = moved(POLICY.rollout, rollout, well, well, NOW + timedelta(hours=hour))
        if rollout.percent != seen[-1]:
            seen.append(rollout.percent)
    assert (seen, rollout.status) == ([10, 50, 100], "complete")
    times = [step.at for step in rollout.steps]
    assert [b - a for a, b in itertools.pairwise(times)] == [timedelta(hours=24)] * 3


def test_a_share_waits_for_calls_and_for_its_time():
    rollout = begun(POLICY.rollout, "slowfast", "actions", (1, 2), SHA, NOW)
    few = Health(calls=12, errors=0, confidence=0.8)
    same, why = moved(POLICY.rollout, rollout, few, few, NOW + timedelta(days=9))
    assert (same, "38 more answers" in why) == (rollout, True)


@pytest.mark.parametrize(
    ("challenger", "word"),
    [
        (Health(calls=10, errors=1, confidence=0.9), "failed"),
        (Health(calls=10, confidence=0.6), "confidence"),
    ],
)
def test_errors_and_a_fall_of_confidence_send_a_challenger_back(challenger, word):
    rollout = begun(POLICY.rollout, "slowfast", "actions", (1, 2), SHA, NOW)
    champion = Health(calls=90, errors=0, confidence=0.8)
    back, why = moved(POLICY.rollout, rollout, champion, challenger, NOW)
    assert (back.status, back.percent) == ("rolled_back", 0)
    assert word in why
    assert moved(POLICY.rollout, back, champion, champion, NOW)[0] == back


mixes = st.dictionaries(st.sampled_from("abcde"), st.floats(0.01, 100), min_size=1)


@given(mixes, mixes)
def test_the_distance_of_mixes_is_one(one, other):
    assert 0 <= distance(one, other) <= 1
    assert distance(one, other) == pytest.approx(distance(other, one), abs=1e-6)
    assert distance(one, one) == pytest.approx(0, abs=1e-6)


def test_mixes_without_anything_in_common_are_as_far_apart_as_can_be():
    assert distance({"a": 3}, {"b": 5}) == pytest.approx(1)


def test_drift_is_said_of_enough_films_alone():
    def told(count: int, confidence: float, **seconds: float):
        seen = [Seen(evaluation_id=str(n), confidence=confidence, seconds=seconds) for n in range(count)]
        return drift_of(
            POLICY.drift, "slowfast", seen, weights_sha256=SHA, reference_confidence=0.8,
            reference_mix={"chop": 0.5, "stir": 0.5}, now=NOW,
        )  # fmt: skip

    few = told(19, 0.1, chop=1)
    assert (few.retrain, few.confidence) == (False, None)
    assert few.note.startswith("1 more")
    assert told(20, 0.6, chop=1, stir=1).alerts == ()
    assert "below 60%" in told(20, 0.59, chop=1, stir=1).alerts[0]
    assert "Jensen-Shannon" in told(20, 0.9, chop=1).alerts[0]


def test_a_policy_that_does_not_rise_to_all_is_refused(tmp_path):
    text = (read_policy.__globals__["resources"].files("bharatchef.retraining") / "policy.yaml").read_text()
    own = tmp_path / "policy.yaml"
    own.write_text(text.replace("percent: 100", "percent: 90"))
    with pytest.raises(ConfigurationError, match="rise to 100 percent"):
        read_policy(own)
    own.write_text(text)
    assert read_policy(own) == POLICY
    with pytest.raises(ConfigurationError, match="got 'tasting'"):
        POLICY.of("tasting")
