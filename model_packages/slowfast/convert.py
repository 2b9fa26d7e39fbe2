"""Turns a trained network into what is served: an OpenVINO graph, in whole numbers where that agrees."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from model_packages.engine import compiled_model

from .network import FromPictures, SlowFast
from .pictures import Pictures

if TYPE_CHECKING:
    import openvino

# INT8 is served where it names the same label as float32 in at least this share of clips.
LEAST_AGREEMENT = 0.97


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


def quantised(graph: openvino.Model, clips: Sequence[Pictures]) -> openvino.Model:
    """The graph in INT8, its ranges taken from ``clips``, each (frames, height, width, 3)."""
    import nncf

    def batches() -> Iterator[npt.NDArray[np.uint8]]:
        yield from (clip[None] for clip in clips)

    return nncf.quantize(graph, nncf.Dataset(list(batches())), subset_size=len(clips))


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
