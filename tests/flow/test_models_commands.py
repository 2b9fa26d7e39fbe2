"""The models commands, each in a process of its own, with packages that really compute."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hosting import hosted
from model_folders import BRIGHTNESS, answering, package
from running import ROOT, own_environment

from adapters.local.registering import KINDS
from bharatchef.observed import Analyser

SAID = {"test": {"seconds": 60, "frameAccuracy": 0.9125}, "classes": ["background", "stir"]}


@pytest.fixture
def bharatchef(tmp_path: Path) -> Any:
    """The command with a home of its own; these commands need no Prefect server."""

    def run(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "app", *map(str, words)],
            env=own_environment(tmp_path, **environment),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A package outside the home, with what belongs to it and what does not."""
    folder = package(tmp_path / "elsewhere")
    (folder / "metrics.json").write_text(json.dumps(SAID))
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "old.pyc").write_bytes(b"x")
    return folder


def listed(bharatchef: Any, **environment: str) -> list[dict[str, Any]]:
    done = bharatchef("models", "list", "--json", **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(done: subprocess.CompletedProcess[str], status: int) -> str:
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return " ".join(done.stderr.split())


def test_a_package_is_added_shown_and_removed(bharatchef: Any, source: Path, tmp_path: Path) -> None:
    assert listed(bharatchef) == []
    assert "No model package is registered" in bharatchef("models", "list").stdout
    done = bharatchef("models", "add", source)
    assert done.returncode == 0, done.stderr
    assert "trained on nothing: a threshold set by hand" in done.stdout
    assert "it answers from now on" in done.stdout
    models = tmp_path / "bharatchef" / "models"
    assert {path.name for path in (models / "brightness").iterdir()} >= {"model.json", "weights.json"}
    assert not (models / "brightness" / "__pycache__" / "old.pyc").exists()
    assert [path.name for path in models.iterdir()] == ["brightness"]
    (row,) = listed(bharatchef)
    assert row["weightsSha256"] == json.loads((source / "model.json").read_text())["weights_sha256"]
    assert {name: row[name] for name in ("analyser", "name", "version", "origin", "answers", "problem")} == {
        "analyser": "actions",
        "name": "brightness",
        "version": "1.0",
        "origin": "models folder",
        "answers": True,
        "problem": "",
    }
    assert (row["classes"], row["metrics"]) == (["background", "stir"], {"frameAccuracy": 0.9125})
    table = bharatchef("models", "list", "--classes").stdout
    for words in ("brightness 1.0", "answers", "0.912", row["weightsSha256"][:12], "background, stir"):
        assert words in table
    assert "nobody is there to ask" in refused(bharatchef("models", "remove", "brightness"), 4)
    assert bharatchef("models", "remove", "brightness", "--yes").returncode == 0
    assert listed(bharatchef) == []
    assert "found none" in refused(bharatchef("models", "remove", "brightness", "--yes"), 4)


def test_another_of_the_same_name_is_not_replaced_unasked(
    bharatchef: Any, source: Path, tmp_path: Path
) -> None:
    assert bharatchef("models", "add", source).returncode == 0
    manifest = json.loads((source / "model.json").read_text()) | {"version": "2.0"}
    (source / "model.json").write_text(json.dumps(manifest))
    assert "Give --force to replace it." in refused(bharatchef("models", "add", source), 4)
    assert [row["version"] for row in listed(bharatchef)] == ["1.0"]
    assert bharatchef("models", "add", source, "--force").returncode == 0
    assert [row["version"] for row in listed(bharatchef)] == ["2.0"]
    assert [path.name for path in (tmp_path / "bharatchef" / "models").iterdir()] == ["brightness"]


@pytest.mark.parametrize(
    ("code", "manifest", "status", "words"),
    [
        (BRIGHTNESS, {"weights_sha256": "0" * 64}, 4, "are not those it was measured with"),
        (BRIGHTNESS, {"analyser": "smell"}, 4, "is damaged: analyser"),
        ("import no_such_library_at_all", {}, 7, "failed to load: ModuleNotFoundError"),
        (answering("raise KeyError('x')"), {}, 7, "failed to answer: KeyError"),
        (
            BRIGHTNESS,
            {"analyser": "heat"},
            7,
            "does not keep its contract: expected format 'bharatchef-heat'",
        ),
        (BRIGHTNESS.replace("[1 - p, p]", "[p, p]"), {}, 7, "to sum to 1"),
        (BRIGHTNESS.replace("s + 0.5", "s + 9.5"), {}, 7, "does not keep its contract"),
        (BRIGHTNESS, {"analyser": "plate"}, 7, "expected video/mp4, got image/jpeg"),
        (
            answering("return '{}' if p == b'hello' else None"),
            {"warm_up": {"body": "sample.json", "content_type": "application/json"}},
            7,
            "expected format 'bharatchef-actions'",
        ),
    ],
)
def test_what_cannot_answer_is_not_added(
    bharatchef: Any, tmp_path: Path, code: str, manifest: dict[str, Any], status: int, words: str
) -> None:
    folder = package(tmp_path / "elsewhere", code=code, **manifest)
    (folder / "sample.json").write_text("hello")
    assert words in refused(bharatchef("models", "add", folder), status)
    assert list((tmp_path / "bharatchef").glob("models/*")) == []


def test_what_is_no_package_or_no_known_kind_is_told(bharatchef: Any, tmp_path: Path) -> None:
    assert "found none" in refused(bharatchef("models", "add", tmp_path / "nowhere"), 4)
    file = tmp_path / "weights.pyth"
    file.write_bytes(b"no checkpoint")
    assert "found a file" in refused(bharatchef("models", "add", file), 4)
    assert "got 'mystery'" in refused(bharatchef("models", "add", file, "--as", "mystery"), 4)
    (tmp_path / "empty").mkdir()
    assert "it has no model.json" in refused(bharatchef("models", "add", tmp_path / "empty"), 4)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_file_that_is_no_official_checkpoint_is_told(bharatchef: Any, tmp_path: Path, kind: str) -> None:
    pytest.importorskip("torch")
    file = tmp_path / "weights.pyth"
    file.write_bytes(b"no checkpoint")
    said = refused(bharatchef("models", "add", file, "--as", kind), 4)
    assert f"Expected an official {kind} checkpoint at weights.pyth: " in said
    assert "found none" in refused(bharatchef("models", "add", tmp_path / "nowhere", "--as", kind), 4)
    missing = refused(bharatchef("models", "add", file, "--as", kind, "--labels", tmp_path / "none.txt"), 4)
    assert "label" in missing
    assert listed(bharatchef) == []


def test_damaged_ones_hosts_and_those_that_stand_by_are_told_apart(bharatchef: Any, tmp_path: Path) -> None:
    models = tmp_path / "bharatchef" / "models"
    package(models, "old", version="1.9")
    package(models, "new", version="1.10")
    package(models, "torn", analyser="heat", weights_sha256="0" * 64)
    (package(models, "unreadable") / "model.json").write_text("{")
    with hosted(package(tmp_path / "far", "elsewhere", analyser="plate")) as host:
        hosts = json.dumps({"plate": host.url, "objects": "http://127.0.0.1:9"})
        rows = {
            (row["name"], row["analyser"]): row for row in listed(bharatchef, BHARATCHEF_MODEL_HOSTS=hosts)
        }
    answering_ones = {name for (name, _), row in rows.items() if row["answers"]}
    assert answering_ones == {"new", "elsewhere"}
    assert rows["elsewhere", "plate"]["origin"] == f"host {host.url}"
    assert "does not answer" in rows["", "objects"]["problem"]
    assert "are not those it was measured with" in rows["torn", "heat"]["problem"]
    assert "is damaged: model.json" in rows["unreadable", ""]["problem"]
    shown = bharatchef("models", "list")
    assert "stands by" in shown.stdout
    assert "damaged" in shown.stdout
    assert "are not those it was measured with" in " ".join(shown.stderr.split())


def test_what_comes_with_the_program_is_shown_as_such(bharatchef: Any) -> None:
    shipped = {path.parent.name for path in (ROOT / "model_packages").glob("*/model.json")}
    rows = listed(bharatchef, BHARATCHEF_BUILT_IN_MODELS="true")
    assert len(rows) == len(shipped)
    assert {row["origin"] for row in rows} <= {"comes with the program"}
    assert {row["problem"] for row in rows} <= {""}
    assert {row["analyser"] for row in rows} <= {analyser.value for analyser in Analyser}
    assert listed(bharatchef) == []
