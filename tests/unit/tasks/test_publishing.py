"""Publishing over the real local ports: what is left behind, in which order, and what a deletion takes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from contract_sides import Side, local
from samples import sample_evaluation, sample_result, sha

from adapters.local.notifier import FileNotifier
from bharatchef.errors import LeaseLost, StoreError
from bharatchef.ports import Ports
from bharatchef.records import Evaluation
from bharatchef.results import EvaluationResult
from bharatchef.vocabulary import Status
from tasks.publishing import (
    announce_pending,
    publish,
    record_failure,
    remove_evaluation,
    result_key,
    sweep_orphans,
)


@pytest.fixture
def side(tmp_path: Path) -> Side:
    return local(tmp_path)


def begin(ports: Ports, evaluation_id: str = "ev-1", owner: str = "one", work: str = "") -> EvaluationResult:
    """Claimed work with its cached pictures, ready to be published."""
    claimed = ports.evaluations.claim(sample_evaluation(evaluation_id, work=work or evaluation_id), owner, 60)
    result = sample_result(claimed.evaluation)
    for still in result.stills:
        ports.objects.put_bytes(still.key, still.key.encode(), "image/jpeg")
    return result


def keys(ports: Ports, evaluation_id: str = "ev-1") -> list[str]:
    return list(ports.objects.list_keys(result_key(evaluation_id)))


def test_what_is_published_is_whole_and_told(side: Side) -> None:
    result = begin(side.ports)
    done = publish(side.ports, result, "<html>चाय</html>", "one")
    assert done.status == Status.COMPLETED
    assert done == side.ports.evaluations.get("ev-1")
    stored = EvaluationResult.model_validate_json(side.ports.objects.get_bytes(done.result_s3_key or ""))
    assert stored.evaluation == done
    assert stored.feedback == result.feedback
    assert side.ports.objects.get_bytes("results/ev-1/report.html").decode() == "<html>चाय</html>"
    assert [event["eventId"] for event in side.told()] == ["ev-1:evaluation-complete"]
    assert not side.ports.evaluations.unannounced()


def test_the_result_has_pictures_of_its_own(side: Side) -> None:
    result = begin(side.ports)
    publish(side.ports, result, "<html>", "one")
    for still in result.stills:
        side.ports.objects.delete(still.key)
    stored = EvaluationResult.model_validate_json(side.ports.objects.get_bytes("results/ev-1/result.json"))
    assert [still.time_s for still in stored.stills] == [still.time_s for still in result.stills]
    for before, after in zip(result.stills, stored.stills, strict=True):
        assert side.ports.objects.get_bytes(after.key) == before.key.encode()
    assert len(keys(side.ports)) == len(result.stills) + 2


def test_a_missing_picture_stops_it_before_completion(side: Side) -> None:
    result = begin(side.ports)
    side.ports.objects.delete(result.stills[-1].key)
    with pytest.raises(StoreError, match=result.stills[-1].key):
        publish(side.ports, result, "<html>", "one")
    left = side.ports.evaluations.get("ev-1")
    assert left is not None
    assert left.status == Status.PROCESSING
    assert side.told() == []


def test_leftovers_of_an_earlier_attempt_are_swept(side: Side) -> None:
    result = begin(side.ports)
    side.ports.objects.put_bytes("results/ev-1/stills/0999.jpg", b"old", "image/jpeg")
    side.ports.objects.put_bytes("results/ev-10/report.html", b"another's", "text/html")
    publish(side.ports, result, "<html>", "one")
    assert "results/ev-1/stills/0999.jpg" not in keys(side.ports)
    assert keys(side.ports, "ev-10") == ["results/ev-10/report.html"]


def test_a_worker_that_lost_the_work_publishes_nothing(side: Side) -> None:
    result = begin(side.ports, work="w")
    side.clock.advance(61)
    assert side.ports.evaluations.claim(sample_evaluation("ev-2", work="w"), "two", 60).resumed
    with pytest.raises(LeaseLost):
        publish(side.ports, result, "<html>late</html>", "one")
    assert keys(side.ports) == []
    done = publish(side.ports, result, "<html>two</html>", "two")
    with pytest.raises(LeaseLost):
        publish(side.ports, result, "<html>late</html>", "one")
    assert side.ports.objects.get_bytes("results/ev-1/report.html") == b"<html>two</html>"
    assert side.ports.evaluations.get("ev-1") == done


def test_the_lease_is_held_while_it_is_published(side: Side) -> None:
    result = begin(side.ports)
    side.clock.advance(59)
    publish(side.ports, result, "<html>", "one", lease_s=120)
    result = begin(side.ports, "ev-2")
    side.ports.objects.delete(result.stills[-1].key)
    with pytest.raises(StoreError):
        publish(side.ports, result, "<html>", "one", lease_s=120)
    side.clock.advance(119)
    assert not side.ports.evaluations.expired()


def test_work_deleted_under_its_worker_leaves_nothing_behind(side: Side) -> None:
    result = begin(side.ports)
    side.ports.objects.put_bytes("results/ev-1/stills/0000.jpg", b"x", "image/jpeg")
    side.ports.evaluations.delete("ev-1")
    with pytest.raises(LeaseLost, match="deleted"):
        publish(side.ports, result, "<html>", "one")
    assert keys(side.ports) == []


def test_an_announcement_that_fails_stays_owed(side: Side, tmp_path: Path) -> None:
    # A folder stands where the file should be: the notifier cannot write.
    blocked = replace(side.ports, notifier=FileNotifier(tmp_path, side.clock))
    done = publish(blocked, begin(side.ports), "<html>", "one")
    assert done.status == Status.COMPLETED
    assert side.told() == []
    assert announce_pending(side.ports) == [done]
    assert [event["evaluationId"] for event in side.told()] == ["ev-1"]
    assert announce_pending(side.ports) == []
    assert len(side.told()) == 1


def test_a_failure_is_recorded_told_and_leaves_no_report(side: Side) -> None:
    begin(side.ports)
    side.ports.objects.put_bytes("results/ev-1/report.html", b"half-way", "text/html")
    failed = record_failure(side.ports, "ev-1", "one", "The film is empty.")
    assert (failed.status, failed.failure_reason) == (Status.FAILED, "The film is empty.")
    assert side.ports.evaluations.get("ev-1") == failed
    assert keys(side.ports) == []
    assert [event["topic"] for event in side.told()] == ["processing-failed"]
    with pytest.raises(LeaseLost):
        record_failure(side.ports, "ev-1", "one", "again")
    assert len(side.told()) == 1


def test_a_failure_of_work_that_another_has_touches_nothing(side: Side) -> None:
    result = begin(side.ports)
    publish(side.ports, result, "<html>", "one")
    before = keys(side.ports)
    with pytest.raises(LeaseLost):
        record_failure(side.ports, "ev-1", "two", "The film is empty.")
    assert keys(side.ports) == before


def filmed(ports: Ports, evaluation_id: str, film: str) -> Evaluation:
    """A published evaluation of a film that is stored with what was cut from it."""
    for key in (f"films/{film}.mp4", f"media/{film}/objects/0.mp4", f"media/{film}/stills/0.jpg"):
        ports.objects.put_bytes(key, b"x", "video/mp4")
    asked = sample_evaluation(evaluation_id, work=evaluation_id)
    asked = asked.model_copy(update={"trainee_video_s3_key": f"films/{film}.mp4"})
    claimed = ports.evaluations.claim(asked, "one", 60).evaluation
    result = sample_result(claimed).model_copy(update={"stills": ()})
    kept = result.evaluation.model_copy(update={"trainee_video_s3_key": f"films/{film}.mp4"})
    return publish(ports, result.model_copy(update={"evaluation": kept}), "<html>", "one")


def test_a_deletion_takes_the_film_with_the_last_evaluation_of_it(side: Side) -> None:
    shared, other = sha("shared"), sha("other")
    first, second = filmed(side.ports, "ev-1", shared), filmed(side.ports, "ev-2", shared)
    filmed(side.ports, "ev-3", other)
    assert remove_evaluation(side.ports, first) == 2
    assert side.ports.evaluations.get("ev-1") is None
    assert keys(side.ports) == []
    assert side.ports.objects.exists(f"films/{shared}.mp4")
    assert remove_evaluation(side.ports, second) == 2 + 3
    assert [key for key in side.ports.objects.list_keys("") if shared in key] == []
    assert len([key for key in side.ports.objects.list_keys("") if other in key]) == 3
    assert remove_evaluation(side.ports, second) == 0


def test_what_was_cut_from_an_upload_goes_with_it_though_its_key_is_no_hash(side: Side) -> None:
    film, cut = (
        "trainee/asha/masala-chai/1/front.mp4",
        f"media/{hashlib.sha256(b'x').hexdigest()}/stills/0.jpg",
    )
    evaluation = filmed(side.ports, "ev-1", sha("any"))
    for key in (film, cut, "media/front/another.jpg"):
        side.ports.objects.put_bytes(key, b"x", "video/mp4")

    removed = remove_evaluation(
        side.ports, evaluation.model_copy(update={"trainee_video_s3_key": film, "side_video_s3_key": None})
    )

    assert removed == 2 + 2
    assert not side.ports.objects.exists(film)
    assert not side.ports.objects.exists(cut)
    assert side.ports.objects.exists("media/front/another.jpg")


def test_orphans_are_swept_and_nothing_else(side: Side) -> None:
    publish(side.ports, begin(side.ports), "<html>", "one")
    begin(side.ports, "ev-2")
    side.ports.objects.put_bytes("results/ev-2/report.html", b"being published", "text/html")
    begin(side.ports, "ev-3")
    side.ports.evaluations.fail("ev-3", "one", "power cut")
    for orphan in ("results/ev-3/report.html", "results/ev-gone/report.html", "results/ev-gone/stills/0.jpg"):
        side.ports.objects.put_bytes(orphan, b"x", "text/html")
    before = set(side.ports.objects.list_keys(""))
    assert sweep_orphans(side.ports) == 3
    gone = before - set(side.ports.objects.list_keys(""))
    assert {key.split("/")[1] for key in gone} == {"ev-3", "ev-gone"}
    assert len(gone) == 3


def test_nothing_of_a_person_but_the_id_is_in_what_is_told(side: Side) -> None:
    publish(side.ports, begin(side.ports), "<html>", "one")
    assert "asha" not in json.dumps(side.told())


def test_a_deletion_takes_the_segments_that_no_other_evaluation_was_made_of(side: Side) -> None:
    marks = f"segments/{sha('marks')}.json"
    side.ports.objects.put_bytes(marks, b"{}", "application/json")
    made = [
        sample_evaluation(f"ev-{number}", work=str(number)).model_copy(
            update={"segments_s3_key": marks, "trainee_video_s3_key": None}
        )
        for number in (1, 2)
    ]
    for one in made:
        side.ports.evaluations.claim(one, "one", 60)
    remove_evaluation(side.ports, made[0])
    assert side.ports.objects.exists(marks)
    assert remove_evaluation(side.ports, made[1]) == 1
    assert not side.ports.objects.exists(marks)
