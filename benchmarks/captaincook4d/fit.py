"""Fits what speaks for an order being needed, once on all recipes and once without each of them.

    python -m benchmarks.captaincook4d.fit DATA

writes the numbers of ``bharatchef/judgement/learning.yaml`` and of ``weights_without.json`` beside this file,
which the benchmark takes for the recipe under test.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.captaincook4d import dish_of, plain_dish
from bharatchef.judgement.graph import step_graph
from bharatchef.judgement.learning import FEATURES, load_learning_weights, pairs_seen

HERE = Path(__file__).resolve().parent
WEIGHTS = HERE.parents[1] / "bharatchef" / "judgement" / "learning.yaml"
PENALTY = 1.0


def main(data: str) -> None:
    """Fit and write."""
    recipes = [json.loads(path.read_text()) for path in sorted(Path(data).glob("*.json"))]
    examples = {recipe["name"]: _examples(recipe) for recipe in recipes}
    intercept, weights = fitted(list(examples.values()))
    text = WEIGHTS.read_text()
    for name, value in (("intercept", intercept), *zip(FEATURES, weights, strict=True)):
        text = re.sub(rf"(?m)^(\s*{name}:) .*$", rf"\g<1> {value:.4f}", text)
    WEIGHTS.write_text(text)
    without: dict[str, Any] = {}
    for name in examples:
        intercept, weights = fitted([e for other, e in examples.items() if other != name])
        named = {feature: round(float(w), 4) for feature, w in zip(FEATURES, weights, strict=True)}
        without[name] = {"intercept": round(intercept, 4), "weights": named}
    (HERE / "weights_without.json").write_text(json.dumps(without, indent=1) + "\n")
    print(f"fitted on {len(recipes)} recipes, {sum(len(y) for _, y in examples.values())} pairs of steps")


def _examples(recipe: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """The pairs that the experts of a recipe show, and whether its authored graph has them in that order.

    With all experts, and once without each of them: an order has to be told from few as well.
    """
    experts = [r["steps"] for r in recipe["recordings"] if r["role"] == "expert"]
    authored = step_graph(dish_of(_about(recipe), experts, recipe["task_graph"]))
    weights = load_learning_weights()
    rows, needed = [], []
    for shown in (experts, *(experts[:i] + experts[i + 1 :] for i in range(len(experts)))):
        dish = plain_dish(recipe, shown)
        for pair in pairs_seen(dish.expected_steps, dish.expert_performances, weights):
            rows.append(pair.features)
            needed.append(float(pair.first in authored.before.get(pair.then, ())))
    return np.array(rows), np.array(needed)


def _about(recipe: Mapping[str, Any]) -> dict[str, Any]:
    return {key: recipe[key] for key in ("name", "steps", "required_count", "optional_steps")}


def fitted(examples: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[float, np.ndarray]:
    """Intercept and weights of a logistic regression, with a penalty on the standardised weights.

    Newton's method; see Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, section 4.4.
    """
    x = np.concatenate([one for one, _ in examples])
    y = np.concatenate([one for _, one in examples])
    mean, spread = x.mean(0), x.std(0) + 1e-9
    z = np.column_stack([np.ones(len(x)), (x - mean) / spread])
    penalty = PENALTY * np.diag([0.0, *np.ones(x.shape[1])])
    beta = np.zeros(z.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-z @ beta))
        slope = z.T @ (y - p) - penalty @ beta
        beta += np.linalg.solve(z.T @ (z * (p * (1 - p))[:, None]) + penalty, slope)
    weights = beta[1:] / spread
    return float(beta[0] - weights @ mean), weights


if __name__ == "__main__":
    main(sys.argv[1])
