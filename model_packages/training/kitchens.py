"""Which drawn kitchens are trained on, calibrated on and tested on, and the dishes cooked in them.

Whole style groups are kept apart: a model is tested on kitchens none of whose palettes, textures, geometry or
cameras it ever saw.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import yaml

from kitchen_sim.styles import split_groups

CALIBRATION_GROUPS = ("hostel",)
TEST_GROUPS = ("dark-granite", "sunlit-yellow")
TRAINING_GROUPS = split_groups({*CALIBRATION_GROUPS, *TEST_GROUPS})[0]
TRAINED_ON = "drawn films (kitchen_sim), never a real kitchen"


@cache
def dishes() -> dict[str, list[dict[str, Any]]]:
    """The dishes that are drawn, each as its steps in the order in which they are done."""
    text = resources.files("model_packages.training").joinpath("dishes.yaml").read_text("utf-8")
    found: dict[str, list[dict[str, Any]]] = yaml.safe_load(text)["dishes"]
    return found
