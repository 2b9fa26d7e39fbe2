"""Trains the two networks on drawn pictures, epoch by epoch, from a checkpoint where there is one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .looking import CELL, CELLS, PART, WHOLE
from .networks import What, Where, stored
from .samples import HIDDEN, KEPT_PART, OUTLINE_PX, Samples

_BATCH = {"where": 32, "what": 24}
_PEAK = {"where": 2.5e-3, "what": 2e-3}
_DECAY = 0.02
_YELLOW_SHARE = 0.25
_LEVEL_SHARE = 0.5
_MARKS_SHARE = 1.0
# A cell of the outline weighs as much as so many others: a flame is small in the part.
_MARKED_WEIGHT = 4.0
_MARKED_FROM = 0.15

Batch = tuple[Tensor, Tensor | tuple[Tensor, Tensor]]
Say = Callable[[str], None]


def _coloured(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The picture in other light: another gamma, brightness, white balance and black."""
    codes = np.linspace(0, 1, 256)[:, None] ** float(rng.uniform(0.75, 1.3))
    table = codes * float(rng.uniform(0.75, 1.25)) * rng.uniform(0.9, 1.1, 3) + float(
        rng.uniform(-0.05, 0.05)
    )
    return cv2.LUT(picture, (np.clip(table, 0, 1) * 255).astype(np.uint8)[None])


def _warp(rng: np.random.Generator, size: tuple[int, int], out: tuple[int, int], shift: float) -> np.ndarray:
    """A random 2 x 3 map about the middle: flipped or not, turned, larger or smaller, moved."""
    angle, scale = float(rng.normal(0, 3.5)), float(np.exp(rng.normal(0, 0.10)))
    matrix = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), angle, scale)
    matrix[:, 2] += (out[0] - size[0]) / 2, (out[1] - size[1]) / 2
    matrix[:, 2] += np.clip(rng.normal(0, shift, 2), -2.5 * shift, 2.5 * shift)
    if rng.random() < 0.5:
        matrix[0] *= -1
        matrix[0, 2] += out[0] - 1
    return matrix


def _tensor(pictures: list[np.ndarray]) -> Tensor:
    stacked = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float()
    return stacked.contiguous(memory_format=torch.channels_last)


def _where_targets(places: np.ndarray) -> np.ndarray:
    """How likely each cell, and nowhere, should be: a small bell round each burner, shape (961,)."""
    columns, rows = np.meshgrid(np.arange(CELLS[0]), np.arange(CELLS[1]))
    target = np.zeros(CELLS[0] * CELLS[1] + 1, np.float32)
    for x, y in places:
        if not (np.isfinite(x) and 0 <= x < WHOLE[0] and 0 <= y < WHOLE[1]):
            continue
        apart = ((columns + 0.5) * CELL - x) ** 2 + ((rows + 0.5) * CELL - y) ** 2
        bell = np.exp(-apart / (2 * (0.6 * CELL) ** 2)).ravel()
        target[:-1] += bell / bell.sum()
    if target.sum() == 0:
        target[-1] = 1
    return target / target.sum()


def _where_batches(samples: Samples, rng: np.random.Generator) -> Iterator[Batch]:
    order = rng.permutation(len(samples.scales))
    size = _BATCH["where"]
    for first in range(0, len(order) - size + 1, size):
        pictures, targets = [], []
        for k in order[first : first + size]:
            warp = _warp(rng, WHOLE, WHOLE, 8.0)
            pictures.append(_coloured(cv2.warpAffine(samples.wholes[k], warp, WHOLE), rng))
            places = samples.places[k]
            targets.append(_where_targets(places @ warp[:, :2].T + warp[:, 2]))
        yield _tensor(pictures), torch.from_numpy(np.stack(targets))


def _what_batches(samples: Samples, rng: np.random.Generator) -> Iterator[Batch]:
    order = rng.permutation(len(samples.scales))
    size = _BATCH["what"]
    for first in range(0, len(order) - size + 1, size):
        chosen = order[first : first + size]
        pictures, marks = [], []
        for k in chosen:
            warp = _warp(rng, KEPT_PART, PART, 7.0)
            pictures.append(_coloured(cv2.warpAffine(samples.parts[k], warp, PART), rng))
            marks.append(_marked(samples.outlines[k], warp))
        said = np.stack([samples.scales[chosen], samples.colours[chosen].astype(np.float32)], 1)
        yield _tensor(pictures), (torch.from_numpy(said), torch.from_numpy(np.stack(marks)))


def _marked(outline: np.ndarray, warp: np.ndarray) -> np.ndarray:
    """The cells (24, 32) of a part, moved by ``warp``, that the outline touches: 1 there, else 0."""
    size = PART[0] // OUTLINE_PX, PART[1] // OUTLINE_PX
    small = warp.copy()
    small[:, 2] /= OUTLINE_PX
    moved = cv2.warpAffine(outline, small, size)
    cells = cv2.resize(moved, (PART[0] // CELL, PART[1] // CELL), interpolation=cv2.INTER_AREA)
    return (cells > _MARKED_FROM * 255).astype(np.float32)


def _where_loss(logits: Tensor, targets: Tensor) -> Tensor:
    return -(targets * functional.log_softmax(logits.float(), 1)).sum(1).mean()


def shares_of_scale(scales: Tensor) -> Tensor:
    """A place on the scale as shares of its two neighbouring words, shape (N, 5)."""
    words = torch.arange(HIDDEN, dtype=scales.dtype)
    shares = (1 - (scales[:, None] - words).abs()).clamp(min=0)
    return torch.cat([shares * (scales[:, None] < HIDDEN), (scales[:, None] >= HIDDEN).float()], 1)


def _what_loss(answer: tuple[Tensor, Tensor], truth: tuple[Tensor, Tensor]) -> Tensor:
    logits, marks = (part.float() for part in answer)
    said, wanted = truth
    scales, colours = said[:, 0], said[:, 1]
    marked = _MARKS_SHARE * functional.binary_cross_entropy_with_logits(
        marks, wanted, pos_weight=torch.tensor(_MARKED_WEIGHT)
    )
    state = -(shares_of_scale(scales) * functional.log_softmax(logits[:, :5], 1)).sum(1).mean()
    lit = colours >= 0
    if not lit.any():
        return state + marked
    yellow = functional.binary_cross_entropy_with_logits(logits[lit, 5], colours[lit])
    chances = torch.softmax(logits[lit, 1:4], 1)
    meant = (chances * torch.arange(1.0, 4.0)).sum(1)
    apart = functional.smooth_l1_loss(meant, scales[lit].clamp(1, 3), beta=0.25)
    return state + marked + _YELLOW_SHARE * yellow + _LEVEL_SHARE * apart


def trained(
    name: str, samples: Callable[[], Samples], work: Path, *, epochs: int, seed: int, say: Say
) -> nn.Module:
    """The network ``where`` or ``what``, trained for ``epochs`` on what ``samples`` gives.

    A checkpoint lies in ``work`` after each epoch; a training that was stopped goes on from it.
    """
    torch.manual_seed(seed)
    cv2.setNumThreads(1)
    network: nn.Module = (Where() if name == "where" else What()).to(memory_format=torch.channels_last)
    batches, loss_of = (_where_batches, _where_loss) if name == "where" else (_what_batches, _what_loss)
    optimiser = torch.optim.AdamW(network.parameters(), lr=_PEAK[name], weight_decay=_DECAY)
    path = work / f"{name}.pt"
    begun = 0
    losses: list[float] = []
    if path.is_file():
        kept = torch.load(path, weights_only=True)
        network.load_state_dict(kept["network"])
        optimiser.load_state_dict(kept["optimiser"])
        begun, losses = int(kept["epoch"]), [float(v) for v in kept.get("losses", ())]
    if begun >= epochs:
        return network.eval()
    pictures_known = samples()
    rounds = max(1, len(pictures_known.scales) // _BATCH[name])
    for epoch in range(begun, epochs):
        network.train()
        rng = np.random.default_rng([seed, epoch])
        total = 0.0
        for number, (pictures, targets) in enumerate(batches(pictures_known, rng)):
            at = (epoch + number / rounds) / epochs
            warm = min(1.0, (epoch * rounds + number + 1) / 100)
            for group in optimiser.param_groups:
                group["lr"] = _PEAK[name] * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * at)))
            with torch.autocast("cpu", dtype=torch.bfloat16):
                answer = network(pictures)
            loss = loss_of(answer, targets)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimiser.step()
            total += float(loss.detach())
        losses.append(round(total / rounds, 4))
        kept = {"network": network.state_dict(), "optimiser": optimiser.state_dict()}
        stored(path, {**kept, "epoch": epoch + 1, "losses": losses})
        say(f"{name}: epoch {epoch + 1} of {epochs}, loss {losses[-1]:.3f}")
    return network.eval()
