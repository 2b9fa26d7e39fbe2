"""Stage 8: the coach's words, by the rules, with the last attempt's mistakes followed up."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import ValidationError

from bharatchef.coaching import PreviousAttempt, coach, previous_attempt
from bharatchef.errors import StoreError
from bharatchef.observed import Performance
from bharatchef.ports import Ports
from bharatchef.records import Dish, Evaluation, Feedback, Judgement, Scorecard
from bharatchef.results import EvaluationResult
from bharatchef.vocabulary import Status
from tasks.runtime import ports_here


def attempt_before(ports: Ports, evaluation: Evaluation) -> PreviousAttempt | None:
    """The same person's last completed attempt at the same dish, of another film or other segments."""
    earlier = [
        past
        for past in ports.evaluations.history(evaluation.user_id, evaluation.dish_id)
        if past.status is Status.COMPLETED
        and past.evaluation_id != evaluation.evaluation_id
        and past.created_at < evaluation.created_at
        and past.result_s3_key is not None
        and (
            past.trainee_video_s3_key is None or past.trainee_video_s3_key != evaluation.trainee_video_s3_key
        )
    ]
    if not earlier or earlier[-1].result_s3_key is None:
        return None
    try:
        stored = EvaluationResult.model_validate_json(ports.objects.get_bytes(earlier[-1].result_s3_key))
    except (StoreError, ValidationError):
        return None  # a result of another version of the schema is no evidence of what was done
    return previous_attempt(stored)


@task(name="coach", cache_policy=NO_CACHE, persist_result=False)
def coach_performance(
    evaluation: Evaluation, dish: Dish, performance: Performance, judgement: Judgement, scorecard: Scorecard
) -> Feedback:
    """The feedback on one judged performance; see ``bharatchef.coaching.coach``."""
    ports = ports_here()
    return coach(
        evaluation.evaluation_id,
        dish,
        judgement,
        scorecard,
        performance,
        attempt_before(ports, evaluation),
        ports.tips,
    )
