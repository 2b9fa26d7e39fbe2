"""Turns a trained network into an OpenVINO model that takes pixels, FP16 or INT8; trains nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .decoding import Head, Picture
from .detector import Spec, taking_pixels, with_spec
from .shim import prepare

STRIDES = (8, 16, 32)


def openvino_model(network: Any, classes: int) -> Any:
    """The network as an OpenVINO model: RGB shares (1, 3, h, w) in, (1, 4 + classes, cells) out
    (``distances``).

    The way from distributions of distances to distances is in the graph; anchors are not, so that one model
    serves all sizes.
    """
    prepare()
    import openvino
    import torch

    class Raw(torch.nn.Module):
        """The network with its head's distances in cells, and its scores."""

        def __init__(self) -> None:
            super().__init__()
            self.body = network
            self.head = network.model[-1]

        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            # The boxes that the head works out itself are left aside: their anchors would fix the size.
            _, found = self.body(pictures)
            return torch.cat((self.head.dfl(found["boxes"]), found["scores"].sigmoid()), 1)

    with torch.no_grad():
        example = torch.zeros(1, 3, 384, 640)
        shape = openvino.PartialShape([1, 3, -1, -1])
        model = openvino.convert_model(Raw().eval(), example_input=example, input=[shape])
    if model.outputs[0].partial_shape[1].get_length() != 4 + classes:
        raise ValueError(f"expected {4 + classes} rows, got {model.outputs[0].partial_shape}")
    return model


def package_model(network: Any, spec: Spec) -> Any:
    """The model a package ships: 8-bit RGB pixels in, normalisation in its graph, what it means written
    into it."""
    model = taking_pixels(openvino_model(network, len(spec.labels)), spec)
    return with_spec(model, spec)


def drawn_spec(labels: tuple[str, ...], **more: Any) -> Spec:
    """The spec of a network of ``learning``."""
    return Spec(labels=labels, head=Head("distances", STRIDES), **more)


def quantised(model: Any, pictures: Iterable[Picture], spec: Spec) -> Any:
    """The model in INT8 (NNCF, after training); ``pictures`` are RGB and already of the input's size.

    The head's last steps stay as they are: distances and scores share one output, and one range does for
    neither.
    """
    import nncf

    samples = [np.ascontiguousarray(p[None]) for p in pictures]
    kept = nncf.quantize(
        model,
        nncf.Dataset(samples),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(samples),
        ignored_scope=nncf.IgnoredScope(types=["Sigmoid", "Softmax", "Concat"], validate=False),
    )
    return with_spec(kept, spec)
