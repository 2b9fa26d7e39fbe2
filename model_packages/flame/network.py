"""Small neural networks as numpy arrays: reading them and answering with them; knows nothing of pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Network:
    """A multi-layer perceptron with ReLU: inputs are centred, scaled and kept within ``limit``."""

    centre: Floats
    scale: Floats
    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]
    limit: float = 5.0

    def __call__(self, rows: Floats) -> Floats:
        """The last layer's values, shape (N, outputs), for rows of shape (N, inputs)."""
        out = np.asarray(rows - self.centre, dtype=np.float32)
        out *= 1 / self.scale
        np.clip(out, -self.limit, self.limit, out=out)
        last = len(self.weights) - 1
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            out = out @ weight + bias
            if number < last:
                np.maximum(out, 0, out=out)
        return out

    def arrays(self, name: str) -> dict[str, Any]:
        """Everything that ``network_from`` needs, half precision; names begin with ``name``."""
        stored: dict[str, Any] = {f"{name}.centre": self.centre, f"{name}.scale": self.scale}
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            stored[f"{name}.weight{number}"] = weight.astype(np.float16)
            stored[f"{name}.bias{number}"] = bias.astype(np.float16)
        return stored


def network_from(arrays: Mapping[str, Any], name: str) -> Network:
    """The network stored under ``name``.

    Raises:
        ValueError: the arrays hold no such network, or its layers do not fit together.
    """
    layers = sum(1 for key in arrays if key.startswith(f"{name}.weight"))
    if not layers:
        raise ValueError(f"expected a network named {name!r} in the weights, got {sorted(arrays)[:8]}")
    weights = tuple(arrays[f"{name}.weight{k}"].astype(np.float32) for k in range(layers))
    biases = tuple(arrays[f"{name}.bias{k}"].astype(np.float32) for k in range(layers))
    widths = [len(arrays[f"{name}.centre"]), *(len(bias) for bias in biases)]
    for number, weight in enumerate(weights):
        if weight.shape != (widths[number], widths[number + 1]):
            raise ValueError(
                f"{name}, layer {number}: expected {(widths[number], widths[number + 1])}, got {weight.shape}"
            )
    return Network(
        arrays[f"{name}.centre"].astype(np.float32),
        arrays[f"{name}.scale"].astype(np.float32),
        weights,
        biases,
    )


def shares(logits: Floats) -> Floats:
    """Softmax over the last axis."""
    # Column by column: numpy is slow at reducing a short last axis.
    columns = [logits[..., k] for k in range(logits.shape[-1])]
    top = columns[0]
    for column in columns[1:]:
        top = np.maximum(top, column)
    grown = [np.exp(column - top) for column in columns]
    return np.stack(grown, -1) / sum(grown)[..., None]
