"""The plate package with its own weights, on drawn kitchens, and ResNet-50 as another backbone of it."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from bharatchef.observed import Analyser
from bharatchef.perception.answers import check_answer
from model_packages import resnet
from model_packages.resnet.drawing import drawn_plates
from model_packages.serving.package import Answer, Package, PackageError

HERE = Path(resnet.__file__).resolve().parent


@pytest.fixture(scope="module")
def package() -> Package:
    from model_packages.serving.package import read_package

    return read_package(HERE)


@pytest.fixture(scope="module")
def stills() -> dict[str, bytes]:
    found = drawn_plates({"seed": 77, "group": "hostel", "dish": "upma", "varied": False})
    return {("poor" if s.poor else "clean" if s.served else "before"): s.jpeg for s in found}


def _asked(package: Package, body: bytes, kind: str = "image/jpeg") -> Answer:
    return package.answer(body, kind)


def test_a_served_plate_is_seen_and_an_earlier_still_is_less_like_one(package: Package, stills) -> None:
    clean, before = (_asked(package, stills[name]).decoded for name in ("clean", "before"))
    check_answer(Analyser.PLATE, clean, None)
    assert clean["plateSeen"] > before["plateSeen"]
    assert len(clean["dishes"]) == 13
    sure = {row["dish"]: row["confidence"] for row in clean["dishes"]}
    assert sure["upma"] > np.median(list(sure.values()))
    likeness = {row["dish"]: row["likeness"] for row in clean["dishes"]}
    assert likeness["upma"] > 70
    assert None in likeness.values(), "of dishes that it is not, nothing is said"


def test_what_is_no_picture_is_refused_without_its_bytes(package: Package, stills) -> None:
    for body in (b"", b"no picture", stills["clean"][:200]):
        with pytest.raises(PackageError) as caught:
            _asked(package, body)
        assert caught.value.status == 400
    with pytest.raises(PackageError) as caught:
        _asked(package, b"not a film", "video/mp4")
    assert caught.value.status == 400


def test_a_film_becomes_one_embedding_a_second(package: Package, tmp_path: Path) -> None:
    from kitchen_sim.film import draw_film
    from kitchen_sim.script import Script, ScriptStep

    step = ScriptStep(step_id="chop", action="chop", ingredients=("onion",), start_s=0.5, end_s=3.5)
    script = Script(dish="upma", seed=4, duration_s=4, steps=(step,), width_px=320, height_px=180, fps=10)
    film = draw_film(script, tmp_path / "film.mp4").film
    answer = _asked(package, film.read_bytes(), "video/mp4").decoded
    assert answer["format"] == "bharatchef-embeddings"
    assert answer["times"] == [0.5, 1.5, 2.5, 3.5]
    rows = np.asarray(answer["embeddings"])
    assert rows.shape[0] == 4
    assert np.isfinite(rows).all()
    assert np.abs(rows[1] - rows[3]).max() > 0


def test_the_manifest_names_the_backbone_and_the_weights_stay_small() -> None:
    manifest = json.loads((HERE / "model.json").read_text("utf-8"))
    assert "efficientnet-lite0" in manifest["engine"]
    assert (HERE / manifest["weights"]).stat().st_size < 7_600_000


def test_resnet50_has_torchvisions_names() -> None:
    torch = pytest.importorskip("torch")
    from model_packages.resnet.backbone import ResNet50

    kept = Path(__file__).with_name("resnet50_keys.txt").read_text("utf-8").split("\n")[:-1]
    found = [
        f"{name} {'x'.join(str(n) for n in value.shape)}" for name, value in ResNet50().state_dict().items()
    ]
    assert sorted(found) == sorted(kept)
    with torch.inference_mode():
        middle, last = ResNet50().eval()(torch.zeros(1, 3, 64, 64))
    assert middle.shape == (1, 1024, 4, 4)
    assert last.shape == (1, 2048, 2, 2)


def test_a_checkpoint_of_other_names_is_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from model_packages.resnet.backbone import resnet50_graph

    torch.save({"conv9.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(ValueError, match="torchvision ResNet-50"):
        resnet50_graph(tmp_path / "other.pth")


def test_a_still_of_any_shape_fits() -> None:
    from model_packages.resnet.looking import fitted

    for shape in ((480, 854, 3), (854, 480, 3), (10, 900, 3)):
        out = fitted(np.full(shape, 200, np.uint8))
        assert out.shape == (256, 448, 3)
        assert (out == 200).any()
    assert cv2.countNonZero(
        (fitted(np.zeros((900, 100, 3), np.uint8))[:, :50] == 127).all(2).astype(np.uint8)
    )
