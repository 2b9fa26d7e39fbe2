"""Trains a SlowFast on films whose every picture has a label; knows neither drawing nor serving."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from .network import Shape, SlowFast, normalised
from .pictures import FPS, Pictures, clip_frames, rgb_of

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Film:
    """Small pictures (I420), ``FPS`` a second, and the place of each one's label (-1: not said)."""

    i420: Pictures
    labels: npt.NDArray[np.int16]
    about: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recipe:
    """How long and how fast is learned. ``size`` is (height, width) of training clips.

    Up to ``small_until`` (a share of all) clips are ``small``: most is learned there, in a third of the time.
    ``minutes`` ends training earlier than ``steps`` where the machine is slow; the rate of learning follows.
    """

    steps: int = 2000
    batch: int = 48
    rate: float = 3e-3
    size: tuple[int, int] = (112, 192)
    small: tuple[int, int] = (64, 112)
    small_until: float = 0.65
    smoothing: float = 0.05
    decay: float = 0.02
    average: float = 0.995
    minutes: float | None = None
    keep_every_s: float = 120.0
    look_every_s: float = 300.0
    seed: int = 0


@dataclass
class Learner:
    """The network being trained, its running average, and how far it is."""

    net: SlowFast
    averaged: SlowFast
    optimiser: torch.optim.Optimizer
    step: int = 0
    spent_s: float = 0.0
    curve: list[dict[str, float]] = field(default_factory=list)


class Deck:
    """Clips dealt out so that a label comes as often as the root of its pictures' number says.

    Rare labels are seen often enough, and what is common (the background) is still expected more often. The
    same seed deals the same.
    """

    def __init__(self, films: Sequence[Film], classes: int, frames: int, seed: int) -> None:
        self.films, self.frames, self.classes = films, frames, classes
        self.rng = np.random.default_rng([0xDEA1, seed])
        self.places: dict[int, list[tuple[int, int]]] = {}
        for number, film in enumerate(films):
            for place, label in enumerate(film.labels):
                if label >= 0:
                    self.places.setdefault(int(label), []).append((number, place))
        if not self.places:
            raise ValueError("expected films with at least one labelled picture, got none")
        self.known = sorted(self.places)
        often = np.sqrt([len(self.places[label]) for label in self.known])
        self.often = often / often.sum()

    def batch(self, count: int, size: tuple[int, int]) -> tuple[Pictures, npt.NDArray[np.float32]]:
        """(count, frames, height, width, 3) clips in RGB and (count, classes) shares of their labels.

        Height and width are ``near`` those of ``size``.
        """
        size = near(size, self.rng)
        clips, shares = [], np.zeros((count, self.classes), np.float32)
        for k in range(count):
            label = self.known[int(self.rng.choice(len(self.known), p=self.often))]
            number, place = self.places[label][int(self.rng.integers(len(self.places[label])))]
            film = self.films[number]
            first = place - self.frames // 2 + int(self.rng.integers(0, 2))
            at = np.clip(first + np.arange(self.frames), 0, len(film.labels) - 1)
            shares[k] = share_of_labels(film.labels, at, self.classes)
            clips.append(varied(rgb_of(film.i420[at]), size, self.rng))
        return np.stack(clips), shares


def share_of_labels(
    labels: npt.NDArray[np.int16], at: npt.NDArray[np.intp], classes: int
) -> npt.NDArray[np.float32]:
    """How much of the second in a clip's middle each label has; what is not labelled does not count."""
    second = round(FPS)
    first = max(0, (len(at) - second) // 2)
    seen = labels[at[first : first + second]]
    seen = seen[seen >= 0]
    shares = np.bincount(seen, minlength=classes)[:classes].astype(np.float32)
    return shares / max(1.0, float(shares.sum()))


def varied(clip: Pictures, size: tuple[int, int], rng: np.random.Generator) -> Pictures:
    """A clip seen otherwise: a part of it, perhaps mirrored, blurred, in other light and colours."""
    frames, height, width, _ = clip.shape
    share = float(rng.uniform(0.84, 1.0))
    rows, columns = int(height * share), int(width * share * rng.uniform(0.96, 1.0))
    top, left = int(rng.integers(0, height - rows + 1)), int(rng.integers(0, width - columns + 1))
    paint = other_colours(rng)
    blur = float(rng.uniform(0.3, 1.0)) if rng.random() < 0.15 else 0.0
    mirrored = bool(rng.random() < 0.5)
    out = np.empty((frames, *size, 3), np.uint8)
    for k in range(frames):
        part = clip[k, top : top + rows, left : left + columns]
        part = cv2.resize(part, size[::-1], interpolation=cv2.INTER_AREA)
        part = cv2.transform(cv2.flip(part, 1) if mirrored else part, paint)
        out[k] = cv2.GaussianBlur(part, (3, 3), blur) if blur else part
    return out


def other_colours(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """(3, 4) how red, green and blue become others, and what is added to each.

    Paint tells which kitchen it is, and a kitchen which few actions its film shows: colours are exchanged and
    mixed so that what hands and tools do is learned instead.
    """
    mixed = np.eye(3)[rng.permutation(3)] if rng.random() < 0.5 else np.eye(3)
    mixed = mixed + rng.normal(0, 0.12, (3, 3))
    if rng.random() < 0.15:
        mixed[:] = rng.dirichlet(np.full(3, 4.0))
    mixed *= rng.uniform(0.75, 1.25) / mixed.sum(1, keepdims=True).clip(0.3)
    return np.concatenate([mixed, rng.uniform(-18, 18) + rng.normal(0, 5, (3, 1))], 1)


def near(size: tuple[int, int], rng: np.random.Generator) -> tuple[int, int]:
    """A (height, width) about as large: the last map is so small that one size alone is learned by heart."""
    height, width = size
    return (
        round(height / 8 * rng.uniform(0.86, 1.14)) * 8,
        round(width / 16 * rng.uniform(0.86, 1.14)) * 16,
    )


def new_learner(shape: Shape, recipe: Recipe) -> Learner:
    torch.manual_seed(recipe.seed)
    net = SlowFast(shape)
    for module in net.modules():
        if isinstance(module, nn.Conv3d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    net = net.to(memory_format=torch.channels_last_3d)
    kept = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim <= 1]
    groups = [{"params": kept, "weight_decay": recipe.decay}, {"params": others, "weight_decay": 0.0}]
    return Learner(net, copy.deepcopy(net), torch.optim.AdamW(groups, lr=recipe.rate, fused=True))


def rate_at(progress: float, recipe: Recipe) -> float:
    """Warm-up over the first twentieth, then half a cosine down to a hundredth."""
    if progress < 0.05:
        return recipe.rate * (0.05 + 0.95 * progress / 0.05)
    return recipe.rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - 0.05) / 0.95))))


def learned(
    learner: Learner,
    films: Callable[[], Sequence[Film]],
    recipe: Recipe,
    *,
    checkpoint: Path | None = None,
    look: Callable[[SlowFast, tuple[int, int]], dict[str, float]] | None = None,
    say: Callable[[str], None] = print,
) -> Learner:
    """Train until the recipe is done, from where the learner is.

    Args:
        films: gives the films; asked again at each look, so that films may still be being made.
        checkpoint: where the state is kept, every ``keep_every_s``.
        look: figures of the averaged network on films kept back, for the learning curve; it is told the
            (height, width) of the clips that are being learned from.
    """
    device = next(learner.net.parameters()).device
    shape = learner.net.shape
    began = time.monotonic() - learner.spent_s
    last_kept = last_look = learner.spent_s
    losses: list[float] = []

    def progress() -> float:
        learner.spent_s = time.monotonic() - began
        timed = 0.0 if recipe.minutes is None else learner.spent_s / 60 / recipe.minutes
        return max(learner.step / recipe.steps, timed)

    def size() -> tuple[int, int]:
        return recipe.small if progress() < recipe.small_until else recipe.size

    def new_deck() -> Deck:
        return Deck(films(), shape.classes, shape.frames, recipe.seed + learner.step)

    # The next clips are made ready while the network learns from these.
    with ThreadPoolExecutor(1) as ahead:
        deck = new_deck()
        dealt = ahead.submit(deck.batch, recipe.batch, size())
        while progress() < 1:
            clips, shares = dealt.result()
            dealt = ahead.submit(deck.batch, recipe.batch, size())
            for group in learner.optimiser.param_groups:
                group["lr"] = rate_at(progress(), recipe)
            losses.append(_stepped(learner, clips, shares, recipe, device))
            if not math.isfinite(losses[-1]):
                raise ValueError("training diverged: the loss is no number; lower --rate")
            learner.step += 1
            if learner.step % 50 == 0:
                say(f"step {learner.step} loss {np.mean(losses[-50:]):.3f} {learner.spent_s:.0f} s")
            if look is not None and learner.spent_s - last_look >= recipe.look_every_s:
                last_look = learner.spent_s
                row = {"step": float(learner.step), "seconds": round(learner.spent_s)}
                row |= {"loss": round(float(np.mean(losses[-100:])), 4)} | look(learner.averaged, size())
                learner.curve.append(row)
                say(str(row))
                dealt.result()
                deck = new_deck()
            if checkpoint is not None and learner.spent_s - last_kept >= recipe.keep_every_s:
                last_kept = learner.spent_s
                keep(learner, checkpoint)
    learner.spent_s = time.monotonic() - began
    if checkpoint is not None:
        keep(learner, checkpoint)
    return learner


def _stepped(
    learner: Learner,
    clips: Pictures,
    shares: npt.NDArray[np.float32],
    recipe: Recipe,
    device: torch.device,
) -> float:
    learner.net.train()
    wanted = torch.from_numpy(shares).to(device)
    wanted = wanted * (1 - recipe.smoothing) + recipe.smoothing / wanted.shape[1]
    with torch.autocast(device.type, dtype=torch.bfloat16):
        given = normalised(torch.from_numpy(clips).to(device)).to(torch.bfloat16)
        scores = learner.net(given.contiguous(memory_format=torch.channels_last_3d))
    loss = -(wanted * scores.float().log_softmax(1)).sum(1).mean()
    learner.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(learner.net.parameters(), 5.0)
    learner.optimiser.step()
    # The first steps are soon forgotten, so that a short training is averaged over itself alone.
    keep_share = min(recipe.average, (1 + learner.step) / (10 + learner.step))
    with torch.no_grad():
        for mean, now in zip(
            learner.averaged.state_dict().values(), learner.net.state_dict().values(), strict=True
        ):
            if mean.dtype.is_floating_point:
                mean.lerp_(now, 1 - keep_share)
            else:
                mean.copy_(now)
    return float(loss.detach())


def scores_of(
    net: SlowFast, film: Film, times_s: Floats, size: tuple[int, int], batch: int = 16
) -> npt.NDArray[np.float32]:
    """(clips, classes) scores of clips centred at ``times_s``, in float32; ``size`` is (height, width)."""
    net.eval()
    places = clip_frames(times_s, len(film.i420), net.shape.frames)
    rgb = rgb_of(film.i420)
    if rgb.shape[1:3] != size:
        rgb = np.stack([cv2.resize(p, size[::-1], interpolation=cv2.INTER_AREA) for p in rgb])
    device = next(net.parameters()).device
    out: list[Tensor] = []
    with torch.no_grad():
        for first in range(0, len(places), batch):
            clips = normalised(torch.from_numpy(rgb[places[first : first + batch]]).to(device))
            out.append(net(clips.contiguous(memory_format=torch.channels_last_3d)).float().cpu())
    scores: npt.NDArray[np.float32] = torch.cat(out).numpy()
    return scores


def seconds_truth(film: Film, classes: int) -> tuple[Floats, npt.NDArray[np.intp]]:
    """Middles of whole seconds, and what most of each shows (a tie goes to the action; -1: not said)."""
    second = FPS
    count = int(len(film.labels) / second)
    truth = np.full(count, -1, np.intp)
    for k in range(count):
        seen = film.labels[math.ceil(k * second - 1e-6) : math.ceil((k + 1) * second - 1e-6)]
        seen = seen[seen >= 0]
        if len(seen):
            tally = np.bincount(seen, minlength=classes)
            tally[0] = tally[0] * 2 - 1 if tally[0] else 0
            tally[1:] *= 2
            truth[k] = int(tally.argmax())
    return np.arange(count) + 0.5, truth


def accuracy_on(net: SlowFast, films: Iterable[Film], size: tuple[int, int]) -> dict[str, float]:
    """Share of seconds right, and the same averaged over labels."""
    right: list[bool] = []
    by_label: dict[int, list[bool]] = {}
    for film in films:
        times, truth = seconds_truth(film, net.shape.classes)
        said = scores_of(net, film, times, size).argmax(1)
        for s, t in zip(said, truth, strict=True):
            if t >= 0:
                right.append(bool(s == t))
                by_label.setdefault(int(t), []).append(bool(s == t))
    if not right:
        raise ValueError("expected films with labelled seconds, got none")
    balanced = float(np.mean([np.mean(v) for v in by_label.values()]))
    return {"accuracy": round(float(np.mean(right)), 4), "balanced": round(balanced, 4)}


def keep(learner: Learner, path: Path) -> None:
    """Write all that training goes on from, whole or not at all."""
    part = path.with_suffix(".part")
    torch.save(
        {
            "net": learner.net.state_dict(),
            "averaged": learner.averaged.state_dict(),
            "optimiser": learner.optimiser.state_dict(),
            "step": learner.step,
            "spent_s": learner.spent_s,
            "curve": learner.curve,
        },
        part,
    )
    part.replace(path)


def resumed(learner: Learner, path: Path) -> Learner:
    """The learner as it was kept at ``path``.

    Raises:
        ValueError: what lies there is of a network of another shape.
    """
    state: dict[str, Any] = torch.load(path, weights_only=True)
    try:
        learner.net.load_state_dict(state["net"])
        learner.averaged.load_state_dict(state["averaged"])
    except RuntimeError as error:
        raise ValueError(f"{path} is of a network of another shape; name another --work folder") from error
    learner.optimiser.load_state_dict(state["optimiser"])
    learner.step, learner.spent_s = state["step"], state["spent_s"]
    learner.curve = state["curve"]
    return learner
