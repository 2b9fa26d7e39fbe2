"""Of two evaluations of one attempt, the one with the side film is told of; over the real local ports."""

from __future__ import annotations

from pathlib import Path

import pytest
from contract_sides import Side, local
from samples import sample_evaluation

from bharatchef.records import Evaluation
from tasks.publishing import announce_pending, record_failure

FRONT, SIDE = "trainee/asha/egg-bhurji/1/front.mp4", "trainee/asha/egg-bhurji/1/side.mp4"


@pytest.fixture
def side(tmp_path: Path) -> Side:
    return local(tmp_path)


def begun(side: Side, evaluation_id: str, minutes: float, side_film: str | None) -> Evaluation:
    asked = sample_evaluation(evaluation_id, minutes=minutes, work=evaluation_id).model_copy(
        update={"trainee_video_s3_key": FRONT, "side_video_s3_key": side_film}
    )
    return side.ports.evaluations.claim(asked, "one", 60).evaluation


def told(side: Side) -> list[str]:
    return [str(event["eventId"]).split(":")[0] for event in side.told()]


def test_what_a_side_film_has_superseded_is_not_told(side: Side) -> None:
    begun(side, "front", 0, None)
    begun(side, "both", 1, SIDE)
    # Both end alike here: which one is told hangs on their films alone.
    side.ports.evaluations.fail("front", "one", "the film is dark")
    announce_pending(side.ports)
    assert told(side) == []
    assert not side.ports.evaluations.unannounced()
    record_failure(side.ports, "both", "one", "the film is dark")
    assert told(side) == ["both"]


def test_without_a_later_one_of_both_films_each_is_told(side: Side) -> None:
    begun(side, "front", 0, None)
    begun(side, "again", 1, None)
    for name in ("front", "again"):
        record_failure(side.ports, name, "one", "the film is dark")
    assert told(side) == ["front", "again"]


def test_one_of_both_films_that_failed_supersedes_nothing(side: Side) -> None:
    begun(side, "front", 0, None)
    begun(side, "both", 1, SIDE)
    record_failure(side.ports, "both", "one", "the side film is dark")
    record_failure(side.ports, "front", "one", "the film is dark")
    assert told(side) == ["both", "front"]
