"""What was scored again is no new attempt: the coach does not ask of it whether a mistake was fixed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from review_samples import keep, result_with_boxes
from samples import sample_evaluation, sha

from adapters import build_ports
from bharatchef.ports import Ports
from bharatchef.records import Evaluation
from bharatchef.settings import load_settings
from tasks.coach_performance import attempt_before


@pytest.fixture
def ports(tmp_path: Path) -> Ports:
    return build_ports(load_settings(home=tmp_path, built_in_models=False))


def before(ports: Ports, evaluation: Evaluation) -> str | None:
    found = attempt_before(ports, evaluation)
    return found.evaluation_id if found else None


def test_what_a_person_corrected_is_no_attempt_before_its_correction(ports):
    keep(ports, result_with_boxes("ev-1", with_film=False))
    again = sample_evaluation("ev-2", minutes=10, work="again").model_copy(
        update={"trainee_video_s3_key": None, "segments_s3_key": f"segments/{sha('corrected')}.json"}
    )
    assert before(ports, again) == "ev-1", "other segments are another attempt"
    assert before(ports, again.model_copy(update={"rescore_of": "ev-1"})) is None


def test_an_old_film_that_a_newer_model_scored_today_is_not_the_last_attempt(ports):
    def kept(name: str, film: str, hours: float, rescore_of: str | None = None) -> Evaluation:
        result = result_with_boxes(name)
        evaluation = result.evaluation.model_copy(
            update={
                "trainee_video_s3_key": f"films/{film}.mp4",
                "created_at": result.evaluation.created_at + timedelta(hours=hours),
                "rescore_of": rescore_of,
            }
        )
        return keep(ports, result.model_copy(update={"evaluation": evaluation}))

    kept("first", "monday", 0)
    kept("second", "tuesday", 24)
    monday_again = kept("first-again", "monday", 100, rescore_of="first")
    assert before(ports, monday_again) is None, "what came after it is not what it is compared with"
    tuesday_again = kept("second-again", "tuesday", 101, rescore_of="second")
    assert before(ports, tuesday_again) == "first-again", "an attempt counts as it was judged last"
    kept("first-once-more", "monday", 102, rescore_of="first")
    third = sample_evaluation("third", minutes=60 * 200, work="third").model_copy(
        update={"trainee_video_s3_key": "films/wednesday.mp4"}
    )
    assert before(ports, third) == "second-again"
