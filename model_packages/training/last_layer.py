"""Teaches the last layer of a network that is trained already: weights that are added to its own.

A few hundred labels cannot teach a network to see, but they can tell it what it sees means in kitchens that
are new to it. Knows neither films nor labels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import openvino as ov
import torch
from openvino import opset13 as ops

_STEPS = 60

Floats = npt.NDArray[np.float32]


class LastLayer:
    """A network in OpenVINO's form, with what its last layer sees as a second output.

    Raises:
        ValueError: it does not end in a linear layer.
    """

    def __init__(self, graph: ov.Model) -> None:
        self._graph = graph
        last = [op for op in graph.get_ordered_ops() if op.get_type_name() == "MatMul"]
        if not last:
            raise ValueError("expected a network that ends in a linear layer, got one without any")
        self._seen = last[-1].input(0).get_source_output()
        self._scores = graph.outputs[0].get_node().input(0).get_source_output()

    def shown(self) -> ov.Model:
        """The network with two outputs: the scores, and the features that they are made of."""
        return ov.Model([self._scores, self._flat()], self._graph.get_parameters(), "start")

    def with_more(self, weights: Floats, bias: Floats, name: str) -> ov.Model:
        """The network with ``features @ weights.T + bias`` added to its scores; its other outputs stay."""
        more = ops.matmul(self._flat(), ops.constant(weights), False, True)
        scores = ops.add(ops.add(self._scores, more), ops.constant(bias[None]))
        others = [output.get_node().input(0).get_source_output() for output in self._graph.outputs[1:]]
        return ov.Model([scores.output(0), *others], self._graph.get_parameters(), name)

    def _flat(self) -> Any:
        """(N, features): averaged over the places in the picture, as the scores are."""
        places = list(range(1, len(self._seen.get_partial_shape()) - 1))
        if not places:
            return self._seen
        return ops.reduce_mean(self._seen, ops.constant(np.array(places)), False).output(0)


def added_layer(
    scores: Floats,
    features: Floats,
    truth: npt.NDArray[np.intp],
    holds: float,
    *,
    hold_bias: bool = False,
) -> tuple[Floats, Floats]:
    """(classes, features) weights and (classes,) bias to be added, held near to nothing.

    Args:
        scores: (N, classes) before.
        features: (N, features).
        truth: (N,) the class of each row; what is below 0 has none.
        holds: how much moving away from what was learned before costs.
        hold_bias: whether moving the bias costs as much: what is common in a few films may be so by chance.

    Raises:
        ValueError: no row has a class, or training diverged.
    """
    said = truth >= 0
    if not said.any():
        raise ValueError("expected films with labelled seconds, got none")
    scale = float(features[said].std()) or 1.0
    given, before = torch.from_numpy(features[said] / scale), torch.from_numpy(scores[said])
    wanted = torch.from_numpy(truth[said].astype(np.int64))
    weights = torch.zeros(scores.shape[1], given.shape[1], requires_grad=True)
    bias = torch.zeros(scores.shape[1], requires_grad=True)
    optimiser = torch.optim.LBFGS([weights, bias], max_iter=_STEPS)

    def loss() -> Any:
        optimiser.zero_grad()
        told = torch.nn.functional.cross_entropy(before + given @ weights.T + bias, wanted)
        moved = (weights**2).sum() + (bias**2).sum() * hold_bias
        told = told + holds * moved / len(wanted)
        told.backward()
        return told

    optimiser.step(loss)
    if not torch.isfinite(weights).all():
        raise ValueError("training diverged: the weights are no numbers")
    return (weights.detach() / scale).numpy(), bias.detach().numpy()
