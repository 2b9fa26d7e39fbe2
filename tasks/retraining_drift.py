"""What the champion said of recent films, gathered from published results; judged by the policy of drift."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import ValidationError

from bharatchef.observed import Analyser
from bharatchef.ports import ObjectStore, Ports
from bharatchef.results import EvaluationResult
from bharatchef.retraining.drift import Drift, Seen, drift_of
from bharatchef.retraining.seen import said_in, seen_in
from bharatchef.settings import Settings
from tasks.retraining import analyser_of, champion_of
from tasks.retraining_labels import policy_of


@task(name="measure drift", cache_policy=NO_CACHE, persist_result=False)
def drift_now(ports: Ports, settings: Settings, package: str) -> Drift | None:
    """Drift over the policy's last days, kept under ``drift/``; ``None`` without a reference."""
    champion = champion_of.fn(ports, settings, package)
    if champion.figures is None:
        return None
    policy, now = policy_of(settings).drift, ports.clock.now()
    since = now - timedelta(days=policy.look_back_days)
    seen = tuple(seen_since(ports.objects, since, champion.weights_sha256, analyser_of(package)))
    found = drift_of(
        policy,
        package,
        seen,
        weights_sha256=champion.weights_sha256,
        reference_confidence=champion.figures.confidence,
        reference_mix=champion.figures.said,
        now=now,
    )
    key = f"drift/{package}/{found.day.isoformat()}.json"
    ports.objects.put_bytes(key, found.to_json(indent=1).encode(), "application/json")
    return found


def seen_since(
    objects: ObjectStore, since: datetime, weights_sha256: str, analyser: Analyser
) -> Iterator[Seen]:
    """What the model of these weights said of each film whose result was published since then."""
    for stored in objects.objects("results/"):
        if not stored.key.endswith("/result.json") or stored.modified_at < since or stored.archived:
            continue
        try:
            result = EvaluationResult.model_validate_json(objects.get_bytes(stored.key))
        except ValidationError:
            # A result of an older form says nothing of today's model.
            continue
        # An earlier film that was scored again says nothing of what is filmed now.
        said = None if result.evaluation.rescore_of is not None else said_in(result, analyser)
        if said is None or said.model is None or said.model.weights_sha256 != weights_sha256:
            continue
        seen = seen_in(result.evaluation.evaluation_id, said)
        if seen is not None:
            yield seen
