"""What the reports ask of the star, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from analytics_samples import KEY, OCTOBER, keep, load, result_of

from adapters import build_ports
from adapters.analytics.benchmarks import tell_closed_groups
from adapters.analytics.queries import attempts_of, benchmarks_of, model_qualities, stage_costs
from adapters.local.changes import SqliteChanges
from bharatchef.pseudonyms import pseudonym
from bharatchef.records import Evaluation
from bharatchef.results import CostEntry
from bharatchef.settings import load_settings
from bharatchef.vocabulary import Status


@pytest.fixture
def loaded(star, tmp_path):
    """Three evaluations of October, one of September that cost something, and one that failed."""
    ports = build_ports(load_settings(home=tmp_path / "home", built_in_models=False))
    for number in range(3):
        keep(ports, result_of(number, f"person-{number}", model_version=f"{1 + number // 2}.0.0"))
    paid = result_of(7, "person-7", at=OCTOBER - timedelta(days=20))
    entries = (
        CostEntry(stage="coach", price_id="tokens", quantity=1000, unit="token", inr=0.25),
        CostEntry(stage="coach", price_id="tokens", quantity=3000, unit="token", inr=0.75),
        CostEntry(stage="coach", price_id="new-thing", quantity=1, unit="call", inr=None),
    )
    cost = paid.cost.model_copy(update={"entries": entries, "total_inr": 1.0})
    keep(ports, paid.model_copy(update={"cost": cost}))
    failed = result_of(9, "person-9").evaluation
    begun = Evaluation.model_validate(
        {
            **failed.model_dump(include={"evaluation_id", "user_id", "dish_id", "created_at", "work_key"}),
            "status": Status.PROCESSING,
        }
    )
    ports.evaluations.claim(begun, "one", 60)
    ports.evaluations.fail(begun.evaluation_id, "one", "The film could not be read.")
    load(star, ports, SqliteChanges(ports.evaluations))
    return star


def test_costs_are_summed_by_month_and_stage_and_what_has_no_price_is_counted(loaded):
    (september, *october) = stage_costs(loaded.engine, 12)
    assert september.model_dump() == {
        "month": "2026-09",
        "stage": "coach",
        "evaluations": 1,
        "inr": 1.0,
        "unpriced": 1,
    }
    assert {one.evaluations for one in october} == {4}, "the one that failed is one of them"
    assert {one.month for one in stage_costs(loaded.engine, 1)} == {"2026-10"}


def test_each_version_of_a_model_is_counted_apart(loaded):
    first, second = model_qualities(loaded.engine)
    assert (first.version, first.evaluations, first.deviations, first.not_seen) == ("1.0.0", 3, 9, 3)
    assert (second.version, second.evaluations, second.deviations, second.not_seen) == ("2.0.0", 1, 3, 1)
    assert first.mean_coverage == pytest.approx(0.65)
    assert (first.first_used, first.last_used) == (OCTOBER - timedelta(days=20), OCTOBER)


def test_a_dish_that_nobody_cooked_has_no_benchmark(loaded):
    assert benchmarks_of(loaded.engine, "no-such-dish") == []


@pytest.mark.parametrize("how", ["the same film", "marks scored again"])
def test_what_was_scored_again_is_one_attempt_of_its_own_day_and_the_newest_counts(star, tmp_path, how):
    ports = build_ports(load_settings(home=tmp_path / "home", built_in_models=False))
    later = OCTOBER + timedelta(days=40)
    film = "films/one.mp4" if how == "the same film" else None
    for number in range(10):
        keep(ports, result_of(number, f"person-{number}", overall=40.0, film=film))
    load(star, ports, SqliteChanges(ports.evaluations))
    for number in range(10):
        again = result_of(
            100 + number,
            f"person-{number}",
            at=later,
            overall=80.0,
            film=film,
            rescore_of=None if film else f"ev-{number}",
        )
        keep(ports, again)
    keep(ports, result_of(50, "person-0", at=later + timedelta(days=1), overall=90.0))
    load(star, ports, SqliteChanges(ports.evaluations))

    one, another = attempts_of(star.engine, pseudonym("person-0", KEY), None)
    assert (one.evaluation_id, one.created_at, one.overall) == ("ev-100", OCTOBER, 80.0)
    assert one.categories["timing"] == 80.0
    assert (another.evaluation_id, another.overall) == ("ev-50", 90.0)
    assert ports.evaluations.get("ev-0") is not None, "the original stays"

    tell_closed_groups(star, later + timedelta(days=60))
    told = {found.month: found.spreads for found in benchmarks_of(star.engine, "egg-bhurji")}
    assert told["2026-10"]["overall"].median == 80
    assert told["2026-11"] == {}, "one person alone cooked in November"
    assert {q.evaluations for q in model_qualities(star.engine)} == {21}, "each was asked of the model"
