"""Stage 6, beside judging: the trainee's film and the expert's on one clock, by dynamic time warping.

tslearn takes 5 to 10 s to import and compile in each process, so it is warmed up in a thread while the film
is being decoded; a run without a film has nothing to show side by side and does not load it.
"""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from bharatchef.judgement import Thresholds
from bharatchef.judgement.expert import ExpertMatch, match_expert
from bharatchef.judgement.warping import time_map
from bharatchef.observed import Performance
from bharatchef.records import Dish


@task(name="warm-up", cache_policy=NO_CACHE, persist_result=False)
def warm_up(thresholds: Thresholds) -> None:
    """Import and compile what the match needs, while something else is being waited for."""
    time_map([[0.0], [1.0], [0.0]], [[0.0], [1.0], [1.0]], thresholds.warping)


@task(name="match", cache_policy=NO_CACHE, persist_result=False)
def match_with_expert(dish: Dish, performance: Performance, thresholds: Thresholds) -> ExpertMatch | None:
    """The match with the dish's expert; see ``bharatchef.judgement.expert.match_expert``."""
    return match_expert(dish, performance, thresholds.warping)
