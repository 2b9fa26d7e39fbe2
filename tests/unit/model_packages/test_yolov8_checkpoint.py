"""Somebody's YOLOv8 becomes a package that answers: a checkpoint of ultralytics, ONNX, OpenVINO's folder."""

import json
import pickle
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from adapters.local.registering import add_checkpoint
from bharatchef.errors import InputError
from bharatchef.settings import load_settings
from model_packages.serving.package import read_package
from model_packages.yolov8.checkpoint import package_from_checkpoint, spec_of
from model_packages.yolov8.decoding import Head
from model_packages.yolov8.foreign import coco

openvino = pytest.importorskip("openvino")
NAMES = ("Onion", "paneer", "cutting_board")


def jpeg(picture: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".jpg", picture)[1])


def sure_of_one(path: Path, classes: int, which: int, score: float = 0.9, side: int = 64) -> Path:
    """A model in YOLOv8's layout that sees one box in the middle of any picture."""
    ops = pytest.importorskip("openvino.opset13")
    rows = np.zeros((1, 4 + classes, 84), np.float32)
    rows[0, :4, 0] = side / 2
    rows[0, 4 + which, 0] = score
    given = ops.parameter([1, 3, side, side], np.float32, name="images")
    nothing = ops.multiply(ops.reduce_mean(given, [1, 2, 3], False), np.float32(0))
    out = ops.add(ops.constant(rows), ops.reshape(nothing, [1, 1, 1], False))
    openvino.save_model(openvino.Model([out], [given], "m"), path)
    return path


def exported(folder: Path, names: tuple[str, ...] = NAMES, which: int = 1) -> Path:
    folder.mkdir()
    sure_of_one(folder / "best.xml", len(names), which)
    rows = "".join(f"  {number}: {name}\n" for number, name in enumerate(names))
    (folder / "metadata.yaml").write_text(f"task: detect\nnames:\n{rows}")
    return folder


def seen_by(folder: Path, picture: np.ndarray) -> dict[str, Any]:
    package = read_package(folder)
    assert not package.problem, package.problem
    return dict(package.answer(jpeg(picture), "image/jpeg").decoded)


def test_an_openvino_folder_answers_in_the_kitchens_words(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path / "home", built_in_models=False)
    row = add_checkpoint(exported(tmp_path / "best_openvino_model"), "yolov8", settings)
    assert (row.name, row.answers, row.classes) == ("yolov8-own", True, ("onion", "paneer", "cutting-board"))
    assert "not measured here" in row.trained_on
    answer = seen_by(tmp_path / "home" / "models" / "yolov8-own", np.full((64, 64, 3), 90, np.uint8))
    assert answer["labels"] == ["onion", "paneer", "cutting-board"]
    (found,) = answer["detections"]
    assert (found["label"], found["confidence"]) == ("paneer", pytest.approx(0.9, abs=0.01))
    assert found["box"] == pytest.approx([0.25, 0.25, 0.75, 0.75], abs=0.01)


def test_coco_is_told_in_kitchen_words_and_the_rest_is_withheld(tmp_path: Path) -> None:
    names = coco().names
    package_from_checkpoint(exported(tmp_path / "m", names, names.index("person")), tmp_path / "out")
    answer = seen_by(tmp_path / "out", np.full((64, 64, 3), 90, np.uint8))
    assert answer["detections"] == []
    assert "bowl" in answer["labels"]
    assert not {"person", "dog"} & set(answer["labels"])
    assert json.loads((tmp_path / "out" / "model.json").read_text())["name"] == "yolov8-coco"


def test_classes_that_have_one_word_are_told_by_it_together() -> None:
    spec = spec_of(("small-spoon", "Spoon", "paneer"), Head("corners"), (64, 64))
    assert spec.labels == ("spoon", "spoon", "paneer")


def test_onnx_brings_its_names_along(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    rows = np.zeros((1, 7, 84), np.float32)
    value = helper.make_tensor("c", onnx.TensorProto.FLOAT, rows.shape, rows.ravel())
    graph = helper.make_graph(
        [helper.make_node("Constant", [], ["out"], value=value)],
        "g",
        [helper.make_tensor_value_info("images", onnx.TensorProto.FLOAT, [1, 3, 64, 64])],
        [helper.make_tensor_value_info("out", onnx.TensorProto.FLOAT, [1, 7, 84])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    entry = model.metadata_props.add()
    entry.key, entry.value = "names", str(dict(enumerate(NAMES)))
    onnx.save(model, tmp_path / "best.onnx")
    package_from_checkpoint(tmp_path / "best.onnx", tmp_path / "out")
    assert seen_by(tmp_path / "out", np.zeros((64, 64, 3), np.uint8))["labels"][1] == "paneer"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A YOLOv8n that was never trained, kept as ultralytics keeps one."""
    pytest.importorskip("torch")
    from model_packages.yolov8.shim import prepare

    prepare()
    ultralytics = pytest.importorskip("ultralytics")
    import torch
    from ultralytics.nn.tasks import DetectionModel

    torch.manual_seed(1)
    whole = ultralytics.YOLO("yolov8n.yaml")
    whole.model = DetectionModel("yolov8n.yaml", ch=3, nc=3, verbose=False)
    whole.model.names = dict(enumerate(NAMES))
    path = tmp_path_factory.mktemp("trained") / "best.pt"
    whole.save(path)
    return path


@pytest.mark.slow
def test_a_checkpoint_of_ultralytics_gives_the_scores_that_it_gave(trained: Path, tmp_path: Path) -> None:
    import torch
    from ultralytics import YOLO

    from model_packages.engine import compiled

    package_from_checkpoint(trained, tmp_path / "out")
    picture = np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    answer = seen_by(tmp_path / "out", picture)
    assert answer["labels"] == ["onion", "paneer", "cutting-board"]
    ours = compiled(tmp_path / "out" / "weights.ovz", INFERENCE_PRECISION_HINT="f32")(picture[None])[0]
    network = YOLO(trained).model.float().eval()
    with torch.no_grad():
        theirs = network(torch.from_numpy(picture.transpose(2, 0, 1)[None] / 255).float())[0].numpy()
    np.testing.assert_allclose(ours[:, 4:], theirs[:, 4:], atol=2e-3)


def test_a_checkpoint_that_would_run_code_is_refused_and_runs_none(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")

    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "ran",)

    torch.save({"model": Trap()}, tmp_path / "trap.pt")
    with pytest.raises(ValueError, match="it holds more than a network"):
        package_from_checkpoint(tmp_path / "trap.pt", tmp_path / "out")
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "out").exists()
    (tmp_path / "plain.pt").write_bytes(pickle.dumps({"model": 1}))
    with pytest.raises(ValueError, match=r"xpected"):
        package_from_checkpoint(tmp_path / "plain.pt", tmp_path / "out")


def test_what_does_not_fit_is_told(tmp_path: Path) -> None:
    folder = exported(tmp_path / "m")
    with pytest.raises(ValueError, match="expected 6 values a box for 2 classes"):
        package_from_checkpoint(folder, tmp_path / "out", labels=("a", "b"))
    (folder / "metadata.yaml").unlink()
    with pytest.raises(ValueError, match="give them with --labels"):
        package_from_checkpoint(folder / "best.xml", tmp_path / "out")
    package_from_checkpoint(folder, tmp_path / "out", labels=("a", "b", "c"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"expected one \.xml or \.onnx in the folder empty, got 0"):
        package_from_checkpoint(tmp_path / "empty", tmp_path / "none")
    (tmp_path / "bad.onnx").write_bytes(b"nothing")
    settings = load_settings(home=tmp_path / "home")
    with pytest.raises(
        InputError, match=r"official yolov8 checkpoint at bad\.onnx: it cannot be read as ONNX"
    ):
        add_checkpoint(tmp_path / "bad.onnx", "yolov8", settings)


@pytest.mark.shared
def test_the_published_export_finds_the_hot_dog(shared_dir: Path, tmp_path: Path) -> None:
    models = shared_dir / "media/models"
    package_from_checkpoint(models / "yolov8n_int8_openvino_model", tmp_path / "out")
    answer = seen_by(tmp_path / "out", cv2.imread(str(shared_dir / "media/images/coral_hot_dog.jpg")))
    assert answer["detections"][0]["label"] == "hot dog"
    assert answer["detections"][0]["confidence"] > 0.7
    with pytest.raises(ValueError, match=r"give them with --labels"):
        package_from_checkpoint(models / "yolox/yolox_nano_coco.onnx", tmp_path / "none")
