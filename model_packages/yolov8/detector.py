"""A detector as an OpenVINO model with what must be known to use it; knows no film and no answer's format."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .decoding import Floats, Found, Head, Picture, found_in, letterboxed

if TYPE_CHECKING:
    import openvino

_NOTE = ("bharatchef", "detector")
_SHAPES_KEPT = 4


@dataclass(frozen=True)
class Spec:
    """What a detector wants and what its output means.

    Attributes:
        labels: the name of each output class.
        withheld: labels that are not reported, since they were not learnt well enough.
        head: how the output is read.
        size: the input (width, height); ``None``: any multiples of 32, the long side being ``long_side``.
        long_side: the long side of the input in pixels where ``size`` is ``None``.
        colours: the order of the colours in the input.
        divisor: what the pixels (0 to 255) are divided by.
        least: the least score that is reported, before calibration.
        most_overlap: of two boxes of one class that overlap more than this only the surer one is reported.
        slope: with ``offset``, the line that turns a score's log-odds into those of being right.
        offset: see ``slope``.
    """

    labels: tuple[str, ...]
    head: Head
    withheld: tuple[str, ...] = ()
    size: tuple[int, int] | None = None
    long_side: int = 640
    colours: str = "RGB"
    divisor: float = 255.0
    least: float = 0.25
    most_overlap: float = 0.6
    slope: float = 1.0
    offset: float = 0.0
    more: dict[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), sort_keys=True)


def spec_from(text: str) -> Spec:
    """The spec in the text that ``Spec.text`` gives.

    Raises:
        ValueError: it is none.
    """
    try:
        plain = json.loads(text)
        head = Head(plain["head"]["kind"], tuple(plain["head"]["strides"]))
        size = None if plain["size"] is None else (int(plain["size"][0]), int(plain["size"][1]))
        words = {
            "labels": tuple(plain["labels"]),
            "withheld": tuple(plain["withheld"]),
            "head": head,
            "size": size,
        }
        return Spec(**{**plain, **words})
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(
            f"expected the description of a detector in the model, got something else: {error}"
        ) from error


def with_spec(model: openvino.Model, spec: Spec) -> openvino.Model:
    """The model with the spec written into it; it is kept where the model is saved."""
    model.set_rt_info(spec.text(), list(_NOTE))
    return model


def spec_in(model: openvino.Model) -> Spec:
    """The spec that ``with_spec`` wrote.

    Raises:
        ValueError: there is none.
    """
    if not model.has_rt_info(list(_NOTE)):
        raise ValueError("expected a model that says what its outputs mean, got one that does not")
    return spec_from(model.get_rt_info(list(_NOTE)).astype(str))


def taking_pixels(model: openvino.Model, spec: Spec) -> openvino.Model:
    """The model with an input of RGB pixels, (1, height, width, 3) of 8 bits; what it did to them goes into
    its graph."""
    import openvino
    from openvino.preprocess import ColorFormat, PrePostProcessor

    chain = PrePostProcessor(model)
    chain.input().tensor().set_element_type(openvino.Type.u8).set_layout(
        openvino.Layout("NHWC")
    ).set_color_format(ColorFormat.RGB)
    chain.input().model().set_layout(openvino.Layout("NCHW"))
    steps = chain.input().preprocess().convert_element_type(openvino.Type.f32)
    if spec.colours == "BGR":
        steps.convert_color(ColorFormat.BGR)
    if spec.divisor != 1.0:
        steps.scale(spec.divisor)
    return chain.build()


class Detector:
    """Finds in pictures what a model knows. One at a time: calls must not overlap."""

    def __init__(self, model: openvino.Model, spec: Spec, threads: int | None = None) -> None:
        """``model`` takes RGB pixels (``taking_pixels``); it is compiled for a shape when that is first
        seen."""
        self.spec = spec
        self._model, self._threads = model, threads
        self._networks: OrderedDict[tuple[int, int], Any] = OrderedDict()
        self._shown = np.array([label not in spec.withheld for label in spec.labels])

    @property
    def labels(self) -> tuple[str, ...]:
        """What it may report."""
        # Several classes may have one word.
        return tuple(dict.fromkeys(label for label in self.spec.labels if label not in self.spec.withheld))

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        """The input (width, height) that a picture of this size is fitted into."""
        if self.spec.size is not None:
            return self.spec.size
        shrink = self.spec.long_side / max(width, height)
        across, down = (max(32, -(-round(side * shrink) // 32) * 32) for side in (width, height))
        return across, down

    def found(self, rgb: Picture, *, least: float | None = None, withhold: bool = True) -> Found:
        """What is in a picture, RGB (height, width, 3), surest first.

        Args:
            rgb: the picture.
            least: the least score, before calibration; the spec's where it is left out.
            withhold: leave out the classes that were not learnt well enough.
        """
        height, width = rgb.shape[:2]
        size = self.size_for(width, height)
        shown, fit = letterboxed(rgb, size)
        found = found_in(
            self._raw(shown, size),
            self.spec.head,
            size,
            fit,
            (width, height),
            least=self.spec.least if least is None else least,
            most_overlap=self.spec.most_overlap,
        )
        kept = self._shown[found.classes] if withhold else np.ones(len(found.classes), bool)
        sure = calibrated(found.confidences[kept], self.spec.slope, self.spec.offset)
        return Found(found.boxes[kept], sure, found.classes[kept])

    def _raw(self, shown: Picture, size: tuple[int, int]) -> Floats:
        if size not in self._networks:
            from model_packages.engine import network

            model = self._model.clone()
            if self.spec.size is None:
                model.reshape([1, size[1], size[0], 3])
            self._networks[size] = network(model, threads=self._threads)
            if len(self._networks) > _SHAPES_KEPT:
                self._networks.popitem(last=False)
        self._networks.move_to_end(size)
        return np.asarray(self._networks[size](np.ascontiguousarray(shown[None]))[0], np.float32)


def calibrated(scores: Floats, slope: float, offset: float) -> Floats:
    """How likely each score is right, 0 to 1: its log-odds along a line."""
    inside = np.clip(np.asarray(scores, np.float64), 1e-6, 1 - 1e-6)
    odds = slope * np.log(inside / (1 - inside)) + offset
    return np.asarray(1 / (1 + np.exp(-odds)), np.float32)
