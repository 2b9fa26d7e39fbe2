"""From an upload to exactly one evaluation, with real processes that are killed at all the bad moments."""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flow.flow_inputs import write_film
from servers.trigger import Holding, Trigger, trigger, wait_for

from bharatchef.vocabulary import Status

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    return write_film(tmp_path_factory.mktemp("films") / "film.mp4", 3, fps=4, size=(160, 120))


@pytest.fixture(scope="module")
def whole(emulator_url, tmp_path_factory) -> Iterator[Trigger]:
    with trigger(
        emulator_url,
        tmp_path_factory.mktemp("trigger"),
        BHARATCHEF_START_DEADLINE_S="90",
    ) as running:
        yield running


def done(whole: Trigger, user: str, count: int = 1) -> bool:
    return whole.statuses(user) == [Status.COMPLETED] * count


def runs_of(whole: Trigger, user: str) -> list[dict]:
    return [run for run in whole.runs() if run["parameters"]["request"]["user_id"] == user]


def test_the_same_event_five_times_is_one_evaluation(whole, film):
    key = "trainee/asha/masala-chai/first/front.mp4"
    whole.upload(key, film, parts=True)
    for _ in range(4):
        whole.send("video-processing-queue", whole.event(key))
    wait_for("the evaluation", lambda: done(whole, "asha"))
    wait_for("an empty queue", lambda: whole.waiting("video-processing-queue") == 0)
    assert len(runs_of(whole, "asha")) == 1
    (evaluation,) = whole.ports.evaluations.history("asha")
    assert evaluation.trainee_video_s3_key == key
    assert whole.waiting("dlq-queue") == 0
    uploads = [event for event in whole.stack.told() if event["topic"] == "upload-confirmed"]
    assert [event["subject"] for event in uploads] == ["Your film of Masala chai has arrived"]


def test_intake_killed_between_creation_and_deletion_makes_no_second_run(whole, film):
    whole.intake.stop()
    holding = Holding(whole.stack.url, b"AmazonSQS.DeleteMessage")
    doomed = whole.other_intake(BHARATCHEF_AWS_URL=holding.url)
    try:
        doomed.start()
        whole.upload("trainee/bela/masala-chai/first/front.mp4", film)
        assert holding.held.wait(600), doomed.said()
        assert len(runs_of(whole, "bela")) == 1, "the run is there before the message is deleted"
        doomed.kill()
    finally:
        doomed.end()
        holding.close()
    assert whole.waiting("video-processing-queue") == 1, "nothing was deleted"
    whole.intake.start()
    wait_for("the evaluation", lambda: done(whole, "bela"))
    wait_for("an empty queue", lambda: whole.waiting("video-processing-queue") == 0)
    assert len(runs_of(whole, "bela")) == 1


def test_what_cannot_be_handled_lies_among_the_dead_letters_with_its_reason(whole, film):
    bad = {
        "trainee/chand/masala-chai/front.mp4": "Expected a film under trainee/",
        "trainee/chand/no-such-dish/first/front.mp4": "no-such-dish",
    }
    for key in bad:
        whole.upload(key, film)
    whole.send("video-processing-queue", "what is this")
    whole.send("cv-analysis-queue", json.dumps({"evaluationId": "x", "rewording": 1}))
    wait_for("four dead letters", lambda: whole.waiting("dlq-queue") == 4)
    wait_for("an empty queue", lambda: whole.waiting("video-processing-queue") == 0)
    replayed = whole.command("intake", "--replay-dlq", "--json")
    assert replayed.returncode == 0, replayed.stderr
    said = json.loads(replayed.stdout)
    reasons = " ".join(entry["reason"] for entry in said["sent"])
    assert all(reason in reasons for reason in bad.values())
    # The rewording was on the wrong queue: it goes to its own, where no deployment takes it yet.
    assert sorted(entry["queue"] for entry in said["sent"]) == [
        "ai-coaching-queue",
        "video-processing-queue",
        "video-processing-queue",
    ]
    assert len(said["left"]) == 1
    wait_for("the dead letters again", lambda: whole.waiting("dlq-queue") == 4)
    assert runs_of(whole, "chand") == []


def test_a_side_film_that_comes_later_joins(whole, film):
    whole.worker.stop()
    whole.upload("trainee/dev/masala-chai/first/side.mp4", film)
    wait_for("the side film taken note of", lambda: whole.waiting("video-processing-queue") == 0)
    assert runs_of(whole, "dev") == []
    whole.upload("trainee/dev/masala-chai/first/front.mp4", film)
    whole.upload("trainee/esha/masala-chai/first/front.mp4", film)
    wait_for("both runs", lambda: len(runs_of(whole, "dev")) == len(runs_of(whole, "esha")) == 1)
    assert runs_of(whole, "dev")[0]["parameters"]["request"]["side_key"].endswith("/side.mp4")
    whole.upload("trainee/esha/masala-chai/first/side.mp4", film)
    wait_for("the run of both films", lambda: len(runs_of(whole, "esha")) == 2)
    wait_for(
        "the needless run cancelled",
        lambda: sorted(run["state_type"] for run in runs_of(whole, "esha")) == ["CANCELLED", "SCHEDULED"],
    )
    whole.worker.start()
    for user in ("dev", "esha"):
        wait_for("the evaluation", lambda user=user: done(whole, user))
        (evaluation,) = whole.ports.evaluations.history(user)
        assert (evaluation.side_video_s3_key or "").endswith("/side.mp4")


def test_a_new_film_under_an_old_key_is_new_work_and_models_are_asked_again_on_a_wish(whole, tmp_path):
    key = "trainee/asha/masala-chai/first/front.mp4"
    other = write_film(tmp_path / "other.mp4", 4, fps=4, size=(160, 120))
    whole.upload(key, other)
    wait_for("the second evaluation", lambda: done(whole, "asha", 2))
    first, second = whole.ports.evaluations.history("asha")
    assert first.work_key != second.work_key
    wish = json.dumps({"evaluationId": second.evaluation_id, "modelVersion": "slowfast-2"})
    before = len(runs_of(whole, "asha"))
    for _ in range(2):
        whole.send("cv-analysis-queue", wish)
    wait_for(
        "the run",
        lambda: (
            runs_of(whole, "asha")[-1]["state_type"] == "COMPLETED" and len(runs_of(whole, "asha")) > before
        ),
    )
    wait_for("an empty queue", lambda: whole.waiting("cv-analysis-queue") == 0)
    assert len(runs_of(whole, "asha")) == before + 1
    assert done(whole, "asha", 2), "the models are the same: it is the same work, which was done before"


def test_fifteen_uploads_while_everything_is_killed_are_fifteen_evaluations(whole, film):
    seed = 20261122
    choose = random.Random(seed)
    users = [f"burst-{number:02d}" for number in range(15)]
    whole.stack.told()
    for number, user in enumerate(users):
        whole.upload(f"trainee/{user}/masala-chai/first/front.mp4", film, parts=number % 2 == 0)
    for program in choose.sample([whole.intake, whole.server, whole.worker, whole.worker], 4):
        time.sleep(choose.uniform(3, 9))
        program.kill()
        time.sleep(choose.uniform(0, 2))
        program.start()

    def all_done() -> bool:
        whole.sweep()
        return all(done(whole, user) for user in users)

    wait_for("all evaluations", all_done, patience_s=1200, pause_s=5)
    wait_for("an empty queue", lambda: whole.waiting("video-processing-queue") == 0)
    assert whole.waiting("dlq-queue") == 4, "the four of before, and none of these"
    assert [len(runs_of(whole, user)) for user in users] == [1] * 15
    assert list(whole.ports.evaluations.expired()) == []
    made = {one.evaluation_id for user in users for one in whole.ports.evaluations.history(user)}
    assert len(made) == 15
    events = whole.stack.told()
    told = {event["evaluationId"] for event in events if event["status"] == Status.COMPLETED}
    assert made <= told, "each was told of, and by no name of a person"
    confirmed = {event["uploadId"] for event in events if event["topic"] == "upload-confirmed"}
    assert len(confirmed) == 15, "whoever died, each upload was confirmed"
    waits = whole.latencies_s()
    print(f"from upload to flow start, s: median {statistics.median(waits):.1f}, longest {waits[-1]:.1f}")
