"""Reads what a network saw of a second beside what it saw of those around; knows neither film nor network.

Serving begins as plating does, and frying looks like flipping for a second: which of them it is shows in what
goes before and after. Convolutions over eight seconds, in NumPy: a minute of film takes milliseconds.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

MEMBER = "context.npz"


@dataclass(frozen=True)
class Context:
    """A residual temporal convolutional network over a film's looks.

    Args:
        first: (features, width) and (width,) of the layer that looks enter by.
        blocks: each a dilation in looks, (3, width, width) and (width,) of its convolution, (width, width)
            and (width,) of what is added.
        last: (width, labels) and (labels,).
    """

    first: tuple[Floats, Floats]
    blocks: tuple[tuple[int, Floats, Floats, Floats, Floats], ...]
    last: tuple[Floats, Floats]

    def added(self, features: npt.NDArray[Any]) -> Floats:
        """(seconds, labels) to be added to the scores, from (seconds, looks, features) of a piece of film."""
        seconds, looks, width = features.shape
        told = features.reshape(-1, width).astype(np.float32) @ self.first[0] + self.first[1]
        for apart, kernel, bias, out, out_bias in self.blocks:
            around = np.pad(told, ((apart, apart), (0, 0)), mode="edge")
            before, after = around[: -2 * apart], around[2 * apart :]
            seen = before @ kernel[0] + told @ kernel[1] + after @ kernel[2] + bias
            told = told + np.maximum(seen, 0) @ out + out_bias
        scores = np.maximum(told, 0) @ self.last[0] + self.last[1]
        mean: Floats = scores.reshape(seconds, looks, -1).mean(1)
        return mean

    def packed(self) -> bytes:
        """As it is packed with the network's weights, in half precision."""
        arrays = {"first": self.first[0], "first_bias": self.first[1]}
        for number, (_, kernel, bias, out, out_bias) in enumerate(self.blocks):
            arrays |= {f"{number}_kernel": kernel, f"{number}_bias": bias}
            arrays |= {f"{number}_out": out, f"{number}_out_bias": out_bias}
        arrays |= {"last": self.last[0], "last_bias": self.last[1]}
        body = io.BytesIO()
        np.savez(
            body,
            apart=np.array([block[0] for block in self.blocks]),
            **{name: array.astype(np.float16) for name, array in arrays.items()},
        )
        return body.getvalue()


def context_in(members: Mapping[str, bytes]) -> Context | None:
    """The context among the files that are packed with a network, if there is one."""
    if MEMBER not in members:
        return None
    with np.load(io.BytesIO(members[MEMBER]), allow_pickle=False) as kept:
        told = {name: kept[name] if name == "apart" else kept[name].astype(np.float32) for name in kept.files}
    blocks = tuple(
        (int(apart), *(told[f"{number}_{name}"] for name in ("kernel", "bias", "out", "out_bias")))
        for number, apart in enumerate(told["apart"])
    )
    return Context((told["first"], told["first_bias"]), blocks, (told["last"], told["last_bias"]))
