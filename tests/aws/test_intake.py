"""What intake makes of messages, and how it treats a queue: against an emulator's S3, SQS and DynamoDB."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import sample_evaluation
from servers.on_aws import Stack, client

from adapters.aws.queues import SqsQueue, sqs_client
from adapters.aws.uploads import Uploads
from adapters.local.notifier import FileNotifier
from app.intake import HealthGate
from app.intake_deciding import Nothing, Start, World, check_buckets, decide
from app.intake_messages import (
    Reanalysis,
    Rewording,
    Upload,
    film_place,
    queue_of,
    read_message,
)
from bharatchef.consent import Consent, check_may_evaluate, record_consent
from bharatchef.errors import ConfigurationError, InputError, StoreError
from bharatchef.notices import ConfirmedUpload
from bharatchef.settings import load_settings
from bharatchef.vocabulary import Language
from flows.onboard_expert import ExpertRequest
from tasks.noticing import confirm_upload

FRONT = "trainee/asha/masala-chai/first/front.mp4"
EXPERT = "expert/masala-chai/one/front.mp4"
SIDE = "trainee/asha/masala-chai/first/side.mp4"


def event(key: str = FRONT, **made: object) -> str:
    return json.dumps(
        {
            "source": "aws.s3",
            "detail-type": "Object Created",
            "detail": {"bucket": {"name": "films"}, "object": {"key": key, **made}},
        }
    )


# --- messages ---


@pytest.mark.parametrize(
    ("made", "version"),
    [
        ({"etag": "abc", "size": 7}, "abc"),
        ({"eTag": '"abc"'}, "abc"),
        ({"etag": "abc", "version-id": "v1"}, "v1"),
        ({"etag": "abc", "version-id": "null"}, "abc"),
    ],
)
def test_an_upload_is_known_by_its_version_else_its_etag(made, version):
    read = read_message(event(**made))
    assert isinstance(read, Upload)
    assert (read.bucket, read.key, read.version) == ("films", FRONT, version)
    assert queue_of(read) == "video-processing-queue"


def test_the_other_queues_messages():
    assert read_message('{"evaluationId": "e", "modelVersion": "2"}') == Reanalysis("e", "2")
    assert read_message('{"evaluationId": "e", "rewording": 1}') == Rewording("e", 1)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "in JSON"),
        ("[]", "JSON object"),
        ("{}", "Expected an Object Created event"),
        ('{"evaluationId": "e", "rewording": 0}', "Expected an Object Created event"),
        ('{"evaluationId": "e", "rewording": true}', "Expected an Object Created event"),
        ('{"detail-type": "Object Deleted", "detail": {}}', "Object Deleted"),
        (event(), "version-id"),
        ('{"detail-type": "Object Created", "detail": {"bucket": "b"}}', "detail.bucket.name"),
    ],
)
def test_what_says_nothing_known_is_named(body, said):
    with pytest.raises(InputError) as raised:
        read_message(body)
    assert said in raised.value.message


@given(st.text(max_size=200) | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps))
def test_no_body_does_worse_than_an_input_error(body):
    with pytest.raises(InputError):
        read_message(body)


@given(
    st.dictionaries(
        st.sampled_from(["detail", "detail-type", "evaluationId", "rewording"]), st.text() | st.none()
    )
)
def test_no_object_does_worse_either(said):
    with suppress(InputError):
        assert queue_of(read_message(json.dumps(said)))


@pytest.mark.parametrize("ending", ["mp4", "MOV", "mkv", "webm"])
def test_a_key_says_whose_film_of_what_it_is(ending):
    place = film_place(f"trainee/Asha.R@home/masala-chai/2026-11-22/front.{ending}")
    assert (place.user_id, place.dish_id, place.attempt, place.view) == (
        "Asha.R@home",
        "masala-chai",
        "2026-11-22",
        "front",
    )
    assert place.folder == "trainee/Asha.R@home/masala-chai/2026-11-22/"


@pytest.mark.parametrize(
    "key",
    [
        "front.mp4",
        "trainee/asha/masala-chai/front.mp4",
        "trainee/asha/masala-chai/1/back.mp4",
        "trainee/asha/masala-chai/1/front.avi",
        "trainee/asha/Masala Chai/1/front.mp4",
        "trainee/-asha/masala-chai/1/front.mp4",
        "trainee/asha/masala-chai/1/x/front.mp4",
        "trainee/../masala-chai/1/front.mp4",
        "Expert/asha/masala-chai/1/front.mp4",
        "trainee/asha/masala-chai/1/front.mp4\n",
        "trainee/ａsha/masala-chai/1/front.mp4",
    ],
)
def test_another_key_is_refused_with_the_layout(key):
    with pytest.raises(InputError, match=r"trainee/\{user\}/\{dish\}/\{attempt\}/front\.mp4"):
        film_place(key)


@given(st.text(max_size=60))
def test_what_is_taken_leads_back_to_its_own_folder(tail):
    key = f"trainee/{tail}/front.mp4"
    try:
        place = film_place(key)
    except InputError:
        return
    assert key.startswith(place.folder)
    assert ".." not in place.folder.split("/")


# --- what is done about them ---


@pytest.fixture
def world(installed: Stack, ports) -> World:
    return World(installed.settings, Uploads(installed.settings), ports.dishes, ports.evaluations)


def put(installed: Stack, key: str, data: bytes = b"film") -> Upload:
    settings = installed.settings
    answer = client("s3", installed.url).put_object(Bucket=settings.trainee_bucket, Key=key, Body=data)
    return Upload(settings.trainee_bucket, key, answer["ETag"].strip('"'), len(data))


def test_the_same_films_give_the_same_key_and_other_films_another(installed, world):
    first = decide(put(installed, FRONT), world)
    assert isinstance(first, Start)
    assert first.parameters["request"] == {
        "dish_id": "masala-chai",
        "user_id": "asha",
        "film_key": FRONT,
        "film_name": "front.mp4",
        "film_version": put(installed, FRONT).version,
    }
    assert decide(put(installed, FRONT), world) == first
    assert decide(put(installed, FRONT, b"another"), world).idempotency_key != first.idempotency_key


def test_an_old_event_is_about_what_lies_there_now(installed, world):
    old = put(installed, FRONT)
    new = put(installed, FRONT, b"another")
    assert decide(old, world) == decide(new, world)


def test_whichever_film_is_announced_both_are_one_run(installed, world):
    alone = decide(put(installed, FRONT), world)
    side = put(installed, SIDE, b"side")
    both = decide(side, world)
    assert decide(put(installed, FRONT), world) == both
    assert both.parameters["request"]["side_key"] == SIDE
    assert (alone.wait_s, both.wait_s) == (installed.settings.side_film_wait_s, 0)
    assert both.replaces == alone.idempotency_key
    assert alone.replaces is None


def test_there_is_nothing_to_do_for_a_side_film_alone_a_folder_or_what_was_deleted(installed, world):
    assert isinstance(decide(put(installed, SIDE), world), Nothing)
    assert isinstance(decide(put(installed, "trainee/asha/"), world), Nothing)
    gone = Upload(installed.settings.trainee_bucket, "trainee/b/masala-chai/1/front.mp4", "v", 1)
    assert decide(gone, world) == Nothing("it was deleted again")


def test_a_film_of_somebody_who_has_not_agreed_is_held_until_they_do(installed, world, ports):
    asking = installed.settings.model_copy(update={"consent_required": True})
    careful = replace(world, check_consent=lambda user: check_may_evaluate(ports.objects, asking, user))
    film = put(installed, FRONT)
    with pytest.raises(InputError, match="has not agreed"):
        decide(film, careful)
    agreed = {"user_id": "asha", "person": "p-1", "purpose": "evaluation", "version": "1", "given": True}
    record_consent(ports.objects, Consent.model_validate({**agreed, "at": ports.clock.now()}))
    assert isinstance(decide(film, careful), Start)


def test_what_no_flow_takes_is_kept_with_its_reason(installed, world):
    with pytest.raises(InputError, match="onboard-expert"):
        decide(Upload(installed.settings.expert_bucket, EXPERT, "v", 1), world)
    with pytest.raises(InputError, match="reword-coaching"):
        decide(Rewording("e", 1), world)
    with pytest.raises(InputError, match="no-such"):
        decide(put(installed, "trainee/asha/no-such/1/front.mp4"), world)
    with pytest.raises(InputError, match="another-bucket"):
        decide(Upload("another-bucket", FRONT, "v", 1), world)


@pytest.fixture
def taking_experts(world: World) -> World:
    return replace(world, flows=frozenset(["onboard-expert/onboard-expert"]))


def put_expert(installed: Stack, key: str, data: bytes = b"film") -> Upload:
    bucket = installed.settings.expert_bucket
    answer = client("s3", installed.url).put_object(Bucket=bucket, Key=key, Body=data)
    return Upload(bucket, key, answer["ETag"].strip('"'), len(data))


def test_an_experts_film_is_taken_in_by_its_own_flow(installed, taking_experts):
    film = put_expert(installed, EXPERT)
    alone = decide(film, taking_experts)
    assert alone.deployment == "onboard-expert/onboard-expert"
    assert alone.confirms is None
    asked = {"dish_id": "masala-chai", "film_key": EXPERT, "film_version": film.version}
    assert alone.parameters == {"request": asked}
    assert decide(film, taking_experts) == alone
    said = put_expert(installed, EXPERT.replace("front.mp4", "segments.json"), b"[]")
    both = decide(said, taking_experts)
    assert decide(film, taking_experts) == both
    assert both.replaces == alone.idempotency_key != both.idempotency_key
    assert both.parameters["request"] == {
        **asked,
        "segments_key": said.key,
        "segments_name": "segments.json",
    }
    assert ExpertRequest.model_validate(both.parameters["request"]).film_key == EXPERT


def test_what_is_no_experts_front_film_starts_nothing(installed, taking_experts):
    side = put_expert(installed, EXPERT.replace("front", "side"))
    assert isinstance(decide(side, taking_experts), Nothing)
    early = put_expert(installed, "expert/poha/one/segments.csv", b"step,start,end")
    assert isinstance(decide(early, taking_experts), Nothing)
    assert isinstance(decide(put_expert(installed, "expert/poha/"), taking_experts), Nothing)
    gone = Upload(installed.settings.expert_bucket, "expert/poha/two/front.mp4", "v", 1)
    assert decide(gone, taking_experts) == Nothing("it was deleted again")
    for key, said in (
        ("expert/front.mp4", r"expert/\{dish\}/\{film\}/front\.mp4"),
        ("expert/Poha One/one/front.mp4", "small letters"),
        ("expert/no-such/one/front.mp4", "no-such"),
        ("trainee/asha/poha/one/front.mp4", r"expert/\{dish\}"),
    ):
        with pytest.raises(InputError, match=said):
            decide(put_expert(installed, key), taking_experts)


def test_an_upload_is_confirmed_once_whichever_film_of_it_is_announced(installed, world, ports, side):
    alone = decide(put(installed, FRONT), world)
    both = decide(put(installed, SIDE, b"side"), world)
    assert alone.confirms == both.confirms
    assert (alone.confirms.user_id, alone.confirms.dish_id) == ("asha", "masala-chai")
    assert confirm_upload(ports, alone.confirms, Language.HINDI) is True
    assert confirm_upload(ports, both.confirms, Language.HINDI) is False
    (told,) = side.told()
    assert (told["topic"], told["dishId"], told["language"]) == ("upload-confirmed", "masala-chai", "hi")
    assert "asha" not in json.dumps(told)
    another = decide(put(installed, FRONT, b"another"), world)
    assert confirm_upload(ports, another.confirms, Language.ENGLISH) is True


def test_a_confirmation_that_fails_is_owed_and_made_at_the_next_try(ports, side, tmp_path):
    film = ConfirmedUpload(upload_id="attempt-1", dish_id="masala-chai", user_id="asha")
    blocked = replace(ports, notifier=FileNotifier(tmp_path, ports.clock))
    with pytest.raises(StoreError):
        confirm_upload(blocked, film, Language.ENGLISH)
    assert confirm_upload(ports, film, Language.ENGLISH) is True
    assert [event["eventId"] for event in side.told()] == ["attempt-1:upload-confirmed"]


def test_new_models_are_asked_about_the_films_of_an_evaluation(installed, world, ports):
    put(installed, FRONT)
    record = sample_evaluation("ev-9", "asha").model_copy(
        update={"trainee_video_s3_key": FRONT, "dish_id": "masala-chai"}
    )
    ports.evaluations.claim(record, "one", 60)
    wish = decide(Reanalysis("ev-9", "slowfast-2"), world)
    assert wish.parameters["request"]["film_key"] == FRONT
    assert wish.parameters["request"]["film_version"] == put(installed, FRONT).version
    assert decide(Reanalysis("ev-9", "slowfast-3"), world).idempotency_key != wish.idempotency_key
    assert isinstance(decide(Reanalysis("ev-0", "slowfast-2"), world), Nothing)


def test_without_the_buckets_names_intake_does_not_begin():
    with pytest.raises(ConfigurationError, match="BHARATCHEF_TRAINEE_BUCKET and BHARATCHEF_EXPERT_BUCKET"):
        check_buckets(load_settings(trainee_bucket="", expert_bucket=""))


# --- the queue ---


@pytest.fixture
def queue(installed: Stack) -> SqsQueue:
    name = f"queue-{installed.settings.trainee_bucket[-12:]}"
    client("sqs", installed.url).create_queue(QueueName=name)
    return SqsQueue(sqs_client(installed.settings), name, 3)


def test_a_message_stays_hidden_while_somebody_works_on_it_and_comes_again_where_nobody_does(queue):
    queue.send("work", {"reason": "because", "empty": ""})
    message = queue.receive(1)
    assert message is not None
    assert (message.body, message.receives, message.attributes["reason"]) == ("work", 1, "because")
    failures: list[object] = []
    with queue.kept_hidden(message, failures.append):
        assert queue.receive(4) is None, "it was hidden for 3 s, and kept hidden"
    assert failures == []
    again = queue.receive(8)
    assert again is not None
    assert again.receives == 2
    queue.hide(again, 0)
    third = queue.receive(2)
    assert third is not None
    queue.delete(third)
    assert queue.receive(4) is None
    assert queue.waiting() == 0


def test_a_queue_that_is_not_there_is_named(installed):
    with pytest.raises(ConfigurationError, match="no-such-queue"):
        SqsQueue(sqs_client(installed.settings), "no-such-queue", 30)


def test_nothing_passes_the_gate_while_prefect_is_not_well():
    well = threading.Event()

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if well.is_set() else 503)
            self.end_headers()
            self.wfile.write(b"true" if well.is_set() else b"false")

        def log_message(self, *_words: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stop = threading.Event()
    gate = HealthGate(f"http://127.0.0.1:{server.server_port}/api", stop)
    try:
        assert gate.passed(within_s=0.2) is False
        threading.Timer(1.0, well.set).start()
        began = time.monotonic()
        assert gate.passed() is True
        assert time.monotonic() - began >= 0.9
        well.clear()
        threading.Timer(0.5, stop.set).start()
        assert gate.passed() is False
    finally:
        server.shutdown()
        server.server_close()
