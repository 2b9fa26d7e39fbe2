"""Stages 9 and 10: publish the result and the report, and tell of it; see ``tasks.publishing``."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from bharatchef.records import Evaluation
from bharatchef.report import render_html, stills_to_show
from bharatchef.results import EvaluationResult
from tasks.publishing import publish
from tasks.runtime import ports_here


@task(name="publish", cache_policy=NO_CACHE, persist_result=False)
def publish_result(result: EvaluationResult, owner: str, lease_s: float) -> Evaluation:
    """The COMPLETED evaluation, kept with its result, its report and the pictures that the report shows."""
    ports = ports_here()
    shown = stills_to_show(result)
    pictures = {still.key: ports.objects.get_bytes(still.key) for still in shown}
    result = result.model_copy(update={"stills": tuple(sorted(shown, key=lambda still: still.time_s))})
    return publish(ports, result, render_html(result, pictures), owner, lease_s)
