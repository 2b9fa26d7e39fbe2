"""A claim is held for as long as there is work, and no longer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from contract_sides import local
from samples import sample_evaluation, sample_result

from bharatchef.errors import LeaseLost
from tasks.claim import lease_held
from tasks.publishing import publish
from tasks.runtime import allow_stages


@pytest.fixture(autouse=True)
def _stages_go_on() -> Iterator[None]:
    yield
    allow_stages()


def test_work_that_is_complete_needs_no_lease_and_is_not_stopped(tmp_path: Path) -> None:
    ports = local(tmp_path).ports
    claimed = ports.evaluations.claim(sample_evaluation("ev-1", work="one"), "one", 60)
    result = sample_result(claimed.evaluation).model_copy(update={"stills": ()})

    with lease_held(ports.evaluations, "ev-1", "one", 0.15) as check:
        publish(ports, result, "<html>", "one")
        time.sleep(0.3)
        check()


def test_work_that_another_took_over_is_stopped(tmp_path: Path) -> None:
    side = local(tmp_path)
    ports = side.ports
    ports.evaluations.claim(sample_evaluation("ev-1", work="one"), "one", 60)
    side.clock.advance(61)
    assert ports.evaluations.claim(sample_evaluation("ev-1", work="one"), "two", 60).outcome == "claimed"

    with lease_held(ports.evaluations, "ev-1", "one", 0.15) as check:
        time.sleep(0.3)
        with pytest.raises(LeaseLost):
            check()
