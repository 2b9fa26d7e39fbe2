"""Scripts that the tests of drawn films share."""

from collections.abc import Callable
from typing import Any

import pytest
from drawn_samples import CHAI

from kitchen_sim.laying_out import script_from_steps
from kitchen_sim.script import Script


@pytest.fixture(scope="session")
def chai() -> Callable[..., Script]:
    """A correct small performance of a tea; keywords are fields of the script, and ``seed``."""

    def make(seed: int = 3, **film: Any) -> Script:
        small = {"width_px": 192, "height_px": 108, "fps": 10.0, **film}
        return script_from_steps(CHAI, dish="tea", seed=seed, longest_step_s=8.0, **small)

    return make
