"""Turns a trained network into what is served: an OpenVINO graph, in whole numbers where that agrees."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from model_packages.engine import compiled_model
from model_packages.precision import EXACT, HINT

from .network import FromPictures, SlowFast
from .pictures import Pictures

if TYPE_CHECKING:
    import openvino

# INT8 is served where it names the same label as float32 in at least this share of clips.
LEAST_AGREEMENT = 0.97
_MARGIN = 0.005
# Tried in this order. What is thin costs little, and few channels average few errors out.
_EXACT_PARTS: tuple[tuple[str, ...], ...] = ((), ("stem", "across", "head", "fast"))


@dataclass(frozen=True)
class Compared:
    """A served graph beside the network in PyTorch float32, on the same clips and threads, in one run."""

    clips: int
    agreement: float
    seconds_a_clip: float
    torch_seconds_a_clip: float

    def as_json(self) -> dict[str, Any]:
        return {
            "clips": self.clips,
            "top1Agreement": round(self.agreement, 4),
            "secondsPerClip": round(self.seconds_a_clip, 5),
            "torchFloat32SecondsPerClip": round(self.torch_seconds_a_clip, 5),
            "timesFaster": round(self.torch_seconds_a_clip / self.seconds_a_clip, 2),
        }


def graph_of(net: SlowFast) -> openvino.Model:
    """The network as a graph that takes decoded clips (N, frames, height, width, 3), of any size."""
    import openvino

    net = net.eval().cpu().float()
    # A head with a window needs a map at least as large; one cell of the last map is 32 pixels.
    height, width = (128, 224) if net.shape.window is None else (32 * (net.shape.window + 1),) * 2
    example = torch.zeros(1, net.shape.frames, height, width, 3, dtype=torch.uint8)
    with torch.no_grad():
        graph = openvino.convert_model(
            FromPictures(net).eval(),
            example_input=example,
            input=[([-1, net.shape.frames, -1, -1, 3], openvino.Type.u8)],
        )
    graph.inputs[0].get_tensor().set_names({"clips"})
    graph.outputs[0].get_tensor().set_names({"scores"})
    return graph


def quantised(
    graph: openvino.Model, clips: Sequence[Pictures], least_agreement: float = LEAST_AGREEMENT
) -> openvino.Model:
    """The graph in INT8 with as few parts left exact as agreement asks for; where none agrees, the graph.

    Every second clip gives the ranges; agreement is on the others, a little above what is asked, so that it
    also holds on clips that nobody has chosen by.

    Args:
        graph: what ``graph_of`` gave.
        clips: each (frames, height, width, 3), all of one size.
        least_agreement: the share of clips with the same first label as in float32.
    """
    seen, kept_back = clips[::2], clips[1::2] or clips
    wanted = _firsts(compiled_model(graph, threads=1, **{HINT: EXACT}), kept_back)
    for exact in _EXACT_PARTS:
        made = in_whole_numbers(graph, seen, exact)
        same = float((_firsts(compiled_model(made, threads=1), kept_back) == wanted).mean())
        if same >= min(1.0, least_agreement + _MARGIN if least_agreement else 0.0):
            return made
    return graph


def in_whole_numbers(
    graph: openvino.Model, clips: Sequence[Pictures], exact: Collection[str] = ()
) -> openvino.Model:
    """The graph in INT8, its ranges taken from ``clips``; parts (``part_of``) in ``exact`` stay."""
    import nncf

    left = [node.get_friendly_name() for node in graph.get_ordered_ops() if part_of(node, graph) in exact]
    return nncf.quantize(
        graph,
        nncf.Dataset([clip[None] for clip in clips]),
        subset_size=len(clips),
        preset=nncf.QuantizationPreset.MIXED if exact else nncf.QuantizationPreset.PERFORMANCE,
        ignored_scope=nncf.IgnoredScope(names=left) if left else None,
    )


def part_of(node: Any, graph: openvino.Model) -> str:
    """Where in a SlowFast a node with weights lies: stem, across, fast, slow, head; else an empty text.

    Conversion folds the names away, the shapes stay: only the fast pathway has all frames to its end, and
    only the ways across step over frames.
    """
    kind = node.get_type_name()
    if kind == "MatMul":
        return "head"
    if kind != "Convolution":
        return ""
    if node.input(0).get_partial_shape()[1] == 3:
        return "stem"
    if node.get_attributes()["strides"][0] > 1:
        return "across"
    return "fast" if node.get_output_partial_shape(0)[2] == graph.inputs[0].partial_shape[1] else "slow"


def _firsts(net: Any, clips: Sequence[Pictures]) -> npt.NDArray[np.intp]:
    """The first label of each clip."""
    return np.array([int(net(clip[None])[0].argmax()) for clip in clips])


def compared(
    graph: openvino.Model, net: SlowFast, clips: Sequence[Pictures], *, threads: int = 1, repeats: int = 3
) -> Compared:
    """How the graph does beside the network; the median of ``repeats`` runs over all clips."""
    served = compiled_model(graph, threads=threads)
    whole = FromPictures(net.eval().float())
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        stacked = np.stack(clips)
        parts = [stacked[k : k + 8] for k in range(0, len(stacked), 8)]
        times: dict[str, list[float]] = {"served": [], "torch": []}
        served(parts[0])
        for _ in range(repeats):
            began = time.perf_counter()
            said = np.concatenate([served(part)[0] for part in parts])
            middle = time.perf_counter()
            with torch.no_grad():
                wanted = np.concatenate([whole(torch.from_numpy(part)).numpy() for part in parts])
            times["served"].append((middle - began) / len(stacked))
            times["torch"].append((time.perf_counter() - middle) / len(stacked))
    finally:
        torch.set_num_threads(before)
    same = float((said.argmax(1) == wanted.argmax(1)).mean())
    return Compared(len(stacked), same, float(np.median(times["served"])), float(np.median(times["torch"])))
