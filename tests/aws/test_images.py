"""The container images: linted, none runs as root, and their build steps run without an engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from running import ROOT, own_environment
from servers.emulators import free_port

DOCKER = ROOT / "docker"
FILES = sorted(DOCKER.glob("*.Dockerfile"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_hadolint_finds_nothing(file):
    hadolint = ROOT / ".checkov" / "bin" / "hadolint"
    if not hadolint.exists():
        pytest.skip("hadolint is not here: `make setup-emulators` installs it")
    found = subprocess.run([hadolint, str(file)], capture_output=True, text=True, timeout=120, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def _stages(file: Path) -> dict[str, tuple[str, list[str]]]:
    """Each stage's base and its instructions."""
    text = re.sub(r"\\\n\s*", " ", file.read_text())
    stages: dict[str, tuple[str, list[str]]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if made := re.fullmatch(r"FROM (\S+) AS (\S+)", line):
            lines = []
            stages[made[2]] = (made[1], lines)
        elif line and not line.startswith("#"):
            lines.append(line)
    return stages


@pytest.mark.parametrize(
    ("file", "stage"),
    [
        ("worker.Dockerfile", "worker"),
        ("worker.Dockerfile", "intake"),
        ("model-host.Dockerfile", "host-asgi"),
        ("model-host.Dockerfile", "host-torchserve"),
    ],
)
def test_what_runs_is_no_root_holds_no_source_and_writes_to_tmp_alone(file, stage):
    stages = _stages(DOCKER / file)
    base, own = stages[stage]
    assert [line for line in own if line.startswith("USER ")] == ["USER 10001"]
    assert own.index("USER 10001") > max(
        i for i, line in enumerate(own) if line.startswith(("COPY", "RUN")) or i == 0
    )
    inherited = []
    while base in stages:
        base, lines = stages[base]
        inherited += lines
    assert not any(line.startswith("COPY . ") for line in [*own, *inherited])
    assert "VOLUME /tmp" in inherited
    written = re.findall(r"(?:HOME|CACHE_DIR)=(\S+)", " ".join(inherited))
    assert written
    assert all(place.startswith("/tmp") for place in written)


def test_model_host_chooses_the_host():
    stages = _stages(DOCKER / "model-host.Dockerfile")
    assert stages["host"][0] == "host-${MODEL_HOST}"
    assert {"host-asgi", "host-torchserve"} <= set(stages)


def test_what_the_images_start_is_there():
    words = (DOCKER / "worker.Dockerfile").read_text()
    assert 'CMD ["bharatchef", "intake"]' in words
    found = subprocess.run(
        [sys.executable, "-m", "app", "intake", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0
    assert "--replay-dlq" in found.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("role", ["intake", "worker", "asgi", "torchserve"])
def test_the_build_steps_run_and_what_they_made_starts(role, tmp_path):
    source = tmp_path / "source"
    ignored = shutil.ignore_patterns(*_ignored(), "__pycache__", "*.egg-info", ".*")
    shutil.copytree(ROOT, source, ignore=ignored)
    target = tmp_path / "made"
    built = subprocess.run(
        [str(source / "docker" / "install.sh"), str(source), str(target), role],
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=850,
        check=False,
    )
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    assert not (target / "bin" / "pip").exists()
    environment = own_environment(tmp_path, PATH=os.environ["PATH"])
    if role == "asgi":
        packages = sorted(found.parent for found in (source / "model_packages").glob("*/model.json"))
        assert len(packages) >= 3
        for package in packages:
            _answers(target, package, environment)
    if role in ("intake", "worker"):
        lacking = subprocess.run(
            [str(target / "bin" / "bharatchef"), "intake"],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert lacking.returncode == 3
        assert "BHARATCHEF_TRAINEE_BUCKET" in lacking.stderr
    # A worker's environment is above a gigabyte, and pytest keeps what three runs made.
    shutil.rmtree(target)


def _answers(target: Path, package: Path, environment: dict[str, str]) -> None:
    """The host that was made is ready for a package, and says which."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    words = ["-m", "model_packages.serving", str(package), "--host", "127.0.0.1", "--port", str(port)]
    host = subprocess.Popen([str(target / "bin" / "python"), *words], env=environment, cwd=target)
    try:
        until = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"{address}/ping", timeout=5).close()
                break
            except OSError:
                assert host.poll() is None, "the host ended"
                assert time.monotonic() < until, "the host was not ready in two minutes"
                time.sleep(0.5)
        with urllib.request.urlopen(f"{address}/model", timeout=5) as said:
            assert json.load(said)["name"] == json.loads((package / "model.json").read_text("utf-8"))["name"]
    finally:
        host.terminate()
        host.wait(60)


def _ignored() -> list[str]:
    """The folders at the root that .dockerignore names."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#") and "/" not in line]
