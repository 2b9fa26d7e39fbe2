"""Stage 8: the coach's words, by the rules and, where one is set, by a model that is held to them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import ValidationError

from bharatchef.coaching import PreviousAttempt, coached, previous_attempt
from bharatchef.coaching.budget import Limits
from bharatchef.coaching.stills import small_jpeg, stills_of
from bharatchef.coaching.wording import Worded, worded
from bharatchef.consent import Purpose, consent_of
from bharatchef.cost import load_prices
from bharatchef.errors import MediaError, StoreError
from bharatchef.observed import Performance, Still
from bharatchef.ports import Ports
from bharatchef.records import Dish, Evaluation, Feedback, Judgement, Mistake, Scorecard
from bharatchef.results import EvaluationResult
from bharatchef.settings import Settings
from bharatchef.vocabulary import Status
from tasks.runtime import ports_here


def attempt_before(ports: Ports, evaluation: Evaluation) -> PreviousAttempt | None:
    """The same person's last attempt at the same dish that began before this one, as it was judged last.

    What was scored again, by a person's correction or a newer model, is no new attempt.
    """
    attempts: dict[str, list[Evaluation]] = {evaluation.attempt: [evaluation]}
    for past in ports.evaluations.history(evaluation.user_id, evaluation.dish_id):
        if past.status is Status.COMPLETED and past.result_s3_key is not None:
            attempts.setdefault(past.attempt, []).append(past)
    began = {name: min(one.created_at for one in of_one) for name, of_one in attempts.items()}
    earlier = [name for name in attempts if began[name] < began[evaluation.attempt]]
    if not earlier:
        return None
    last = max(attempts[max(earlier, key=lambda name: began[name])], key=lambda one: one.created_at)
    assert last.result_s3_key is not None
    try:
        stored = EvaluationResult.model_validate_json(ports.objects.get_bytes(last.result_s3_key))
    except (StoreError, ValidationError):
        return None  # a result of another version of the schema is no evidence of what was done
    return previous_attempt(stored)


def pictures_of(ports: Ports, mistakes: Sequence[Mistake], stills: Sequence[Still]) -> tuple[bytes, ...]:
    """Small pictures of the moments of the mistakes; one that cannot be read is left out."""
    pictures = []
    for still in stills_of(mistakes, stills):
        with suppress(StoreError, MediaError):
            pictures.append(small_jpeg(ports.objects.get_bytes(still.key)))
    return tuple(pictures)


def _may_show(ports: Ports, settings: Settings, evaluation: Evaluation) -> bool:
    """Whether pictures of the film may go to a model: the settings let them, and the person where asked."""
    if not settings.chat_stills or not settings.consent_required:
        return settings.chat_stills
    return consent_of(ports.objects, evaluation.user_id, Purpose.STILLS_TO_MODEL) is not None


@task(name="coach", cache_policy=NO_CACHE, persist_result=False)
def coach_performance(
    evaluation: Evaluation,
    dish: Dish,
    performance: Performance,
    judgement: Judgement,
    scorecard: Scorecard,
    settings: Settings,
    stills: tuple[Still, ...] = (),
) -> Worded:
    """The feedback on one judged performance by the rules, worded by a model where one is set.

    What the model used is measured with it. ``stills`` are looked at only where the settings let a model see
    them.
    """
    return words_on(ports_here(), settings, evaluation, dish, performance, judgement, scorecard, stills)


def words_on(
    ports: Ports,
    settings: Settings,
    evaluation: Evaluation,
    dish: Dish,
    performance: Performance,
    judgement: Judgement,
    scorecard: Scorecard,
    stills: Sequence[Still],
    said: Feedback | None = None,
) -> Worded:
    """The feedback on one judged performance, as ``coach_performance`` gives it.

    Args:
        said: the rules' feedback that was given already: its mistakes, follow-ups and plan stay as they are,
            though tips have changed since.
    """
    by_rules = coached(
        evaluation.evaluation_id,
        dish,
        judgement,
        scorecard,
        performance,
        attempt_before(ports, evaluation),
        ports.tips,
        evaluation.language,
    )
    feedback = said or by_rules.feedback
    if not ports.chat:
        return Worded(feedback)
    # Its word lists are read where a model is to be verified, and not on every laptop.
    from bharatchef.coaching.verifier import verify

    shown = pictures_of(ports, feedback.mistakes, stills) if _may_show(ports, settings, evaluation) else ()
    return worded(
        feedback,
        by_rules.brief,
        ports.chat,
        load_prices(),
        verify,
        Limits(max_inr=settings.chat_max_inr, deadline_s=settings.chat_deadline_s),
        shown,
    )
