"""How long judging takes: a long performance of many segments, read from a fallible source."""

from __future__ import annotations

import json
import random
import statistics
import time
from pathlib import Path

from benchmarks.captaincook4d import plain_dish
from bharatchef.judgement import judge, load_thresholds
from bharatchef.judgement.durations import duration_models
from bharatchef.judgement.graph import step_graph
from bharatchef.judgement.judge import expert_matchings
from bharatchef.judgement.matching import doings
from bharatchef.judgement.repair import repaired
from bharatchef.observed import Analyser, Performance, SegmentSource, Unavailable
from bharatchef.records import ActionSegment, Dish, ExpectedStep, OrderEdge
from bharatchef.vocabulary import Span

SEGMENTS = 60
ROUNDS = 30


def judging_ms(data: Path) -> str:
    """Median and worst milliseconds, warm, of judging and of reading alone, over shuffled performances."""
    dish = long_dish(data)
    thresholds = load_thresholds()
    graph, models = step_graph(dish), duration_models(dish, thresholds.durations)
    experts = expert_matchings(dish, graph, thresholds)
    judged, read = [], []
    for seed in range(ROUNDS):
        performance = noisy(dish, random.Random(seed))
        began = time.perf_counter()
        judge(dish, performance, thresholds)
        judged.append(1000 * (time.perf_counter() - began))
        found = doings(performance.segments, graph, thresholds.presence.same_step_gap_s, models)
        began = time.perf_counter()
        repaired(graph, found, models, experts, thresholds)
        read.append(1000 * (time.perf_counter() - began))
    return (
        f"{SEGMENTS} segments of which a fifth are false or misread: judging "
        f"{statistics.median(judged):.0f} ms (worst of {ROUNDS}: {max(judged):.0f}), "
        "of which the reading of the detector's output "
        f"{statistics.median(read):.0f} ms (worst: {max(read):.0f})"
    )


def long_dish(data: Path) -> Dish:
    """Five recipes in a row as one dish of about 60 steps, each recipe's steps in a chain of their own."""
    steps: list[ExpectedStep] = []
    dish: Dish | None = None
    for number, path in enumerate(sorted(data.glob("*.json"))):
        recipe = json.loads(path.read_text())
        experts = [r["steps"] for r in recipe["recordings"] if r["role"] == "expert"]
        dish = plain_dish(recipe, experts)
        before = None
        for step in dish.expected_steps:
            if len(steps) == SEGMENTS:
                break
            edges = (OrderEdge(step_id=before, reason=""),) if before else ()
            name = f"{step.step_id}-{number}"
            steps.append(step.model_copy(update={"step_id": name, "must_come_after": edges}))
            before = name
    if dish is None:
        raise SystemExit(f"expected recipes in {data}")
    return dish.model_copy(update={"expected_steps": tuple(steps), "expert_performances": ()})


def noisy(dish: Dish, rng: random.Random) -> Performance:
    """All steps in turn, ten seconds each, with every fifth segment's label replaced by another's."""
    names = [step.step_id for step in dish.expected_steps]
    segments = []
    for place, name in enumerate(names):
        label = rng.choice(names) if place % 5 == 0 else name
        segments.append(
            ActionSegment(action_type=label, step_id=label, start_s=10.0 * place, end_s=10.0 * place + 9.0)
        )
    nobody = {
        field: Unavailable(analyser=analyser, reason="not looked at")
        for field, analyser in (
            ("heat", Analyser.HEAT),
            ("ingredients", Analyser.OBJECTS),
            ("technique", Analyser.ACTIONS),
            ("plate", Analyser.PLATE),
        )
    }
    end_s = 10.0 * len(names)
    return Performance(
        source=SegmentSource(kind="action_model", name="noise"),
        segments=tuple(segments),
        observed=(Span(start_s=0.0, end_s=end_s),),
        duration_s=end_s,
        **nobody,
    )
