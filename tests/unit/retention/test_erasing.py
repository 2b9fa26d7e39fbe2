"""An erasure over the local ports: nothing is left, what stays is said, kill -9 leaves it to the next."""

from __future__ import annotations

import json
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from contract_sides import Side, local
from people_samples import EMAIL, MODELS, NAME, OTHER, USER, found_in_files, published_keys, seed
from samples import sha

from bharatchef.erasing.person import Erasable, Traces
from bharatchef.erasing.receipts import Receipt, is_genuine, read_receipt
from bharatchef.errors import InputError
from bharatchef.pseudonyms import receipt_key
from bharatchef.retraining.parting import Parting
from bharatchef.review.labels import labels_key, training_labels
from bharatchef.settings import Settings, load_settings
from tasks.erasing import (
    ask_for_erasure,
    complete_erasure,
    is_empty,
    last_receipt,
    looked_up,
    open_erasures,
)
from tasks.erasing_objects import places_of_ports


@pytest.fixture
def side(tmp_path: Path) -> Side:
    return local(tmp_path)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home", built_in_models=False)


def here(side: Side, settings: Settings) -> list[Erasable]:
    from adapters.local.erasing import places_here

    return [*places_of_ports(side.ports), *places_here(settings)]


def erased(side: Side, settings: Settings) -> Receipt:
    places = here(side, settings)
    found = looked_up(side.ports, settings, places, USER)
    ask_for_erasure(side.ports, found)
    receipt = complete_erasure(side.ports, settings, places, found.traces.person)
    assert receipt is not None
    return receipt


def test_nothing_of_the_person_is_left_and_all_of_the_other_is(side, settings):
    seeded = seed(side.ports, settings)
    before = {key: side.ports.objects.get_bytes(key) for key in published_keys(side.ports, seeded.other)}
    assert found_in_files(settings.home), "there is something to erase"

    receipt = erased(side, settings)

    assert found_in_files(settings.home) == []
    assert side.ports.evaluations.user(USER) is None
    assert side.ports.evaluations.history(USER) == []
    assert seeded.film_sha256 not in "".join(side.ports.objects.list_keys(""))
    assert [e["evaluationId"] for e in side.told()] == ["bhurji-9-ffff"]
    assert {k: side.ports.objects.get_bytes(k) for k in published_keys(side.ports, seeded.other)} == before
    assert side.ports.objects.exists(seeded.other.trainee_video_s3_key)
    assert side.ports.evaluations.user(OTHER) is not None
    assert [labels.evaluation_id for labels in training_labels(side.ports.objects)] == ["bhurji-9-ffff"]
    parting = Parting.model_validate_json(side.ports.objects.get_bytes("retraining/slowfast/parting.json"))
    assert parting.parts == {"person:p-0000000000000001": "test"}
    left = json.loads(side.ports.objects.get_bytes(f"retraining/{MODELS[0]}/record.json"))
    assert [entry["evaluationId"] for entry in left["data"]["training"]] == ["bhurji-9-ffff"]
    assert b"bhurji-1" not in side.ports.objects.get_bytes(f"retraining/{MODELS[0]}/manifest.jsonl")
    answers = list(side.ports.objects.list_keys("prefect-results/answer"))
    assert [answer.rsplit("-", 1)[-1] for answer in answers] == [sha("somebody else")]
    assert receipt.models == MODELS
    (still,) = side.ports.objects.list_keys("label-stills/")
    assert sha("somebody else") in still
    batches = {key.rsplit("/", 1)[-1].split(".")[0] for key in side.ports.objects.list_keys("batch/")}
    assert batches == {sha("somebody else")}


def test_the_trail_stays_under_the_pseudonym(side, settings):
    seeded = seed(side.ports, settings)
    receipt = erased(side, settings)
    appeal, signed = list(side.ports.objects.list_keys("trail/"))
    said = json.loads(side.ports.objects.get_bytes(appeal))
    assert said == {"by": seeded.person, "why": "I, … (…), did stir. Write to …."}
    assert json.loads(side.ports.objects.get_bytes(signed)) == {"by": "p-0000000000000002"}
    kept = {entry.what: entry.count for entry in receipt.kept}
    assert kept == {
        "films and segments": 1,
        "labels of other people's films": 1,
        "entries in the trail of reviews": 2,
    }


def test_labels_that_a_reviewer_corrected_of_others_stay_as_they_are_and_the_receipt_says_so(side, settings):
    seeded = seed(side.ports, settings)
    key = labels_key("training", seeded.other.evaluation_id)
    before = side.ports.objects.get_bytes(key)
    assert json.loads(before)["correctedBy"] == seeded.person
    receipt = erased(side, settings)
    assert side.ports.objects.get_bytes(key) == before
    (kept,) = (entry for entry in receipt.kept if entry.what.startswith("labels"))
    assert (kept.count, "by pseudonym" in kept.why) == (1, True)


def test_the_receipt_is_whole_signed_and_names_nobody(side, settings):
    seed(side.ports, settings)
    receipt = erased(side, settings)
    counts = {there.place: there.count for there in receipt.erased}
    assert counts["records in the tables"] == 4
    assert counts["consent"] == 2
    assert counts["corrected labels"] == 2
    assert counts["training manifests and other documents"] == 3 + 1
    assert counts["results of tasks"] == 3 + 2
    assert counts["announcements"] == 3
    assert counts["films, proxies, stills, segments and results"] > 10
    assert [backup.until for backup in receipt.backups] == [None]
    stored = side.ports.objects.get_bytes(receipt.name)
    assert read_receipt(stored) == receipt
    for word in (USER, NAME, EMAIL, "bhurji-1"):
        assert word.encode() not in stored
    key = receipt_key(settings)
    assert is_genuine(receipt, key)
    assert not is_genuine(receipt, b"k" * 32)
    fewer = receipt.model_copy(update={"erased": receipt.erased[1:]})
    assert not is_genuine(fewer, key)
    with pytest.raises(InputError, match="receipt"):
        read_receipt(b'{"person": "p-1"}')


def test_looking_changes_nothing_and_a_second_erasure_finds_nothing(side, settings):
    seed(side.ports, settings)
    places = here(side, settings)
    before = {key: side.ports.objects.get_bytes(key) for key in side.ports.objects.list_keys("")}
    found = looked_up(side.ports, settings, places, USER)
    assert not is_empty(found)
    assert {k: side.ports.objects.get_bytes(k) for k in side.ports.objects.list_keys("")} == before
    receipt = erased(side, settings)
    assert is_empty(looked_up(side.ports, settings, places, USER))
    assert last_receipt(side.ports, receipt.person) == receipt
    assert complete_erasure(side.ports, settings, places, receipt.person) is None
    assert open_erasures(side.ports) == []


class Dying:
    """A place that is killed, as by kill -9, before or after what it erases for the so-manieth time."""

    def __init__(self, place: Erasable, count: list[int], at: int) -> None:
        self.place = place.place
        self._place = place
        self._count = count
        self._at = at

    def find(self, traces: Traces) -> Any:
        return self._place.find(traces)

    def erase(self, traces: Traces, things: Any) -> None:
        self._tick()
        self._place.erase(traces, things)
        self._tick()

    def _tick(self) -> None:
        self._count[0] += 1
        if self._count[0] == self._at:
            os.kill(os.getpid(), signal.SIGKILL)


class DyingObjects:
    """The object store, killed at the so-manieth thing that it removes or writes."""

    def __init__(self, objects: Any, at: int) -> None:
        self._objects = objects
        self._at = at
        self._count = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._objects, name)
        if name not in ("erase", "erase_earlier", "put_bytes"):
            return found

        def counted(*arguments: Any) -> Any:
            self._count += 1
            if self._count == self._at:
                os.kill(os.getpid(), signal.SIGKILL)
            return found(*arguments)

        return counted


def died(work: Any) -> bool:
    """Whether a child process that does ``work`` was killed."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.slow
@pytest.mark.parametrize("how", ["places", "objects"])
def test_killed_anywhere_the_next_process_completes_it_and_the_receipt_tells_of_all(tmp_path, how):
    first = tmp_path / "0"
    side, settings = local(first), load_settings(home=first / "home", built_in_models=False)
    person = seed(side.ports, settings).person
    ask_for_erasure(side.ports, looked_up(side.ports, settings, here(side, settings), USER))
    for at in (1, 3, 4, 8, 13, 17):
        shutil.copytree(first, tmp_path / str(at))
    whole = complete(first, person)
    killed = [
        at for at in (1, 3, 4, 8, 13, 17) if died(lambda at=at: dying(tmp_path / str(at), person, how, at))
    ]
    assert len(killed) >= 5, "it was killed in its midst"
    for at in killed:
        assert complete(tmp_path / str(at), person) == whole, f"killed at {at}"


def complete(folder: Path, person: str) -> tuple[dict[str, int], tuple[str, ...]]:
    """What the receipt says once the erasure is complete: counts by place, and models."""
    side, settings = local(folder), load_settings(home=folder / "home", built_in_models=False)
    receipt = complete_erasure(side.ports, settings, here(side, settings), person)
    receipt = receipt or last_receipt(side.ports, person)
    assert receipt is not None
    assert found_in_files(settings.home) == []
    assert open_erasures(side.ports) == []
    return {there.place: there.count for there in receipt.erased}, receipt.models


def dying(folder: Path, person: str, how: str, at: int) -> None:
    """An erasure in this process, which is killed at the so-manieth step."""
    side, settings = local(folder), load_settings(home=folder / "home", built_in_models=False)
    count = [0]
    if how == "objects":
        ports = replace(side.ports, objects=DyingObjects(side.ports.objects, at))
        complete_erasure(ports, settings, here(replace(side, ports=ports), settings), person)
    else:
        places = [Dying(place, count, at) for place in here(side, settings)]
        complete_erasure(side.ports, settings, places, person)
