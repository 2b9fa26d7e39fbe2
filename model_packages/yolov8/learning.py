"""Trains ultralytics' YOLOv8n on labelled pictures, in bfloat16; knows nothing of how they were drawn."""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .dataset import Entry, batch_of, sample
from .shim import prepare

ARCHITECTURE = "yolov8n.yaml"


@dataclass(frozen=True)
class Stage:
    """A number of steps on pictures of one size (width, height), enlarged within ``zoom``."""

    steps: int
    size: tuple[int, int]
    zoom: tuple[float, float]


@dataclass(frozen=True)
class Plan:
    """How it is learnt. First on parts of pictures at full scale, which costs half; then on whole pictures.

    From step ``balanced_from`` on pictures with rare classes are drawn more often and classes weigh
    ``class_gain`` instead of ultralytics' 0.5: by then boxes are found, and what small things are called is
    not.
    """

    stages: tuple[Stage, ...]
    batch: int = 16
    rate: float = 1.5e-3
    warm_up: int = 60
    weight_decay: float = 0.01
    last_rate: float = 0.03
    average: float = 0.997
    seed: int = 0
    every: int = 50
    balanced_from: int = 1000
    class_gain: float = 1.0

    @property
    def steps(self) -> int:
        return sum(stage.steps for stage in self.stages)

    def stage_at(self, step: int) -> Stage:
        for stage in self.stages:
            if step < stage.steps:
                return stage
            step -= stage.steps
        return self.stages[-1]

    def rate_at(self, step: int) -> float:
        """Rises over ``warm_up`` steps, then falls along a cosine."""
        if step < self.warm_up:
            return self.rate * (step + 1) / self.warm_up
        share = (step - self.warm_up) / max(1, self.steps - self.warm_up)
        return self.rate * (self.last_rate + (1 - self.last_rate) * 0.5 * (1 + math.cos(math.pi * share)))


def network(classes: int) -> Any:
    """ultralytics' YOLOv8n for ``classes`` classes, with weights drawn at random (torch's seed)."""
    prepare()
    from ultralytics.cfg import get_cfg
    from ultralytics.nn.tasks import DetectionModel

    model = DetectionModel(ARCHITECTURE, nc=classes, verbose=False)
    model.args = get_cfg()
    return model


def trained(
    entries: Sequence[Entry],
    classes: int,
    plan: Plan,
    checkpoint: Path,
    *,
    start: dict[str, Any] | None = None,
    say: Callable[[str], None] = lambda _: None,
    threads: int = 1,
) -> tuple[Any, list[dict[str, float]], float]:
    """The averaged network after ``plan``, the learning curve, and the seconds that all its runs took.

    Goes on from ``checkpoint`` where one of the same plan lies there; one of another plan is not touched.

    Args:
        start: weights to begin with instead of random ones (a state dict of the same classes).

    Raises:
        ValueError: the checkpoint was made by another plan.
    """
    prepare()
    import torch

    torch.manual_seed(plan.seed)
    model = network(classes)
    # ultralytics sets one thread; this is what the caller gives.
    torch.set_num_threads(threads)
    if start is not None:
        model.load_state_dict(start)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = model.to(device).to(memory_format=torch.channels_last).train()
    average = copy.deepcopy(model).eval()
    decayed = [p for p in model.parameters() if p.ndim > 1 and p.requires_grad]
    plain = [p for p in model.parameters() if p.ndim <= 1 and p.requires_grad]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": plan.weight_decay}, {"params": plain, "weight_decay": 0.0}],
        lr=plan.rate,
    )
    told = {"plan": asdict(plan), "classes": classes, "pictures": len(entries)}
    first, curve, spent_s = 0, [], 0.0
    if checkpoint.is_file():
        kept = torch.load(checkpoint, map_location=device, weights_only=True)
        if kept["told"] != told:
            raise ValueError(
                f"{checkpoint} was made with another plan or other pictures; "
                "give another --work folder or remove it"
            )
        model.load_state_dict(kept["model"])
        average.load_state_dict(kept["average"])
        optimiser.load_state_dict(kept["optimiser"])
        first, curve, spent_s = int(kept["step"]), list(kept["curve"]), float(kept["seconds"])
        say(f"goes on at step {first}")
    began, losses, seconds = time.perf_counter(), [], 0.0
    weights = sampling_weights(entries, classes)
    for step in range(first, plan.steps):
        stage = plan.stage_at(step)
        if step >= plan.balanced_from:
            model.args.cls = plan.class_gain
        for group in optimiser.param_groups:
            group["lr"] = plan.rate_at(step)
        batch = _batch(entries, stage, plan, step, weights, device)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            heads = model(batch["img"])
        loss, parts = model.loss(batch, _float(heads))
        optimiser.zero_grad(set_to_none=True)
        (loss.sum() / plan.batch).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimiser.step()
        _follow(average, model, min(plan.average, (1 + step) / (10 + step)))
        losses.append([float(v) for v in _values(parts)])
        if (step + 1) % plan.every == 0 or step + 1 == plan.steps:
            box, kind, spread = np.mean(losses, 0)
            seconds = time.perf_counter() - began
            curve.append({"step": step + 1, "box": round(float(box), 4), "class": round(float(kind), 4)})
            told_loss = f"box {box:.3f}  class {kind:.3f}  spread {spread:.3f}"
            say(f"step {step + 1}/{plan.steps}  {told_loss}  {seconds:.0f} s")
            losses = []
            _keep(
                checkpoint,
                {
                    "told": told,
                    "step": step + 1,
                    "curve": curve,
                    "seconds": spent_s + seconds,
                    "model": model.state_dict(),
                    "average": average.state_dict(),
                    "optimiser": optimiser.state_dict(),
                },
            )
    return average.to("cpu").float().eval(), curve, spent_s + seconds


def sampling_weights(entries: Sequence[Entry], classes: int) -> npt.NDArray[np.float64]:
    """How likely each picture is drawn, in all 1: by its rarest class, with the root of how rare that is."""
    shown = [np.unique(entry.boxes[:, 0].astype(int)) for entry in entries]
    counts = np.bincount(np.concatenate([*shown, np.zeros(0, int)]), minlength=classes)
    share = np.maximum(counts, 1) / max(1, len(entries))
    weights = np.array([np.sqrt(1.0 / share[kinds]).max(initial=1.0) for kinds in shown])
    return np.asarray(weights / weights.sum())


def _batch(
    entries: Sequence[Entry],
    stage: Stage,
    plan: Plan,
    step: int,
    weights: npt.NDArray[np.float64],
    device: Any,
) -> dict[str, Any]:
    """The batch of a step: a function of plan and step alone, so that going on gives what one run gives."""
    import torch

    rng = np.random.default_rng([0xBA7C, plan.seed, step])
    epoch, place = divmod(step * plan.batch, len(entries))
    order = np.random.default_rng([0x0DE4, plan.seed, epoch]).permutation(len(entries))
    if step >= plan.balanced_from:
        numbers = rng.choice(len(entries), size=plan.batch, p=weights)
    else:
        numbers = order[(place + np.arange(plan.batch)) % len(entries)]
    picked = [entries[int(number)] for number in numbers]
    plain = batch_of([sample(entry, stage.size, rng, stage.zoom) for entry in picked])
    pictures = torch.from_numpy(np.ascontiguousarray(plain["img"][..., ::-1])).to(device).permute(0, 3, 1, 2)
    batch = {name: torch.from_numpy(plain[name]).to(device) for name in ("batch_idx", "cls", "bboxes")}
    # Channels last in memory already, as permuted.
    return {**batch, "img": pictures.float() / 255}


def _values(parts: Any) -> Any:
    return parts.values() if isinstance(parts, dict) else parts


def _float(heads: Any) -> Any:
    if isinstance(heads, dict):
        return {name: _float(value) for name, value in heads.items()}
    if isinstance(heads, list | tuple):
        return type(heads)(_float(value) for value in heads)
    return heads.float() if hasattr(heads, "float") else heads


def _follow(average: Any, model: Any, share: float) -> None:
    """Move the averaged weights towards the model's; counts and running statistics likewise."""
    import torch

    own = model.state_dict()
    with torch.no_grad():
        for name, value in average.state_dict().items():
            if value.dtype.is_floating_point:
                value.mul_(share).add_(own[name].detach(), alpha=1 - share)
            else:
                value.copy_(own[name])


def _keep(path: Path, state: dict[str, Any]) -> None:
    import torch

    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    torch.save(state, partial)
    partial.replace(path)
