"""Held films: what a person's decision leaves behind, over the real local ports."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from contract_sides import Side, local
from samples import sample_evaluation

from bharatchef.errors import HeldForPerson, InputError
from bharatchef.observed import Still
from bharatchef.ports import Looked, Ports, SeenLabel
from bharatchef.records import Evaluation
from bharatchef.review.trail import entries
from bharatchef.vocabulary import Status
from tasks.held import reject_held, release_held
from tasks.look_over import look_over
from tasks.publishing import record_failure

FILM = b"the bytes of a film"
SHA256 = hashlib.sha256(FILM).hexdigest()
KEY = "trainee/asha/egg-bhurji/1/front.mp4"
BY = "p-0123456789abcdef"
STILLS = (Still(key=f"media/{SHA256}/still.jpg", time_s=3, width_px=640, height_px=360),)


@dataclass
class Again:
    """Work that was put off."""

    wishes: list[tuple[str, str]] = field(default_factory=list)

    def reword(self, evaluation_id: str, attempt: int, delay_s: int) -> None:
        raise AssertionError((evaluation_id, attempt, delay_s))

    def leave_unworded(self, evaluation_id: str, attempt: int, reason: str) -> None:
        raise AssertionError((evaluation_id, attempt, reason))

    def analyse_again(self, evaluation_id: str, model_version: str) -> None:
        self.wishes.append((evaluation_id, model_version))


class SeesBlood:
    """A looker that finds every picture unfit."""

    def look(self, pictures: list[tuple[float, bytes]]) -> Looked:
        return Looked("a looker", unfit=(SeenLabel("Graphic Violence", 0.9, pictures[0][0]),))


@pytest.fixture
def side(tmp_path: Path) -> Side:
    return local(tmp_path)


@pytest.fixture
def ports(side: Side) -> Ports:
    return replace(side.ports, looker=SeesBlood(), later=Again())


def held(ports: Ports) -> Evaluation:
    """An evaluation that FAILED because its film is held."""
    ports.objects.put_bytes(KEY, FILM, "video/mp4")
    ports.objects.put_bytes(STILLS[0].key, b"a picture", "image/jpeg")
    started = sample_evaluation().model_copy(update={"trainee_video_s3_key": KEY})
    evaluation = ports.evaluations.claim(started, "one", 60).evaluation
    with pytest.raises(HeldForPerson) as raised:
        look_over(ports, SHA256, STILLS)
    return record_failure(ports, evaluation.evaluation_id, "one", str(raised.value))


def test_a_released_film_is_judged_again_and_the_trail_says_who_released_it(ports: Ports) -> None:
    evaluation = held(ports)
    assert release_held(ports, evaluation, BY, "It is tomato.")
    assert look_over(ports, SHA256, STILLS) is not None
    (entry,) = entries(ports.objects, evaluation.evaluation_id)
    assert (entry.kind, entry.by, entry.reason) == ("released", BY, "It is tomato.")
    assert isinstance(ports.later, Again)
    assert ports.later.wishes == [(evaluation.evaluation_id, f"released {SHA256[:16]}")]
    with pytest.raises(InputError, match="no film of it waits"):
        release_held(ports, evaluation, BY, "Once more.")


def test_without_a_queue_somebody_has_to_ask_again(ports: Ports) -> None:
    assert not release_held(replace(ports, later=None), held(ports), BY, "It is tomato.")


def test_a_rejected_film_is_gone_and_its_person_is_told_why(ports: Ports, side: Side) -> None:
    evaluation = held(ports)
    before = len(side.told())
    assert reject_held(ports, evaluation, BY, "It shows a wound") == 3
    assert not ports.objects.exists(KEY)
    assert list(ports.objects.list_keys("media/")) == []
    told = ports.evaluations.get(evaluation.evaluation_id)
    assert told is not None
    assert told.status is Status.FAILED
    assert "It shows a wound. Film the dish again." in told.failure_reason
    assert len(side.told()) == before + 1
    assert [entry.kind for entry in entries(ports.objects, evaluation.evaluation_id)] == ["rejected"]
    with pytest.raises(InputError, match="no film of it waits"):
        reject_held(ports, told, BY, "Once more.")


def test_what_failed_for_another_reason_is_not_held(ports: Ports) -> None:
    ports.objects.put_bytes(KEY, FILM, "video/mp4")
    started = sample_evaluation().model_copy(update={"trainee_video_s3_key": KEY})
    evaluation = ports.evaluations.claim(started, "one", 60).evaluation
    for decide in (release_held, reject_held):
        with pytest.raises(InputError, match="PROCESSING and no film"):
            decide(ports, evaluation, BY, "no reason")
    failed = record_failure(ports, evaluation.evaluation_id, "one", "It is dark.")
    with pytest.raises(InputError, match="FAILED and no film"):
        release_held(ports, failed, BY, "no reason")
    assert ports.objects.exists(KEY)
    assert entries(ports.objects, evaluation.evaluation_id) == ()


def test_no_name_is_kept_with_a_release(ports: Ports) -> None:
    release_held(ports, held(ports), BY, "It is tomato.")
    assert json.loads(ports.objects.get_bytes(f"media/{SHA256}/released.json"))["reviewer"] == BY
