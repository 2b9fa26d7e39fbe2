"""What every notifier, clock, dish store, tip store and models port promises."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from contract_sides import Side
from samples import sample_evaluation, sample_expert, sample_result

from adapters import build_ports
from bharatchef.errors import EndpointError, KnowledgeError
from bharatchef.experts import keeping
from bharatchef.experts.records import Confirmation, ConfirmedExpert
from bharatchef.notices import ConfirmedUpload, upload_notice
from bharatchef.observed import Analyser, ModelIdentity, Unavailable
from bharatchef.ports import Ports
from bharatchef.settings import load_settings
from bharatchef.vocabulary import Language, Status


def test_an_end_is_told_once_a_call_and_survives(side: Side) -> None:
    done = sample_result().evaluation
    failed = sample_evaluation("ev-2").model_copy(
        update={"status": Status.FAILED, "failure_reason": "empty film"}
    )
    side.ports.notifier.evaluation_complete(done)
    side.reopen().notifier.processing_failed(failed)
    assert [(e["topic"], e["evaluationId"], e["status"]) for e in side.told()] == [
        ("evaluation-complete", "ev-1", "COMPLETED"),
        ("processing-failed", "ev-2", "FAILED"),
    ]


def test_the_same_event_bears_the_same_id(side: Side) -> None:
    done = sample_result().evaluation
    side.ports.notifier.evaluation_complete(done)
    side.clock.advance(5)
    side.ports.notifier.evaluation_complete(done)
    side.ports.notifier.processing_failed(done)
    ids = [event["eventId"] for event in side.told()]
    assert ids[0] == ids[1] != ids[2]


def test_an_event_names_no_person(side: Side) -> None:
    evaluation = sample_result().evaluation.model_copy(
        update={"user_id": "asha@example.org", "failure_reason": "asha_kitchen.mp4 is empty"}
    )
    side.ports.notifier.evaluation_complete(evaluation)
    side.ports.notifier.processing_failed(evaluation)
    assert len(side.told()) == 2
    assert "asha" not in json.dumps(side.told())


def test_an_upload_is_told_with_its_words_and_without_its_person(side: Side) -> None:
    film = ConfirmedUpload(upload_id="film-1", dish_id="poha", user_id="asha")
    side.ports.notifier.upload_confirmed(film, upload_notice("Poha", Language.ENGLISH))
    side.reopen().notifier.upload_confirmed(film)
    worded, bare = side.told()
    assert worded["eventId"] == bare["eventId"] == "film-1:upload-confirmed"
    assert (worded["dishId"], worded["status"]) == ("poha", "UPLOADED")
    assert worded["subject"] == "Your film of Poha has arrived"
    assert "subject" not in bare
    assert "asha" not in json.dumps([worded, bare])


def test_what_a_person_confirms_of_an_expert_is_in_the_dish_from_then_on(side: Side) -> None:
    before = side.ports.dishes.get("masala-chai")
    expert = sample_expert(before)
    keeping.put_expert(side.ports.objects, expert)
    assert side.reopen().dishes.get("masala-chai") == before
    confirmed = ConfirmedExpert(performance_id=expert.performance_id, sha256=expert.sha256)
    said = Confirmation(dish_id="masala-chai", at=side.clock.now(), by="p-0", experts=(confirmed,))
    keeping.put_confirmation(side.ports.objects, said)
    after = side.reopen().dishes.get("masala-chai")
    assert after.expert_performances[-1] == expert.performance
    assert after.sha256 != before.sha256
    assert after.version != before.version
    assert after in side.ports.dishes.list_dishes()


def test_the_clock_tells_utc(tmp_path) -> None:
    clock = build_ports(load_settings(home=tmp_path)).clock
    first = clock.now()
    assert first.utcoffset() == timedelta(0)
    assert abs(first - datetime.now(UTC)) < timedelta(seconds=5)
    assert clock.now() >= first


def test_dishes_are_listed_and_got(ports: Ports) -> None:
    dishes = ports.dishes.list_dishes()
    assert "masala-chai" in [dish.dish_id for dish in dishes]
    for dish in dishes:
        assert ports.dishes.get(dish.dish_id) == dish


def test_a_dish_that_is_not_there_is_answered_with_near_ones(ports: Ports) -> None:
    with pytest.raises(KnowledgeError, match="masala-chai"):
        ports.dishes.get("masala-chay")


def test_tips_are_of_the_dish_and_no_more_than_asked_for(ports: Ports) -> None:
    found = ports.tips.search("boil the milk", "masala-chai", 3)
    assert 1 <= len(found) <= 3
    assert all(tip.text and tip.source for tip in found)
    assert found[0] == ports.tips.search("boil the milk", "masala-chai", 1)[0]
    assert ports.tips.search("boil the milk", "masala-chai", 0) == []
    assert all(not tip.dishes or "masala-chai" in tip.dishes for tip in found)


@pytest.mark.parametrize("analyser", list(Analyser))
def test_a_model_names_itself_or_says_why_there_is_none(ports: Ports, analyser: Analyser) -> None:
    identity = ports.models.identify(analyser)
    assert identity.analyser == analyser
    if isinstance(identity, Unavailable):
        assert identity.reason
        with pytest.raises(EndpointError) as caught:
            ports.models.invoke(analyser, b"{}", "application/json")
        assert not caught.value.retryable
    else:
        assert isinstance(identity, ModelIdentity)
