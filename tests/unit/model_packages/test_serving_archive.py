"""Packages packed for SageMaker: the layout, the same bytes each time, and that the unpacked one serves."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from hosting import hosted, until
from model_folders import BRIGHTNESS, film, package
from running import ROOT

from model_packages.serving.__main__ import main
from model_packages.serving.archive import archive
from model_packages.serving.package import PackageError, read_package

# The package of the other tests, with a neighbour and with data that lies beside its code.
WITH_NEIGHBOURS = BRIGHTNESS.replace(
    "def model_fn", "from .net.scale import SCALE\nfrom . import labels\n\ndef model_fn"
).replace('"labels": ["background", "stir"]', '"labels": labels.read()')
LABELS = (
    "import json\nfrom pathlib import Path\n\ndef read():\n"
    "    return json.loads(Path(__file__).with_name('labels.json').read_text())\n"
)


def whole_package(root: Path) -> Path:
    folder = package(root, code=WITH_NEIGHBOURS)
    (folder / "net").mkdir()
    (folder / "net" / "scale.py").write_text("SCALE = 1\n")
    (folder / "labels.py").write_text(LABELS)
    (folder / "labels.json").write_text('["background", "stir"]')
    (folder / "MODEL_CARD.md").write_text("# Brightness\n")
    (folder / "requirements.txt").write_text("av\n")
    (folder / "large.bin").write_bytes(bytes(1_000_001))
    (folder / ".hidden").write_text("x")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "inference.pyc").write_bytes(b"x")
    return folder


def test_code_and_weights_lie_where_sagemaker_looks_for_them(tmp_path: Path) -> None:
    folder, out = whole_package(tmp_path), tmp_path / "model.tar.gz"
    archive(folder, out)
    with tarfile.open(out) as tar:
        assert tar.getnames() == [
            "MODEL_CARD.md",
            "code/MODEL_CARD.md",
            "code/inference.py",
            "code/labels.json",
            "code/labels.py",
            "code/net/scale.py",
            "code/requirements.txt",
            "labels.json",
            "large.bin",
            "model.json",
            "weights.json",
        ]
        manifest = json.load(tar.extractfile("model.json"))  # type: ignore[arg-type]
    assert manifest == {**json.loads((folder / "model.json").read_text()), "inference": "code/inference.py"}


def test_the_same_package_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = whole_package(tmp_path / "one")
    copy = tmp_path / "two" / "other_name"
    shutil.copytree(folder, copy)
    for path in copy.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700)
    archive(folder, tmp_path / "a.tar.gz")
    archive(copy, tmp_path / "b.tar.gz")
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tar.gz").read_bytes()
    (copy / "labels.json").write_text('["background", "boil"]')
    archive(copy, tmp_path / "b.tar.gz")
    assert (tmp_path / "a.tar.gz").read_bytes() != (tmp_path / "b.tar.gz").read_bytes()


def test_an_unpacked_archive_serves_from_an_empty_folder(tmp_path: Path) -> None:
    out = tmp_path / "model.tar.gz"
    assert main(["archive", str(whole_package(tmp_path / "packages")), str(out)]) == 0
    unpacked = tmp_path / "empty"
    unpacked.mkdir()
    with tarfile.open(out) as tar:
        tar.extractall(unpacked)
    shutil.rmtree(tmp_path / "packages")
    names = {"SM_MODEL_DIR": str(unpacked), "SAGEMAKER_BIND_TO_PORT": "0"}
    with hosted(unpacked, words=("serve", "--host", "127.0.0.1"), wait=False, **names) as host:
        until(lambda: host.ask("/ping").status == 200, "the host is ready")
        answer = host.ask(body=film(20, 220), content_type="video/mp4").json
    assert answer["labels"] == ["background", "stir"]
    assert [row[1] for row in answer["probabilities"]] == [0.05, 0.95]


def test_an_archive_of_an_archive_s_folder_is_the_same_package(tmp_path: Path) -> None:
    archive(whole_package(tmp_path), tmp_path / "model.tar.gz")
    with tarfile.open(tmp_path / "model.tar.gz") as tar:
        tar.extractall(tmp_path / "unpacked")
    package_there = read_package(tmp_path / "unpacked")
    assert package_there.problem == ""
    assert package_there.answer(film(220), "video/mp4").decoded["times"] == [0.5]


def test_what_cannot_be_packed_leaves_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = whole_package(tmp_path), tmp_path / "out" / "model.tar.gz"
    out.parent.mkdir()
    outside = tmp_path / "secret"
    outside.write_text("x")
    (folder / "link").symlink_to(outside)
    with pytest.raises(PackageError, match="'link' is a link out of its folder"):
        archive(folder, out)
    (folder / "link").unlink()
    (folder / "weights.json").write_text("{}")
    assert main(["archive", str(folder), str(out)]) == 7
    assert "are not those it was measured with" in capsys.readouterr().err
    assert main(["archive", str(tmp_path / "nowhere"), str(out)]) == 7
    assert "it has no model.json" in capsys.readouterr().err
    assert list(out.parent.iterdir()) == []


def test_packing_needs_no_server(tmp_path: Path) -> None:
    folder = whole_package(tmp_path)
    code = (
        "import sys; from model_packages.serving.__main__ import main;"
        f" main(['archive', {str(folder)!r}, {str(tmp_path / 'm.tar.gz')!r}]);"
        " assert 'uvicorn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=ROOT)


def test_all_packages_of_a_folder_are_packed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole_package(tmp_path / "packages")
    (tmp_path / "packages" / "no-package").mkdir()
    assert main(["pack-all", "archive", str(tmp_path / "out"), "--packages", str(tmp_path / "packages")]) == 0
    assert [p.relative_to(tmp_path) for p in tmp_path.glob("out/*/*")] == [
        Path("out/brightness/model.tar.gz")
    ]
    archive(tmp_path / "packages" / "brightness", tmp_path / "single.tar.gz")
    packed = (tmp_path / "out" / "brightness" / "model.tar.gz").read_bytes()
    assert packed == (tmp_path / "single.tar.gz").read_bytes()
    assert str(tmp_path / "out") in capsys.readouterr().out
    (tmp_path / "packages" / "brightness" / "weights.json").write_text("{}")
    assert main(["pack-all", "archive", str(tmp_path / "out"), "--packages", str(tmp_path / "packages")]) == 7
    assert (tmp_path / "out" / "brightness" / "model.tar.gz").read_bytes() == packed
