"""Every package that lies in the repository, packed for SageMaker, serves from an empty folder."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from hosting import hosted, until
from model_folders import film
from running import ROOT

from bharatchef.observed import Analyser, Chunk
from bharatchef.perception.answers import check_answer
from model_packages.serving.archive import archive
from model_packages.serving.package import MANIFEST, Manifest

# One that misses its bar has its manifest under another name, so that the program does not find it.
SET_ASIDE = "model.below-bar.json"
SHIPPED = sorted(
    {
        path.parent.name
        for name in (MANIFEST, SET_ASIDE)
        for path in (ROOT / "model_packages").glob(f"*/{name}")
    }
)


def body_for(folder: Path, manifest: Manifest) -> tuple[bytes, str, float | None]:
    """What to ask a package about, its content type, and the film's length in seconds where it is known."""
    if manifest.warm_up is not None:
        return (folder / manifest.warm_up.body).read_bytes(), manifest.warm_up.content_type, None
    if manifest.analyser == "plate":
        return bytes(cv2.imencode(".jpg", np.full((256, 456, 3), 128, np.uint8))[1]), "image/jpeg", None
    return film(60, 120, 180, size=(456, 256)), "video/mp4", 3


@pytest.mark.parametrize("name", SHIPPED)
def test_it_serves_from_its_unpacked_archive(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "packages" / name
    shutil.copytree(ROOT / "model_packages" / name, folder, ignore=shutil.ignore_patterns("__pycache__"))
    if (folder / SET_ASIDE).exists():
        (folder / SET_ASIDE).rename(folder / MANIFEST)
    archive(folder, tmp_path / "model.tar.gz")
    manifest = Manifest.model_validate(json.loads((folder / MANIFEST).read_text()))
    body, content_type, length_s = body_for(folder, manifest)
    unpacked = tmp_path / "empty"
    unpacked.mkdir()
    with tarfile.open(tmp_path / "model.tar.gz") as tar:
        tar.extractall(unpacked)
    shutil.rmtree(tmp_path / "packages")
    names = {"SM_MODEL_DIR": str(unpacked), "SAGEMAKER_BIND_TO_PORT": "0"}
    with hosted(unpacked, words=("serve", "--host", "127.0.0.1"), wait=False, **names) as host:
        until(
            lambda: host.process.poll() is not None or host.ask("/ping").status == 200,
            "the host is ready, or has ended",
            timeout_s=120,
        )
        assert host.process.poll() is None, host.log.read_text()
        reply = host.ask(body=body, content_type=content_type, timeout_s=120)
    assert reply.status == 200, reply.body
    assert reply.headers["x-model-weights-sha256"] == manifest.weights_sha256
    chunk = (
        Chunk(key="", start_s=0, end_s=length_s, frames=1, size_bytes=len(body), sha256="0" * 64)
        if length_s
        else None
    )
    check_answer(Analyser(manifest.analyser), reply.json, chunk)
