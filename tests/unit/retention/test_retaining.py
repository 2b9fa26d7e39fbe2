"""The rules of retention over the real local ports: what is due when, and a run that is killed."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from contract_sides import Side, local
from hypothesis import given
from hypothesis import strategies as st
from people_samples import OTHER, USER, seed
from samples import sample_evaluation, sha

from bharatchef.errors import ConfigurationError
from bharatchef.retention import load_policy
from bharatchef.settings import Settings, load_settings
from tasks.publishing import archive_key
from tasks.retaining import Retained, enforce, planned

NOW = datetime.now(UTC)
POLICY = load_policy()


@pytest.fixture
def side(tmp_path: Path) -> Side:
    return local(tmp_path)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home", built_in_models=False)


def later(side: Side, days: float) -> None:
    """Let it be so many days after now; what lies in a folder was made now."""
    until = NOW + timedelta(days=days, hours=1)
    side.clock.advance((until - side.clock.now()).total_seconds())


def what(done: Retained) -> dict[str, int]:
    kinds = [f"{entry.action} {entry.kind}" for entry in done.due]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def test_nothing_is_due_at_first_and_looking_changes_nothing(side, settings):
    seed(side.ports, settings)
    before = list(side.ports.objects.list_keys(""))
    assert planned(side.ports, settings).due == ()
    later(side, 90)
    assert planned(side.ports, settings).due != ()
    assert list(side.ports.objects.list_keys("")) == before


def test_films_are_archived_at_90_days_and_proxies_go_at_30(side, settings):
    seeded = seed(side.ports, settings)
    film = seeded.other.trainee_video_s3_key or ""
    later(side, 30)
    assert what(enforce(side.ports, settings)) == {"delete proxies": 3, "delete task result": 4 + 4}
    assert side.ports.objects.exists(film)
    later(side, 90)
    assert what(enforce(side.ports, settings)) == {"archive film": 4}
    assert not side.ports.objects.exists(film)
    assert side.ports.objects.exists(archive_key(film))
    assert side.ports.objects.exists(archive_key(f"trainee/{USER}/egg-bhurji/1/front.mp4"))
    assert enforce(side.ports, settings).due == ()
    assert side.ports.evaluations.history(OTHER), "the result stays"
    later(side, 90 + 640)
    assert what(enforce(side.ports, settings)) == {"delete film": 4}
    assert list(side.ports.objects.list_keys("archive/")) == []


def test_rules_of_one_s_own_delete_films_instead(side, settings, tmp_path):
    seed(side.ports, settings)
    text = (Path(__file__).parents[3] / "bharatchef" / "retention.yaml").read_text()
    own = tmp_path / "rules.yaml"
    own.write_text(text.replace("then: archive", "then: delete").replace("days: 90", "days: 10", 1))
    ours = settings.model_copy(update={"retention": own})
    later(side, 10)
    assert what(enforce(side.ports, ours)) == {"delete film": 4}
    assert list(side.ports.objects.list_keys("trainee/")) == []


def test_evaluations_go_whole_after_three_years_and_receipts_stay(side, settings):
    seed(side.ports, settings)
    side.ports.objects.put_bytes("receipts/p-1/one.json", b"{}", "application/json")
    later(side, 1096)
    assert what(enforce(side.ports, settings))["delete evaluation"] == 4
    assert side.ports.evaluations.find("") == []
    kept = {key.split("/")[0] for key in side.ports.objects.list_keys("")}
    assert kept == {"label-stills", "labels", "people", "receipts", "retraining", "trail"}


def test_what_is_in_use_waits(side, settings):
    film, marks = f"films/{sha('being judged')}.mp4", f"segments/{sha('marks')}.json"
    for key in (film, marks, f"media/{sha('being judged')}/stills/0.jpg", "segments/nobody-s.json"):
        side.ports.objects.put_bytes(key, b"x", "video/mp4")
    asked = sample_evaluation("ev-1").model_copy(
        update={"trainee_video_s3_key": film, "segments_s3_key": marks}
    )
    side.ports.evaluations.claim(asked, "one", 60)
    side.ports.objects.put_bytes("notices/uploads/1.json", b"{}", "application/json")
    later(side, 100)
    due = [entry.key for entry in enforce(side.ports, settings).due]
    assert due == ["notices/uploads/1.json", "segments/nobody-s.json"]
    side.ports.evaluations.fail("ev-1", "one", "It was too dark.")
    assert what(enforce(side.ports, settings)) == {"archive film": 1, "delete proxies": 1}


def test_an_expert_s_film_stays_while_a_dish_is_measured_by_it(side, settings):
    for name in ("named", "unnamed"):
        side.ports.objects.put_bytes(f"expert/chai/{name}.mp4", b"x", "video/mp4")
    onboarded = b'{"videoS3Key": "expert/chai/named.mp4"}'
    side.ports.objects.put_bytes("experts/chai/one/performance.json", onboarded, "application/json")
    later(side, 364)
    assert enforce(side.ports, settings).due == ()
    later(side, 365)
    assert [entry.key for entry in enforce(side.ports, settings).due] == ["expert/chai/unnamed.mp4"]
    assert side.ports.objects.exists("expert/chai/named.mp4")


def test_old_result_files_of_prefect_go(side, settings):
    storage = settings.prefect_home / "storage"
    storage.mkdir(parents=True)
    for name, days in (("old", 31), ("new", 29)):
        (storage / name).write_text("{}")
        made = time.time() - days * 86_400
        os.utime(storage / name, (made, made))
    later(side, 0)
    assert what(enforce(side.ports, settings)) == {"delete task result": 1}
    assert [path.name for path in storage.iterdir()] == ["new"]


class DyingObjects:
    """The object store, killed as by kill -9 at the so-manieth thing that it removes."""

    def __init__(self, objects: Any, at: int) -> None:
        self._objects = objects
        self._left = at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._objects, name)

    def erase(self, key: str) -> int:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return int(self._objects.erase(key))


@pytest.mark.parametrize("at", [1, 2, 4, 7])
def test_killed_in_its_midst_the_next_run_goes_on_and_tells_of_all(side, settings, at):
    seed(side.ports, settings)
    later(side, 100)
    due = planned(side.ports, settings).due
    child = os.fork()
    if child == 0:
        try:
            enforce(replace(side.ports, objects=DyingObjects(side.ports.objects, at)), settings)
        finally:
            os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    done = enforce(side.ports, settings)
    assert sorted((*done.due, *done.done_before), key=str) == sorted(due, key=str)
    assert enforce(side.ports, settings) == planned(side.ports, settings)
    assert planned(side.ports, settings).due == ()
    assert not side.ports.objects.exists("retention/open.json")
    films = list(side.ports.objects.list_keys("films/"))
    assert films == []
    assert len(list(side.ports.objects.list_keys("archive/"))) == 4


def test_what_is_told_names_nobody(side, settings):
    seed(side.ports, settings)
    later(side, 100)
    told = "\n".join(planned(side.ports, settings).lines())
    assert "trainee/…/egg-bhurji/1/front.mp4" in told
    assert USER not in told


@given(st.integers(min_value=0, max_value=1000))
def test_a_film_s_age_decides(days):
    rule = POLICY.trainee_films
    due = POLICY.film_is_due(NOW - timedelta(days=days), NOW)
    assert due == ("delete" if days >= rule.archive_days else "archive" if days >= rule.days else "keep")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("version: [", "not YAML"),
        ("- 1", "rules by name"),
        ('version: "1"', "trainee_films"),
        (None, "No such file"),
    ],
)
def test_wrong_rules_are_told_with_their_place(tmp_path, text, told):
    path = tmp_path / "rules.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigurationError, match=told):
        load_policy(path)


def test_an_archive_that_ends_before_it_begins_is_refused(tmp_path):
    text = (Path(__file__).parents[3] / "bharatchef" / "retention.yaml").read_text()
    (tmp_path / "rules.yaml").write_text(text.replace("archive_days: 730", "archive_days: 90"))
    with pytest.raises(ConfigurationError, match="archive_days above days"):
        load_policy(tmp_path / "rules.yaml")
