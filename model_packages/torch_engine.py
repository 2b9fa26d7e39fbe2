"""Runs an OpenVINO model's graph in PyTorch, for machines with a GPU; knows no package.

What is shipped is one file of weights with one sha256, an OpenVINO graph, and OpenVINO has no engine for an
NVIDIA GPU. So the graph's own nodes are run by PyTorch, with the same weights in float32: what is served on a
GPU cannot drift from what is served on a processor. A graph with a node that is not known here is refused by
name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import openvino
    import torch

Attributes = dict[str, Any]


class UnknownNode(ValueError):
    """A graph holds a node that PyTorch is not taught to run here."""


class TorchNetwork:
    """A graph on a device; called as a compiled OpenVINO model is, it gives its outputs in order.

    Args:
        model: the graph.
        device: PyTorch's name of a device, ``cuda`` or ``cpu``.

    Raises:
        UnknownNode: the graph holds a node that is not known here.
    """

    def __init__(self, model: openvino.Model, device: str) -> None:
        import torch

        self._device = torch.device(device)
        self._places = {given.get_node().get_friendly_name(): k for k, given in enumerate(model.inputs)}
        self._outputs = [_source(output.get_node(), 0) for output in model.outputs]
        # Values that hang on no input, such as weights with their scales, are worked out once.
        self._fixed: dict[tuple[str, int], torch.Tensor] = {}
        self._steps: list[_Step] = []
        with torch.inference_mode():
            for node in model.get_ordered_ops():
                self._add(node)

    def __call__(self, inputs: Any) -> list[npt.NDArray[Any]]:
        """Outputs of one input, or of a list of them in the order of the graph's."""
        import torch

        given = inputs if isinstance(inputs, list | tuple) else [inputs]
        with torch.inference_mode():
            known = dict(self._fixed)
            for name, place in self._places.items():
                array = torch.from_numpy(np.ascontiguousarray(given[place]))
                known[name, 0] = array.to(self._device)
            for step in self._steps:
                step.run(known)
            return [known[output].cpu().numpy() for output in self._outputs]

    def _add(self, node: Any) -> None:
        kind, name = node.get_type_name(), node.get_friendly_name()
        if kind in ("Parameter", "Result"):
            return
        if kind == "Constant":
            self._fixed[name, 0] = self._tensor(node)
            return
        work = _WORK.get(kind)
        if work is None:
            raise UnknownNode(
                f"expected a graph of nodes that PyTorch can run here, got one with {kind}; set"
                " BHARATCHEF_DEVICE=cpu to run it on the processor"
            )
        sources = [_source(node, k) for k in range(node.get_input_size())]
        step = _Step(work, node.get_attributes(), sources, name)
        if all(source in self._fixed for source in sources):
            step.run(self._fixed)
        else:
            self._steps.append(step)

    def _tensor(self, node: Any) -> torch.Tensor:
        import torch

        # A copy: the node's memory goes with the model.
        return torch.from_numpy(np.array(node.data)).to(self._device)


class _Step:
    def __init__(
        self,
        work: Callable[..., Any],
        attributes: Attributes,
        sources: Sequence[tuple[str, int]],
        name: str,
    ) -> None:
        self._work, self._attributes, self._sources, self._name = work, attributes, tuple(sources), name

    def run(self, known: dict[tuple[str, int], torch.Tensor]) -> None:
        made = self._work(self._attributes, *(known[source] for source in self._sources))
        for place, value in enumerate(made if isinstance(made, tuple) else (made,)):
            known[self._name, place] = value


def _source(node: Any, place: int) -> tuple[str, int]:
    output = node.input(place).get_source_output()
    return output.get_node().get_friendly_name(), output.get_index()


def _whole(x: torch.Tensor) -> list[int]:
    return [int(value) for value in x.reshape(-1).tolist()]


def _convolution(a: Attributes, x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    return _convolved(a, x, weights, 1)


def _group_convolution(a: Attributes, x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    groups = weights.shape[0]
    return _convolved(a, x, weights.reshape(-1, *weights.shape[2:]), groups)


def _convolved(a: Attributes, x: torch.Tensor, weights: torch.Tensor, groups: int) -> torch.Tensor:
    from torch.nn import functional

    if a["auto_pad"] not in ("explicit", "notset", "valid"):
        raise UnknownNode(f"expected padding in numbers, got {a['auto_pad']}")
    before, after = list(a["pads_begin"]), list(a["pads_end"])
    if before != after:
        sides = [side for pair in zip(reversed(before), reversed(after), strict=True) for side in pair]
        x, before = functional.pad(x, sides), [0] * len(before)
    work = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}[x.ndim - 2]
    # No bias: in a graph that is a node of its own.
    return work(x, weights, None, list(a["strides"]), before, list(a["dilations"]), groups)


def _max_pool(a: Attributes, x: torch.Tensor) -> torch.Tensor:
    from torch.nn import functional

    _symmetric(a)
    work = {2: functional.max_pool2d, 3: functional.max_pool3d}[x.ndim - 2]
    return work(
        x,
        list(a["kernel"]),
        list(a["strides"]),
        list(a["pads_begin"]),
        list(a.get("dilations", [1] * (x.ndim - 2))),
        a["rounding_type"] == "ceil",
    )


def _average_pool(a: Attributes, x: torch.Tensor) -> torch.Tensor:
    from torch.nn import functional

    _symmetric(a)
    work = {2: functional.avg_pool2d, 3: functional.avg_pool3d}[x.ndim - 2]
    return work(
        x,
        list(a["kernel"]),
        list(a["strides"]),
        list(a["pads_begin"]),
        a["rounding_type"] == "ceil",
        not a["exclude-pad"],
    )


def _symmetric(a: Attributes) -> None:
    if list(a["pads_begin"]) != list(a["pads_end"]):
        raise UnknownNode("expected pooling with the same padding on both sides, got another")


def _fake_quantize(a: Attributes, x: Any, low: Any, high: Any, out_low: Any, out_high: Any) -> Any:
    import torch

    steps = a["levels"] - 1
    share = torch.round((torch.clamp(x, low, high) - low) / (high - low) * steps) / steps
    return share * (out_high - out_low) + out_low


def _gather(a: Attributes, x: Any, places: Any, axis: Any) -> Any:
    if a["batch_dims"]:
        raise UnknownNode("expected a gathering without batches, got one with")
    along = int(axis) % x.ndim
    chosen = x.index_select(along, places.reshape(-1).long() % x.shape[along])
    return chosen.reshape([*x.shape[:along], *places.shape, *x.shape[along + 1 :]])


def _reshape(a: Attributes, x: Any, shape: Any) -> Any:
    wanted = _whole(shape)
    if a["special_zero"]:
        wanted = [x.shape[k] if size == 0 else size for k, size in enumerate(wanted)]
    return x.reshape(wanted)


def _interpolate(a: Attributes, x: Any, sizes: Any, *axes: Any) -> Any:
    """Nearest neighbours at a whole multiple of the size, as detectors widen their maps."""
    if a["mode"] != "nearest" or any(a["pads_begin"]) or any(a["pads_end"]):
        raise UnknownNode("expected an enlargement by nearest neighbours, got another")
    along = _whole(axes[0]) if axes else list(range(x.ndim))
    for axis, size in zip(along, sizes.reshape(-1).tolist(), strict=True):
        times = size if a["shape_calculation_mode"] == "scales" else size / x.shape[axis]
        if times != int(times):
            raise UnknownNode(f"expected an enlargement by a whole number, got {times}")
        x = x.repeat_interleave(int(times), axis)
    return x


def _mat_mul(a: Attributes, x: Any, y: Any) -> Any:
    x = x.transpose(-1, -2) if a["transpose_a"] else x
    return x @ (y.transpose(-1, -2) if a["transpose_b"] else y)


def _divide(_: Attributes, x: Any, y: Any) -> Any:
    return x / y if x.is_floating_point() else x.div(y, rounding_mode="floor")


def _convert(a: Attributes, x: Any) -> Any:
    import torch

    kinds = {
        "f32": torch.float32, "f16": torch.float32, "i64": torch.int64, "i32": torch.int32, "u8": torch.uint8,
        "i8": torch.int8, "boolean": torch.bool,
    }  # fmt: skip
    name = str(a["destination_type"])
    if name not in kinds:
        raise UnknownNode(f"expected numbers of a known kind, got {name}")
    return x.to(kinds[name])


def _shape_of(_: Attributes, x: Any) -> Any:
    import torch

    return torch.tensor(x.shape, device=x.device)


def _split(_: Attributes, x: Any, axis: Any, lengths: Any) -> Any:
    along, sizes = int(axis), _whole(lengths)
    rest = x.shape[along] - sum(size for size in sizes if size >= 0)
    return tuple(x.split([rest if size < 0 else size for size in sizes], along))


def _swish(_: Attributes, x: Any, *beta: Any) -> Any:
    return x * (x * beta[0] if beta else x).sigmoid()


def _concat(a: Attributes, *parts: Any) -> Any:
    import torch

    return torch.cat(parts, int(a["axis"]))


_WORK: dict[str, Callable[..., Any]] = {
    "Add": lambda _, x, y: x + y,
    "AvgPool": _average_pool,
    "Clamp": lambda a, x: x.clamp(a["min"], a["max"]),
    "Concat": _concat,
    "Convert": _convert,
    "Convolution": _convolution,
    "Divide": _divide,
    "FakeQuantize": _fake_quantize,
    "Gather": _gather,
    "Greater": lambda _, x, y: x > y,
    "GroupConvolution": _group_convolution,
    "Interpolate": _interpolate,
    "MatMul": _mat_mul,
    "MaxPool": _max_pool,
    "Mod": lambda _, x, y: x.fmod(y),
    "Multiply": lambda _, x, y: x * y,
    "ReduceMax": lambda a, x, axes: x.amax(_whole(axes), keepdim=a["keep_dims"]),
    "ReduceMean": lambda a, x, axes: x.mean(_whole(axes), keepdim=a["keep_dims"]),
    "Relu": lambda _, x: x.relu(),
    "Reshape": _reshape,
    "ShapeOf": _shape_of,
    "Sigmoid": lambda _, x: x.sigmoid(),
    "Softmax": lambda a, x: x.softmax(int(a["axis"])),
    "Subtract": lambda _, x, y: x - y,
    "Swish": _swish,
    "Transpose": lambda _, x, order: x.permute(_whole(order)),
    "VariadicSplit": _split,
}
