"""A small network that marks where something is in a picture, and how it learns that from pairs.

A pair is one drawn picture without and with what is to be found, such as a clean and a badly plated dish:
what differs between the two is what there is to find. Only training uses this.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from model_packages.training.blocks import Residual, layer
from model_packages.training.files import put_whole

CELL_PX = 8
_PART_PX = 192
_STEM = 4
_LEAST_CHANGED_PX = 6
_POSITIVE_WEIGHT = 4.0
_RATE, _WARM_STEPS = 3e-3, 50

if TYPE_CHECKING:
    import openvino

Picture = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]


class MarkingNetwork(nn.Module):
    """Pictures (N, 3, H, W), values 0 to 255, to logits (N, H / 8, W / 8): is it in this cell."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = nn.Sequential(
            nn.PixelUnshuffle(_STEM),
            layer(3 * _STEM * _STEM, 32),
            Residual(32),
            layer(32, 64, 2),
            Residual(64),
            Residual(64, 2),
            Residual(64, 4),
            nn.Conv2d(64, 1, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        cells: Tensor = self.seen(x / 64.0 - 2.0)
        return cells[:, 0]


@dataclass(frozen=True)
class Pair:
    """One picture without and with what is to be found, RGB (H, W, 3) of one size, at least 192 px each way.

    ``box``: where it is to be looked for most, in shares of the size.
    """

    clean: Picture
    marked: Picture
    box: Box


def changed_cells(pair: Pair, least_change: int = 40) -> npt.NDArray[np.bool_]:
    """(H // 8, W // 8) cells in which the two pictures differ by more than ``least_change`` of 255.

    The usual one is more than encoding makes them differ.
    """
    height, width = (n // CELL_PX for n in pair.clean.shape[:2])
    change = np.abs(pair.clean.astype(np.int16) - pair.marked).max(2) > least_change
    cells = change[: height * CELL_PX, : width * CELL_PX].reshape(height, CELL_PX, width, CELL_PX)
    return np.asarray(cells.sum((1, 3)) >= _LEAST_CHANGED_PX)


def learned_marks(
    pairs: Sequence[Pair],
    others: Sequence[Picture],
    *,
    seed: int,
    steps: int,
    batch: int = 12,
    least_change: int = 40,
    name: str = "marks",
    say: Callable[[str], None] = lambda _: None,
) -> MarkingNetwork:
    """A network that learned from ``pairs``, and from ``others`` that hold nothing, in ``steps`` of ``batch``
    pairs.

    Args:
        least_change: as in ``changed_cells``.
        name: what it learns, as ``say`` is told it.

    Raises:
        ValueError: in none of the pairs do the two pictures differ.
    """
    marks = [changed_cells(pair, least_change) for pair in pairs]
    usable = [n for n, cells in enumerate(marks) if cells.any()]
    if not usable:
        raise ValueError("expected pairs of pictures that differ, got none that do")
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = MarkingNetwork().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=1e-3)
    running = 0.0
    for number in range(steps):
        left_over = (1 + math.cos(math.pi * number / steps)) / 2
        for group in optimiser.param_groups:
            group["lr"] = _RATE * min(1.0, (number + 1) / _WARM_STEPS) * max(0.02, left_over)
        parts, wanted = [], []
        for _ in range(batch):
            at = int(rng.choice(usable))
            pair, cells = pairs[at], marks[at]
            near = rng.random() < 0.75
            top, left = _corner(pair, near, rng)
            for picture, truth in ((pair.clean, np.zeros_like(cells)), (pair.marked, cells)):
                parts.append(_part(picture, top, left))
                wanted.append(_part(truth, top // CELL_PX, left // CELL_PX, _PART_PX // CELL_PX))
        for _ in range(math.ceil(batch / 6) if others else 0):
            picture = others[int(rng.integers(len(others)))]
            top, left = (int(rng.integers(n - _PART_PX + 1)) for n in picture.shape[:2])
            parts.append(_part(picture, top, left))
            wanted.append(np.zeros((_PART_PX // CELL_PX,) * 2, bool))
        given = (
            torch.from_numpy(np.stack(parts))
            .permute(0, 3, 1, 2)
            .float()
            .contiguous(memory_format=torch.channels_last)
        )
        truth_t = torch.from_numpy(np.stack(wanted)).float()
        if rng.random() < 0.5:
            given, truth_t = given.flip(3), truth_t.flip(2)
        given = given * torch.empty(len(given), 3, 1, 1).uniform_(0.85, 1.15)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = network(given)
        loss = functional.binary_cross_entropy_with_logits(
            found.float(), truth_t, pos_weight=torch.tensor(_POSITIVE_WEIGHT)
        )
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        running = loss.item() if number == 0 else 0.98 * running + 0.02 * loss.item()
        if number % 100 == 99:
            say(f"{name}: step {number + 1}, loss {running:.4f}")
    return network.eval()


def _corner(pair: Pair, near: bool, rng: np.random.Generator) -> tuple[int, int]:
    """(top, left) of a part, on the grid of cells; ``near`` the pair's box."""
    height, width = pair.clean.shape[:2]
    x, y = (pair.box[0] + pair.box[2]) / 2 * width, (pair.box[1] + pair.box[3]) / 2 * height
    out = []
    for middle, size in ((y, height), (x, width)):
        last = (size - _PART_PX) // CELL_PX
        wanted = (
            (middle - _PART_PX / 2 + rng.uniform(-60, 60)) / CELL_PX if near else rng.uniform(0, last + 1)
        )
        out.append(int(min(max(wanted, 0), last)) * CELL_PX)
    return out[0], out[1]


def _part(array: npt.NDArray[Any], top: int, left: int, size: int = _PART_PX) -> npt.NDArray[Any]:
    return array[top : top + size, left : left + size]


class _Served(nn.Module):
    """Bytes (N, H, W, 3) RGB to the logits of the cells."""

    def __init__(self, network: MarkingNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        found: Tensor = self.network(pictures.permute(0, 3, 1, 2).float())
        return found


def graph_of(network: MarkingNetwork, shape: tuple[int, int, int, int]) -> openvino.Model:
    """The network for bytes of ``shape`` (N, H, W, 3), N -1 where it varies; normalisation is inside."""
    import openvino

    served = _Served(network.to(memory_format=torch.contiguous_format)).eval()
    with torch.inference_mode():
        example = torch.zeros((max(1, shape[0]), *shape[1:]), dtype=torch.uint8)
        return openvino.convert_model(served, example_input=example, input=[(shape, openvino.Type.u8)])


def kept_or_learned(path: Path, learn: Callable[[], MarkingNetwork]) -> MarkingNetwork:
    """The network kept at ``path``, or what ``learn`` gives, kept there."""
    if not path.exists():
        body = io.BytesIO()
        torch.save(learn().state_dict(), body)
        put_whole(path, body.getvalue())
    network = MarkingNetwork()
    network.load_state_dict(torch.load(path, weights_only=True))
    return network.eval()
