"""What X-Ray shows of each evaluation: one segment with a subsegment a stage; names no person and no film.

The documents: AWS X-Ray Developer Guide, "AWS X-Ray segment documents".
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import secrets
from collections.abc import Sequence
from typing import Any

from adapters.aws.clients import aws_client, telling_aws
from bharatchef.errors import BharatChefError, InputError, WorkInProgress
from bharatchef.ports import StageTime
from bharatchef.records import Evaluation
from bharatchef.settings import Settings

_log = logging.getLogger(__name__)
_NOT_IN_A_NAME = re.compile(r"[^\w\s.:/%&#=+\-@]", re.ASCII)
_NAME_CHARS = 200
_ANSWER_S = 3.0


class XRayTraces:
    """Sends what was timed when an evaluation has ended, whole or not.

    **No evaluation fails for its trace, or takes more than some seconds longer**: what cannot be sent is
    dropped, which the log says once a process. ``error`` marks what is no failure of this system (a film that
    cannot be used, work that another is at), ``fault`` what is one.

    Args:
        settings: ``trace_percent`` says of how many evaluations traces are sent; all runs of one evaluation
            are, or none.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._said = False

    def evaluation(
        self, evaluation: Evaluation, stages: Sequence[StageTime], error: BaseException | None = None
    ) -> None:
        if not stages or not self._is_sampled(evaluation.evaluation_id):
            return
        segment = self._segment(evaluation, stages, error)
        try:
            client = aws_client(
                "xray", self._settings, url=self._settings.xray_url, read_s=_ANSWER_S, attempts=2
            )
            with telling_aws("send a trace"):
                told = client.put_trace_segments(
                    TraceSegmentDocuments=[json.dumps(segment, separators=(",", ":"))]
                )
        # Whatever it is, the evaluation has ended, and ends no worse for it.
        except Exception as failed:
            self._say(str(failed) if isinstance(failed, BharatChefError) else type(failed).__name__)
            return
        if "UnprocessedTraceSegments" not in told:
            self._say("what answered is no X-Ray.")
        for refused in told.get("UnprocessedTraceSegments", []):
            self._say(f"X-Ray refused one with {refused.get('ErrorCode', 'no code')}.")

    def _is_sampled(self, evaluation_id: str) -> bool:
        place = int.from_bytes(hashlib.sha256(evaluation_id.encode()).digest()[:4], "big") / 2**32
        return 100.0 * place < self._settings.trace_percent

    def _segment(
        self, evaluation: Evaluation, stages: Sequence[StageTime], error: BaseException | None
    ) -> dict[str, Any]:
        began = min(stage.began for stage in stages).timestamp()
        annotations = {
            "environment": self._settings.environment,
            "evaluation_id": evaluation.evaluation_id,
            "dish_id": evaluation.dish_id,
        }
        if error is not None:
            # The kind alone: messages may quote what a person wrote.
            annotations["error_type"] = type(error).__name__
        return {
            "name": f"bharatchef-evaluation-{self._settings.environment}",
            "id": secrets.token_hex(8),
            "trace_id": f"1-{int(began):08x}-{secrets.token_hex(12)}",
            "start_time": began,
            "end_time": max(stage.ended for stage in stages).timestamp(),
            "annotations": annotations,
            **_flag(error),
            "subsegments": [
                {
                    "name": _NOT_IN_A_NAME.sub("_", stage.stage)[:_NAME_CHARS],
                    "id": secrets.token_hex(8),
                    "start_time": stage.began.timestamp(),
                    "end_time": stage.ended.timestamp(),
                    "annotations": {"outcome": stage.outcome},
                    # An analyser that did not answer leaves its part of the evaluation open.
                    **({"fault": True} if stage.outcome == "unavailable" else {}),
                    **(_flag(error) if stage.outcome == "failed" else {}),
                }
                for stage in sorted(stages, key=lambda stage: stage.began)
            ],
        }

    def _say(self, why: str) -> None:
        (_log.debug if self._said else _log.warning)("Traces are not sent: %s", why)
        self._said = True


def _flag(error: BaseException | None) -> dict[str, bool]:
    if error is None:
        return {}
    return {"error": True} if isinstance(error, InputError | WorkInProgress) else {"fault": True}
