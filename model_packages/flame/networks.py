"""The two networks in PyTorch: where the burner is, and what its flame does; only training uses this."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openvino
import torch
from torch import Tensor, nn

from model_packages.training.blocks import Residual, layer

from .looking import PART, WHOLE

_WIDTHS = (32, 64)
_STEM = 4


class _Trunk(nn.Module):
    """Bytes of RGB to features; the normalisation is part of it."""

    def __init__(self) -> None:
        super().__init__()
        self.fold = nn.PixelUnshuffle(_STEM)
        self.stem = layer(3 * _STEM * _STEM, _WIDTHS[0])
        self.fine = Residual(_WIDTHS[0])
        self.down = layer(_WIDTHS[0], _WIDTHS[1], 2)
        self.middle = Residual(_WIDTHS[1])

    def forward(self, x: Tensor) -> Tensor:
        x = self.fold(x / 64.0 - 2.0).contiguous(memory_format=torch.channels_last)
        return self.middle(self.down(self.fine(self.stem(x))))


class Where(nn.Module):
    """Small whole pictures (N, 3, 192, 320), values 0 to 255, to logits (N, 961): cells, and nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = _Trunk()
        self.wide = nn.Sequential(Residual(_WIDTHS[1], 2), Residual(_WIDTHS[1], 4))
        self.cells = nn.Conv2d(_WIDTHS[1], 1, 1)
        self.nowhere = nn.Sequential(nn.Linear(2 * _WIDTHS[1], 64), nn.ReLU(inplace=True), nn.Linear(64, 1))

    def forward(self, x: Tensor) -> Tensor:
        seen = self.wide(self.trunk(x))
        pooled = torch.cat([seen.mean((2, 3)), seen.amax((2, 3))], 1)
        return torch.cat([self.cells(seen).flatten(1), self.nowhere(pooled)], 1)


class What(nn.Module):
    """Parts of pictures (N, 3, 192, 256), values 0 to 255, to logits (N, 6): the five states, and yellow.

    It looks where it marks the flame, and where else it learned to look. The marks (N, 24, 32), logits of
    cells of 8 pixels, are a second output while it learns: they are taught with the drawn flame's outline.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fold = nn.PixelUnshuffle(_STEM)
        self.seen = nn.Sequential(
            layer(3 * _STEM * _STEM, 32),
            Residual(32),
            layer(32, 64, 2),
            Residual(64),
            Residual(64, 2),
            Residual(64, 4),
        )
        self.where = nn.Conv2d(64, 4, 1)
        self.heads = nn.Sequential(nn.Linear(64 * 5, 96), nn.ReLU(inplace=True), nn.Linear(96, 6))

    def forward(self, x: Tensor) -> Any:
        seen = self.seen(self.fold(x / 64.0 - 2.0).contiguous(memory_format=torch.channels_last))
        marks = self.where(seen)
        attention = torch.softmax(marks.flatten(2), 2)
        flat = seen.flatten(2)
        looked_at = torch.matmul(attention, flat.transpose(1, 2)).flatten(1)
        logits = self.heads(torch.cat([looked_at, flat.mean(2)], 1))
        return (logits, marks[:, 0]) if self.training else logits


def graph_of(network: nn.Module) -> openvino.Model:
    """The trained network as an OpenVINO model that takes uint8 (N, height, width, 3) RGB."""
    size = WHOLE if isinstance(network, Where) else PART
    network = network.eval().float()
    example = torch.zeros(1, 3, size[1], size[0])
    model = openvino.convert_model(network, example_input=example)
    steps = openvino.preprocess.PrePostProcessor(model)
    steps.input().tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    steps.input().model().set_layout(openvino.Layout("NCHW"))
    steps.input().preprocess().convert_element_type(openvino.Type.f32)
    built = steps.build()
    built.reshape([-1, size[1], size[0], 3])
    return built


def stored(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint that takes the place of an older one only when it is whole."""
    partial = path.with_name(f".{path.name}.partial")
    torch.save(state, partial)
    partial.replace(path)
