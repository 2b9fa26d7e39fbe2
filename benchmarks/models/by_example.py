"""How well steps are found by likeness to an expert's film, on drawn films of held-out styles; prints JSON.

    python -m benchmarks.models.by_example [--dishes 4] [--experts 1]

"sameKitchen": experts and trainee in one style group, unseen by any training, camera and mirroring
alike, cook,
places of ingredients and times their own. "acrossStyles": the experts in the other held-out group.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bharatchef.perception.by_example import Embedded, Example, recognise_by_example
from bharatchef.records import ActionSegment, Dish, ExpectedStep
from kitchen_sim.scene import Scene
from model_packages.resnet.drawing import ordered_script
from model_packages.resnet.looking import LOOKS_PER_S, Backbone, film_embeddings, fitted
from model_packages.training.kitchens import TEST_GROUPS, dishes

_WEIGHTS = Path(__file__).resolve().parents[2] / "model_packages" / "resnet" / "weights.ovz"


def dish_of(name: str) -> Dish:
    """A dish of the training list as the program knows dishes."""
    steps = tuple(
        ExpectedStep(step_id=row["step_id"], action=row["action"], description=row["step_id"])
        for row in dishes()[name]
    )
    return Dish(
        dish_id=name,
        name=name,
        expected_duration_s=120.0,
        ingredients=(),
        expected_steps=steps,
        created_at=datetime(2026, 11, 22, tzinfo=UTC),
        version="1",
        sha256="0" * 64,
    )


@cache
def backbone() -> Backbone:
    return Backbone(_WEIGHTS)


@cache
def filmed(dish: str, group: str, seed: int) -> Example:
    """A drawn film of a dish, embedded, with its truth."""
    rng = np.random.default_rng([0xE4A, seed])
    script = ordered_script(
        rng, dish, seed, group, camera="front", mirrored=False, left_handed=False, width_px=456, height_px=256
    )
    scene = Scene(script)
    times = np.arange(0.0, script.duration_s, 1 / LOOKS_PER_S)
    looks = ((float(t), fitted(cv2.cvtColor(scene.frame(float(t)), cv2.COLOR_BGR2RGB))) for t in times)
    at, rows = film_embeddings(looks, backbone())
    segments = tuple(
        ActionSegment(action_type=s.action, start_s=s.start_s, end_s=s.end_s, step_id=s.step_id)
        for s in script.steps
    )
    return Example(Embedded(tuple(float(t) for t in at), rows), segments)


def matches(found: tuple[ActionSegment, ...], truth: tuple[ActionSegment, ...]) -> tuple[int, int, int]:
    """(hits, found, true) segments: a hit has the step's name and an IoU of at least one half."""
    left, hits = list(truth), 0
    for segment in found:
        for other in left:
            both = min(segment.end_s, other.end_s) - max(segment.start_s, other.start_s)
            overlap = max(0.0, both) / (segment.length_s + other.length_s - max(0.0, both))
            if segment.step_id == other.step_id and overlap >= 0.5:
                hits += 1
                left.remove(other)
                break
    return hits, len(found), len(truth)


def measured(names: list[str], experts: int) -> dict[str, Any]:
    """F1@50 over all segments, in the same kitchen and across styles."""
    told: dict[str, Any] = {"dishes": names, "experts": experts, "groups": list(TEST_GROUPS)}
    for kind, apart in (("sameKitchen", 0), ("acrossStyles", 1)):
        counts = np.zeros(3, int)
        for number, name in enumerate(names):
            place = number % len(TEST_GROUPS)
            trainee = filmed(name, TEST_GROUPS[place], 610_000 + number)
            group = TEST_GROUPS[(place + apart) % len(TEST_GROUPS)]
            taught = [filmed(name, group, 611_000 + 10 * number + k) for k in range(experts)]
            found = recognise_by_example(trainee.film, taught, dish_of(name))
            counts += matches(found.segments, trainee.segments)
        hits, said, true = (int(v) for v in counts)
        told[kind] = {"f1At50": round(2 * hits / max(said + true, 1), 4), "found": said, "true": true}
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dishes", type=int, default=4, help="how many dishes, one trainee film each")
    parser.add_argument("--experts", type=int, default=1, help="expert films a dish, one to three")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    print(json.dumps(measured(sorted(dishes())[: given.dishes], given.experts), indent=1))


if __name__ == "__main__":
    main()
