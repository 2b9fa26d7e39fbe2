"""Other people's detectors by the same decoding: any OpenVINO or ONNX model whose head ``decoding`` can read.

A model of another licence takes this package's place so: read it with ``foreign_detector``, write it with
``pack_ir`` after ``with_spec``, and put it beside ``inference.py`` under a manifest of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .decoding import Head
from .detector import Detector, Spec, taking_pixels

_COCO = Path(__file__).resolve().parent / "coco.yaml"


@dataclass(frozen=True)
class Coco:
    """COCO's class names in their order, and the kitchen's word for those that meet ours."""

    names: tuple[str, ...]
    kitchen: dict[str, str]


def coco() -> Coco:
    """The contents of ``coco.yaml``."""
    plain: dict[str, Any] = yaml.safe_load(_COCO.read_text("utf-8"))
    return Coco(tuple(plain["names"]), dict(plain["kitchen"]))


def coco_spec(head: Head, size: tuple[int, int], **more: Any) -> Spec:
    """The spec of a model of COCO's 80 classes: kitchen words where they meet ours, the rest withheld."""
    table = coco()
    labels = tuple(table.kitchen.get(name, name) for name in table.names)
    withheld = tuple(name for name in table.names if name not in table.kitchen)
    return Spec(labels=labels, head=head, withheld=withheld, size=size, **more)


def yolov8_coco_spec() -> Spec:
    """The spec of ultralytics' YOLOv8 as its own exporter writes it: RGB 0 to 1, 640x640."""
    return coco_spec(Head("corners"), (640, 640))


def yolox_coco_spec(side: int = 416) -> Spec:
    """The spec of a YOLOX (Apache-2.0) as its authors' exporter writes it: BGR 0 to 255, a square input."""
    return coco_spec(Head("offsets"), (side, side), colours="BGR", divisor=1.0)


def foreign_detector(path: Path, spec: Spec, threads: int | None = None) -> Detector:
    """A detector from a model file: OpenVINO's ``.xml`` with its ``.bin`` beside it, or ``.onnx``.

    Raises:
        ValueError: the model has not the rows that the spec's head and labels need.
    """
    import openvino

    model = openvino.Core().read_model(path)
    rows = len(spec.labels) + (5 if spec.head.kind == "offsets" else 4)
    shape = model.outputs[0].partial_shape
    axis = 2 if spec.head.kind == "offsets" else 1
    if shape.rank.get_length() != 3 or shape[axis].is_dynamic or shape[axis].get_length() != rows:
        raise ValueError(
            f"expected an output with {rows} values a cell for {len(spec.labels)} classes, got {shape}"
        )
    return Detector(taking_pixels(model, spec), spec, threads)
