"""Loads a source's changes into the star, batch by batch; knows neither what the source is nor who asks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from adapters.analytics.store import AnalyticsStore, Prepared
from bharatchef.analytics.changes import Change, ChangeSource
from bharatchef.analytics.facts import facts_of
from bharatchef.ports import ObjectStore
from bharatchef.pseudonyms import pseudonym
from bharatchef.records import Evaluation
from bharatchef.results import EvaluationResult

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loaded:
    """What a load did, counted; ``without_result`` are evaluations whose result is gone or cannot be read."""

    batches: int
    changes: int
    newer: int
    without_result: int
    afresh: bool
    watermark: str | None


class Loader:
    """Brings the star up to date with a source.

    Args:
        objects: where results lie.
        key: what pseudonyms are made with.
        now: the present moment.
    """

    def __init__(
        self, store: AnalyticsStore, objects: ObjectStore, key: bytes, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._objects = objects
        self._key = key
        self._now = now
        self._without_result = 0

    def load(self, source: ChangeSource) -> Loaded:
        """Load all that has changed since the last load.

        Raises:
            StoreError: the source or the database fails; the next load goes on after the last whole batch.
        """
        before = self._store.watermark(source.name)
        batches = changes = newer = 0
        afresh = False
        self._without_result = 0
        for batch in source.batches(before):
            # Results are read before the transaction: it stays short.
            prepared = [self._prepared(change) for change in batch.changes]
            newer += self._store.apply(
                source.name,
                before,
                batch.watermark,
                prepared,
                self._now(),
                afresh=batch.afresh,
                present=batch.present,
            )
            before = batch.watermark
            batches += 1
            changes += len(batch.changes)
            afresh = afresh or batch.afresh
        return Loaded(batches, changes, newer, self._without_result, afresh, before)

    def _prepared(self, change: Change) -> Prepared:
        evaluation = change.evaluation
        if evaluation is None:
            return change, None
        return change, facts_of(evaluation, self._result(evaluation), lambda name: pseudonym(name, self._key))

    def _result(self, evaluation: Evaluation) -> EvaluationResult | None:
        key = evaluation.result_s3_key
        if key is None:
            return None
        try:
            if self._objects.exists(key):
                return EvaluationResult.model_validate_json(self._objects.get_bytes(key))
        except ValueError:
            # One result that this release cannot read must not keep all later ones out for ever.
            _log.warning("The result of evaluation %s cannot be read", evaluation.evaluation_id)
        self._without_result += 1
        return None
