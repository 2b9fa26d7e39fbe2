"""Draws films, looks at them with the package's network, trains what reads looks together, and packs it in.

    python -m model_packages.slowfast.train_context [--films 1000] [--steps 1500] [--out PACKAGE]

What was drawn and seen lies in the work folder: interrupted, the same command goes on. No film that the
network itself learned from is among them. Temperature and chain are fitted anew on the calibration kitchens;
the kitchens kept for testing are measured once.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from model_packages.engine import WEIGHTS as CONSTANTS
from model_packages.engine import pack_ir
from model_packages.members import members_in, with_members
from model_packages.training.files import put_whole
from model_packages.training.kitchens import TRAINING_GROUPS

from .adapting import Start
from .card import model_card
from .chain import chain_from
from .context import MEMBER, Context, Floats
from .drawing import LABELS, Part, draw_shared, films_of, parts
from .measuring import figures_of, fitted, probabilities
from .package import FIGURES, WEIGHTS, write_package
from .train import BAR, SERVED, USEFUL, read_film, without_paths

_HERE = Path(__file__).resolve().parent
_HELD_OUT_SEED = 1000
_WIDTH, _APART, _DROPOUT = 96, (1, 2, 4), 0.3
_STRETCH, _BATCH, _RATE, _DECAY, _SMOOTHING = 24, 32, 2e-3, 0.02, 0.03


@dataclass(frozen=True)
class Seen:
    """A film as the network saw it: (seconds, looks, labels and features), and its truth a second."""

    looks: npt.NDArray[np.float32]
    truth: npt.NDArray[np.intp]
    name: str

    def alone(self, every: int = 1) -> npt.NDArray[np.float32]:
        """(seconds, labels) scores of each second by itself."""
        mean: npt.NDArray[np.float32] = self.looks[::every, :, : len(LABELS)].mean(1)
        return mean

    def features(self, every: int = 1) -> npt.NDArray[np.float32]:
        return self.looks[::every, :, len(LABELS) :]


class Network(nn.Module):
    """What ``Context`` computes, to be trained: (N, features, looks) in, (N, labels, looks) out."""

    def __init__(self, features: int, classes: int, width: int = _WIDTH) -> None:
        super().__init__()
        self.first = nn.Conv1d(features, width, 1)
        self.around = nn.ModuleList(
            nn.Conv1d(width, width, 3, dilation=d, padding=d, padding_mode="replicate") for d in _APART
        )
        self.out = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in _APART)
        self.last = nn.Conv1d(width, classes, 1)
        self.dropout = nn.Dropout(_DROPOUT)
        nn.init.zeros_(self.last.weight)
        assert self.last.bias is not None
        nn.init.zeros_(self.last.bias)

    def forward(self, features: Tensor) -> Tensor:
        told = self.first(self.dropout(features))
        for around, out in zip(self.around, self.out, strict=True):
            told = told + self.dropout(out(torch.relu(around(told))))
        scores: Tensor = self.last(torch.relu(told))
        return scores

    def context(self, scale: float) -> Context:
        """As it is served, of features that have not been divided by ``scale``."""

        def array(values: Tensor | None) -> Floats:
            assert values is not None
            return values.detach().numpy().astype(np.float32)

        def linear(layer: nn.Conv1d, divided_by: float = 1.0) -> tuple[Floats, Floats]:
            return array(layer.weight)[:, :, 0].T / np.float32(divided_by), array(layer.bias)

        blocks = tuple(
            (apart, array(around.weight).transpose(2, 1, 0).copy(), array(around.bias), *linear(out))
            for apart, around, out in zip(_APART, self.around, self.out, strict=True)
        )
        return Context(linear(self.first, scale), blocks, linear(self.last))


def looked_through(start: Start, part: Part, work: Path, workers: int) -> list[Seen]:
    """A part's films as the network sees them: drawn, looked at, and kept, where they are not yet."""
    constants = members_in(start.folder / WEIGHTS, [CONSTANTS])[CONSTANTS]
    folder = work / f"seen-{hashlib.sha256(constants).hexdigest()[:12]}" / part.name
    folder.mkdir(parents=True, exist_ok=True)
    if not all((folder / f"{part.first_seed + n:08d}.npz").exists() for n in range(part.films)):
        draw_shared(work, part, workers)
    out = []
    for number in range(part.films):
        path = folder / f"{part.first_seed + number:08d}.npz"
        if not path.exists():
            film = read_film(next(p for p in films_of(work, part) if p.name == path.name))
            looks, truth = start.looks_of(film, SERVED)
            whole = path.with_suffix(".part")
            with whole.open("wb") as file:
                about = np.array(film.about)
                np.savez(file, seen=looks.astype(np.float16), truth=truth.astype(np.int16), about=about)
            whole.replace(path)
        with np.load(path, allow_pickle=False) as kept:
            name = ", ".join(str(word) for word in kept["about"][:2])
            out.append(Seen(kept["seen"].astype(np.float32), kept["truth"].astype(np.intp), name))
    return out


def learned(
    films: Sequence[Seen], temperature: float, *, steps: int, seed: int
) -> tuple[Context, list[dict[str, float]]]:
    """A context that makes the truth likely at ``temperature``, and how its loss fell.

    Raises:
        ValueError: no film is as long as the stretches that are learned from.
    """
    films = [film for film in films if len(film.truth) >= _STRETCH]
    if not films:
        raise ValueError(f"expected films of at least {_STRETCH} s, got none")
    torch.manual_seed(seed)
    rng = np.random.default_rng([0xC0DE, seed])
    scale = 3 * float(np.concatenate([f.features().reshape(-1) for f in films[:20]]).std())
    net = Network(films[0].features().shape[2], len(LABELS))
    optimiser = torch.optim.AdamW(net.parameters(), lr=_RATE, weight_decay=_DECAY)
    losses: list[float] = []
    curve: list[dict[str, float]] = []
    for step in range(steps):
        share = min(1.0, (step + 1) / 50) * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * step / steps)))
        for group in optimiser.param_groups:
            group["lr"] = _RATE * share
        features, alone, truth = [], [], []
        for number in rng.integers(len(films), size=_BATCH):
            film = films[number]
            at = slice(first := int(rng.integers(len(film.truth) - _STRETCH + 1)), first + _STRETCH)
            seen = film.features()[at]
            features.append(seen.reshape(-1, seen.shape[2]).T / scale)
            alone.append(film.alone()[at].T)
            truth.append(film.truth[at])
        more = net(torch.from_numpy(np.stack(features)))
        more = more.reshape(_BATCH, len(LABELS), _STRETCH, -1).mean(3)
        scores = (torch.from_numpy(np.stack(alone)) + more) / temperature
        loss = nn.functional.cross_entropy(
            scores, torch.from_numpy(np.stack(truth)), ignore_index=-1, label_smoothing=_SMOOTHING
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        losses.append(float(loss.detach()))
        if (step + 1) % max(1, steps // 10) == 0:
            curve.append({"step": step + 1, "loss": round(float(np.mean(losses[-100:])), 4)})
            print(curve[-1], file=sys.stderr, flush=True)
    return net.eval().context(scale), curve


def scored(films: Sequence[Seen], context: Context | None, every: int = 1) -> npt.NDArray[np.float64]:
    """(seconds, labels) scores of films one after another; each ``every``-th second's, held for the next."""
    parts_of = []
    for film in films:
        scores = film.alone(every)
        if context is not None:
            scores = scores + context.added(film.features(every))
        parts_of.append(np.repeat(scores, every, axis=0)[: len(film.truth)])
    return np.concatenate(parts_of).astype(np.float64)


def main(arguments: Sequence[str] | None = None) -> int:
    words = sys.argv[1:] if arguments is None else list(arguments)
    parser = argparse.ArgumentParser(prog="python -m model_packages.slowfast.train_context")
    parser.add_argument("--films", type=int, default=1000, help="drawn films of a minute to learn from")
    parser.add_argument("--held-out", type=int, default=12, help="drawn films of calibration, and of test")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=50000, help="draws the kitchens and starts the network")
    cores = os.cpu_count() or 1
    parser.add_argument("--workers", type=int, default=min(2, cores), help="processes that draw")
    parser.add_argument("--threads", type=int, default=1, help="threads that train")
    parser.add_argument("--work", type=Path, default=Path(".train/slowfast-context"))
    parser.add_argument("--out", type=Path, default=_HERE)
    given = parser.parse_args(words)
    cv2.setNumThreads(1)
    torch.set_num_threads(given.threads)
    start = Start(given.out)
    if start.labels != LABELS or start.settings["chain"] is None:
        raise ValueError("expected a package with the labels of drawn films and a chain, got another")
    held_out = {part.name: part for part in parts(1, given.held_out, _HELD_OUT_SEED)}
    drawn = Part("training", TRAINING_GROUPS, given.films, given.seed, True)
    training = looked_through(start, drawn, given.work, given.workers)
    began = time.monotonic()
    context, curve = learned(training, 0.8, steps=given.steps, seed=given.seed)
    spent_s = time.monotonic() - began
    tuned, tested = (
        looked_through(start, held_out[name], given.work, given.workers) for name in ("calibration", "test")
    )

    def figures(films: Sequence[Seen], context: Context | None, chain: Any, every: int = 1) -> dict[str, Any]:
        numbers = np.concatenate([np.full(len(f.truth), n) for n, f in enumerate(films)])
        chances = probabilities(scored(films, context, every), numbers, temperature, chain)
        names = [f.name for f in films for _ in f.truth]
        return figures_of(chances, np.concatenate([f.truth for f in films]), LABELS, names)

    counted = chain_from(start.settings["chain"])
    assert counted is not None
    temperature, chain = fitted(
        replace(counted, weight=0.0, sharpness=1.0),
        scored(tuned, context),
        np.concatenate([f.truth for f in tuned]),
        np.concatenate([np.full(len(f.truth), n) for n, f in enumerate(tuned)]),
    )
    before = json.loads((given.out / FIGURES).read_text("utf-8"))
    before.pop("weightsSha256", None)
    told = {
        **before,
        "temperature": round(temperature, 4),
        "chain": {k: v for k, v in chain.as_json().items() if k != "shares"},
        "calibration": figures(tuned, context, chain),
        "test": figures(tested, context, chain),
        "testOfEachSecondAlone": figures(tested, None, None)["accuracy"],
        "testWithAClipEvery2Seconds": figures(tested, context, chain, 2)["accuracy"],
        "context": {
            "command": " ".join(["python -m model_packages.slowfast.train_context", *without_paths(words)]),
            "films": len(training),
            "seconds": int(sum(len(f.truth) for f in training)),
            "seed": given.seed,
            "date": datetime.now(UTC).date().isoformat(),
            "trainingSeconds": round(spent_s, 1),
            "learningCurve": curve,
        },
    }
    with tempfile.TemporaryDirectory(dir=given.out) as folder:
        weights = pack_ir(start.shown(), Path(folder) / WEIGHTS)
        put_whole(weights, with_members(weights.read_bytes(), [MEMBER], {MEMBER: context.packed()}))
        write_package(
            given.out,
            weights,
            start.settings | {"temperature": told["temperature"], "chain": chain.as_json()},
            model_card(told, bar=BAR, useful=USEFUL),
            engine=told["engine"],
            trained_on=before["trainedOn"],
            figures=told,
            useful=told["test"]["accuracy"] >= USEFUL,
        )
    print(json.dumps({k: told["test"][k] for k in ("accuracy", "balancedAccuracy", "calibrationError")}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
