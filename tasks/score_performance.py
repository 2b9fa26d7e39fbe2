"""Stage 7: a judgement into points by the rubric."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from bharatchef.observed import Performance
from bharatchef.records import Dish, Judgement, Scorecard
from bharatchef.scoring import Rubric, score


@task(name="score", cache_policy=NO_CACHE, persist_result=False)
def score_performance(
    dish: Dish, performance: Performance, judgement: Judgement, rubric: Rubric
) -> Scorecard:
    """The scorecard of one judged performance; see ``bharatchef.scoring.score``."""
    return score(dish, performance, judgement, rubric)
