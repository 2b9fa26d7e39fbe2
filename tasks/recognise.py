"""Stage 5: what was given or seen becomes one performance, the thing that is judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from bharatchef.observed import Analyser, MediaInfo, Performance, Unavailable
from bharatchef.perception.examples import SeenByExample
from bharatchef.perception.given import SegmentsGiven
from bharatchef.perception.performance import performance_from
from bharatchef.records import Dish


@task(name="recognise", cache_policy=NO_CACHE, persist_result=False)
def recognise(
    dish: Dish,
    given: SegmentsGiven | None,
    film: MediaInfo | None,
    seen: Mapping[Analyser, Any],
    example: SeenByExample | Unavailable | None = None,
) -> Performance:
    """The performance; see ``bharatchef.perception.performance.performance_from``."""
    return performance_from(
        dish,
        given=given,
        film=film,
        actions=seen.get(Analyser.ACTIONS),
        detections=seen.get(Analyser.OBJECTS),
        heat=seen.get(Analyser.HEAT),
        plate=seen.get(Analyser.PLATE),
        example=example,
    )
