"""TorchServe for a packed package: what is packed, closed and told, and that nothing stays behind."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hosting import OBEDIENT, until
from model_folders import BRIGHTNESS, answering, film, package
from running import ROOT, own_environment

from adapters.local.hosted import HostedModels
from adapters.local.models import LocalModels
from bharatchef.observed import Analyser, Unavailable
from model_packages.serving.__main__ import main
from model_packages.serving.mar import mar
from model_packages.serving.package import PackageError
from model_packages.serving.torchserve import Limits, TorchServe, group_members, managed, missing, torchserve

NEEDED = missing()
here = pytest.mark.skipif(bool(NEEDED), reason=f"TorchServe needs {NEEDED}")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TorchServe]:
    """A TorchServe whose package does what the body says."""
    root = tmp_path_factory.mktemp("torchserve")
    mar(package(root, code=OBEDIENT, content_types=["application/json", "video/mp4"]), root / "obedient.mar")
    with torchserve(root / "obedient.mar", limits=Limits(max_body_bytes=1_000_000)) as serving:
        yield serving


def asked(
    url: str, body: bytes = b"{}", method: str = "POST", path: str = "/invocations", **headers: str
) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(urlsplit(url).hostname or "", urlsplit(url).port, timeout=30)
    sent = {"content_type": "application/json", **headers}
    try:
        named = {name.replace("_", "-"): value for name, value in sent.items()}
        connection.request(method, path, body, named)
        response = connection.getresponse()
        said = response.read()
        return response.status, json.loads(said) if said else None
    finally:
        connection.close()


def test_the_archive_holds_the_package_beside_the_handler(tmp_path: Path) -> None:
    folder = package(tmp_path)
    (folder / "net").mkdir()
    (folder / "net" / "scale.py").write_text("SCALE = 1\n")
    (folder / ".hidden").write_text("x")
    bystander = Path(os.environ.get("TMPDIR", "/tmp"), "bharatchef-bystander")
    bystander.mkdir(exist_ok=True)
    try:
        # The archiver empties a folder of the model's name in the common temporary folder.
        assert main(["mar", str(folder), str(tmp_path / f"{bystander.name}.mar")]) == 0
        assert bystander.is_dir()
    finally:
        bystander.rmdir()
    with zipfile.ZipFile(tmp_path / f"{bystander.name}.mar") as archive:
        assert sorted(archive.namelist()) == [
            "MAR-INF/MANIFEST.json",
            "package/inference.py",
            "package/model.json",
            "package/net/scale.py",
            "package/weights.json",
            "torchserve_handler.py",
        ]
        assert archive.read("package/model.json") == (folder / "model.json").read_bytes()


def test_what_cannot_be_packed_leaves_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = package(tmp_path), tmp_path / "out"
    out.mkdir()
    assert main(["mar", str(folder), str(out / "my model.zip")]) == 7
    assert "Expected a name like my-model.mar" in capsys.readouterr().err
    (folder / "weights.json").write_text("{}")
    assert main(["mar", str(folder), str(out / "m.mar")]) == 7
    assert "are not those it was measured with" in capsys.readouterr().err
    assert list(out.iterdir()) == []
    (out / "m.mar").write_bytes(b"no archive")
    with (
        pytest.raises(PackageError, match=r"Expected an archive for TorchServe, got 'm\.mar'"),
        torchserve(out / "m.mar"),
    ):
        pass


@here
def test_models_cannot_be_changed_and_are_managed_by_this_user_alone(running: TorchServe) -> None:
    status, (model,) = managed(running.folder, "GET", "/models/model")
    assert status == 200
    assert [worker["status"] for worker in model["workers"]] == ["READY", "READY"]
    assert running.folder.stat().st_mode & 0o077 == 0
    for method, path in (("POST", "/models?url=model.mar"), ("DELETE", "/models/model")):
        assert managed(running.folder, method, path)[0] == 405
    for method, path in (("GET", "/models"), ("DELETE", "/models/model"), ("GET", "/metrics")):
        assert asked(running.url, b"", method, path)[0] == 404


@here
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="looks for open ports in /proc")
def test_all_ports_are_on_this_machine_alone(running: TorchServe) -> None:
    sockets = {
        str(link.readlink())
        for process in group_members(running.group)
        for link in Path(f"/proc/{process}/fd").iterdir()
        if link.is_symlink()
    }
    open_ones = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and f"socket:[{words[9]}]" in sockets:
                open_ones.append(words[1].rpartition(":")[0])
    # 127.0.0.1, as IPv4 and as IPv6 writes it: predictions and the two of gRPC.
    loopback = {"0100007F", "0000000000000000FFFF00000100007F"}
    assert len(open_ones) == 3
    assert set(open_ones) <= loopback


@here
def test_errors_have_the_status_and_words_of_the_other_host(running: TorchServe) -> None:
    def kind(body: bytes = b"{}", **headers: str) -> tuple[int, str, str]:
        status, said = asked(running.url, body, **headers)
        assert set(said["error"]) == {"kind", "message"}
        return status, said["error"]["kind"], said["error"]["message"]

    assert asked(running.url, b'{"value": 7}') == (200, {"value": 7, "thread": "MainThread", "threads": "1"})
    assert kind(content_type="image/jpeg")[:2] == (415, "content_type")
    assert kind(content_encoding="gzip")[:2] == (415, "content_type")
    assert kind(accept="text/html")[:2] == (406, "accept")
    assert kind(b"")[:2] == (400, "broken_body")
    assert kind(b"{")[:2] == (400, "broken_body")
    status, word, message = kind(b'{"status_code": 422}')
    assert (status, word, "words for the client" in message) == (422, "package", True)
    assert kind(b'{"status_code": 429}')[:2] == (429, "package_unavailable")
    status, word, message = kind(b'{"raise": "secret"}')
    assert (status, word) == (500, "package")
    assert "secret" not in message
    assert asked(running.url, bytes(1_100_000))[0] == 413


@here
def test_two_workers_answer_at_the_same_time(running: TorchServe, tmp_path: Path) -> None:
    gate, began = tmp_path / "gate", tmp_path / "began"
    holding = json.dumps({"began": str(began), "until": str(gate), "value": "held"}).encode()
    words = [sys.executable, "-c", HOLD, running.url, holding.decode()]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        until(began.exists, "the first worker is busy")
        assert asked(running.url, b'{"value": "free"}')[1]["value"] == "free"
        assert process.poll() is None
    finally:
        gate.touch()
        assert "held" in process.communicate(timeout=20)[0]


HOLD = (
    "import sys, urllib.request as u;"
    " print(u.urlopen(u.Request(sys.argv[1] + '/invocations', sys.argv[2].encode(),"
    " {'Content-Type': 'application/json'})).read().decode())"
)


@here
def test_the_program_finds_out_which_model_it_is(running: TorchServe) -> None:
    models = HostedModels({"actions": running.url}, LocalModels(()))
    said = models.identify(Analyser.ACTIONS)
    assert not isinstance(said, Unavailable)
    assert (said.name, said.weights_sha256) == ("brightness", running.manifest.weights_sha256)
    wrong = HostedModels({"heat": running.url}, LocalModels(())).identify(Analyser.HEAT)
    assert isinstance(wrong, Unavailable)
    assert wrong.reason == "The host for heat has a model for actions."


@here
def test_a_package_that_cannot_answer_is_told_and_nothing_stays(tmp_path: Path) -> None:
    sample = {"body": "model.json", "content_type": "application/json"}
    mar(package(tmp_path, code=answering("raise KeyError('cold')"), warm_up=sample), tmp_path / "m.mar")
    before = set(Path(os.environ.get("TMPDIR", "/tmp")).glob("bcts-*"))
    with (
        pytest.raises(PackageError, match="failed to answer: KeyError: 'cold'"),
        torchserve(tmp_path / "m.mar", limits=Limits(workers=1)),
    ):
        pass
    assert set(Path(os.environ.get("TMPDIR", "/tmp")).glob("bcts-*")) == before


@here
def test_whoever_fails_in_its_context_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = package(tmp_path, warm_up={"body": "sample.mp4", "content_type": "video/mp4"})
    (folder / "sample.mp4").write_bytes(film(20, 220))
    mar(folder, tmp_path / "m.mar")
    shutil.rmtree(folder)
    seen = []

    def fail() -> None:
        with torchserve(tmp_path / "m.mar", limits=Limits(workers=1)) as serving:
            seen.append(serving)
            assert len(group_members(serving.group)) == 2
            status, answer = asked(serving.url, film(20, 220), content_type="video/mp4")
            assert (status, answer["times"]) == (200, [0.5, 1.5])
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail()
    assert group_members(seen[0].group) == []
    assert not seen[0].folder.exists()


@here
def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    mar(package(tmp_path, code=BRIGHTNESS), tmp_path / "m.mar")
    words = ["torchserve", str(tmp_path / "m.mar"), "--port", "0", "--workers", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "model_packages.serving", *words],
        cwd=ROOT,
        env=own_environment(tmp_path, TMPDIR=str(tmp_path)),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = "http" + process.stdout.readline().strip().rpartition("http")[2]
        assert process.stdout.readline() == "ready\n"
        assert asked(url, film(220), content_type="video/mp4")[1]["times"] == [0.5]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()
    with pytest.raises(ConnectionRefusedError):
        asked(url)
    assert list(tmp_path.glob("bcts-*")) == []


def test_what_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    began = time.monotonic()
    with (
        pytest.raises(PackageError, match="TorchServe needs Java 11 or later"),
        torchserve(tmp_path / "m.mar"),
    ):
        pass
    assert time.monotonic() - began < 1
