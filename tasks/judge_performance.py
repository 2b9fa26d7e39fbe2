"""Stage 6: what happened against what the dish asks for."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from bharatchef.judgement import Thresholds, judge
from bharatchef.observed import Performance
from bharatchef.records import Dish, Judgement


@task(name="judge", cache_policy=NO_CACHE, persist_result=False)
def judge_performance(dish: Dish, performance: Performance, thresholds: Thresholds) -> Judgement:
    """The judgement of one performance; see ``bharatchef.judgement.judge``."""
    return judge(dish, performance, thresholds)
