"""Real detectors on real pictures by the same decoding: ultralytics' COCO model and a YOLOX."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from bharatchef.perception.parameters import labels
from model_packages.yolov8.detector import Detector, spec_in, with_spec
from model_packages.yolov8.foreign import (
    coco,
    coco_spec,
    foreign_detector,
    yolov8_coco_spec,
    yolox_coco_spec,
)


def rgb(path: Path) -> np.ndarray:
    return np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])


def bottles(media: Path) -> np.ndarray:
    """A picture of the film in which three bottles stand on a table."""
    with av.open(str(media / "video/intel_bottle-detection.mp4")) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number == 100:
                return frame.to_ndarray(format="rgb24")
    raise AssertionError("the film is shorter than 100 pictures")


@pytest.fixture(scope="module", params=["yolov8", "yolox"])
def detector(request: pytest.FixtureRequest, shared_dir: Path) -> Detector:
    models = shared_dir / "media/models"
    if request.param == "yolov8":
        path = models / "yolov8n_int8_openvino_model/yolov8n.xml"
        return foreign_detector(path, yolov8_coco_spec(), threads=1)
    return foreign_detector(models / "yolox/yolox_nano_coco.onnx", yolox_coco_spec(), threads=1)


@pytest.mark.shared
def test_the_hot_dog_is_found_where_it_lies(detector: Detector, shared_dir: Path) -> None:
    found = detector.found(rgb(shared_dir / "media/images/coral_hot_dog.jpg"))
    assert detector.spec.labels[found.classes[0]] == "hot dog"
    assert found.confidences[0] > 0.7
    assert found.boxes[0] == pytest.approx([0.2, 0.21, 0.93, 0.6], abs=0.08)


@pytest.mark.shared
def test_the_burger_is_a_sandwich(detector: Detector, shared_dir: Path) -> None:
    found = detector.found(rgb(shared_dir / "media/images/tf_burger.jpg"))
    assert {detector.spec.labels[k] for k in found.classes} == {"sandwich"}
    assert found.confidences[0] > 0.8


@pytest.mark.shared
def test_three_bottles_are_three_bottles(detector: Detector, shared_dir: Path) -> None:
    found = detector.found(bottles(shared_dir / "media"))
    assert [detector.spec.labels[k] for k in found.classes] == ["bottle"] * 3
    middles = sorted((found.boxes[:, 0] + found.boxes[:, 2]) / 2)
    assert middles == pytest.approx([0.14, 0.49, 0.85], abs=0.02)


@pytest.mark.shared
def test_a_model_of_other_classes_is_refused(shared_dir: Path) -> None:
    path = shared_dir / "media/models/yolox/yolox_nano_coco.onnx"
    with pytest.raises(ValueError, match="expected an output with 84 values a cell for 80 classes"):
        foreign_detector(path, yolov8_coco_spec())


@pytest.mark.shared
def test_what_a_model_means_is_kept_in_its_file(shared_dir: Path, tmp_path: Path) -> None:
    import openvino

    from model_packages.engine import pack_ir, read_ir

    path = shared_dir / "media/models/yolox/yolox_nano_coco.onnx"
    spec = yolox_coco_spec()
    pack_ir(with_spec(openvino.Core().read_model(path), spec), tmp_path / "weights.ovz")
    assert spec_in(read_ir(tmp_path / "weights.ovz")) == spec


def test_cocos_kitchen_words_are_cocos_names_and_known_to_the_program() -> None:
    table = coco()
    assert len(table.names) == 80
    assert set(table.kitchen) <= set(table.names)
    known = {word for word in table.kitchen.values() if labels().kind_of(word) != "other"}
    assert {
        "cup",
        "bowl",
        "knife",
        "spoon",
        "fork",
        "carrot",
        "broccoli",
        "banana",
        "apple",
        "orange",
    } <= known


def test_what_is_no_kitchen_thing_is_withheld() -> None:
    spec = coco_spec(yolov8_coco_spec().head, (640, 640))
    assert {"person", "dog", "dining table"} <= set(spec.withheld)
    assert "bottle" not in spec.withheld
