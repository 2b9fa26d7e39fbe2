"""What one evaluation is made of: dish, rubric, thresholds, segments and models; and the key of that work."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass

from bharatchef.coaching.prompt import load_prompt
from bharatchef.judgement import Thresholds, load_thresholds
from bharatchef.observed import Analyser, ModelIdentity, Unavailable
from bharatchef.perception.examples import filmed_experts
from bharatchef.perception.given import SegmentsGiven
from bharatchef.perception.segments_file import read_segments
from bharatchef.ports import Ports
from bharatchef.records import Dish, Evaluation, ExpertPerformance
from bharatchef.scoring import Rubric, load_rubric
from bharatchef.settings import Settings
from bharatchef.vocabulary import Language, Status
from tasks.claim import work_key
from tasks.speaking import language_of


@dataclass(frozen=True)
class WorkPlan:
    """All that an evaluation is made of, read and checked before anything costs money.

    ``examples`` are the expert films that the steps are to be found by; empty where something else says them.
    """

    evaluation: Evaluation
    dish: Dish
    rubric: Rubric
    thresholds: Thresholds
    given: SegmentsGiven | None
    models: dict[Analyser, ModelIdentity | Unavailable]
    examples: tuple[ExpertPerformance, ...] = ()


def plan_work(
    ports: Ports,
    settings: Settings,
    *,
    dish_id: str,
    user_id: str,
    film_key: str | None,
    side_key: str | None,
    segments_key: str | None,
    segments_name: str | None,
    segments_fps: float | None,
    force: bool,
    language: str | None = None,
    film_version: str | None = None,
    side_version: str | None = None,
    rescore_of: str | None = None,
) -> WorkPlan:
    """The plan of one evaluation.

    The work's key is made of the person, the films, the dish, the segments, the models, the rubric and the
    thresholds: corrected segments or new models are new work, as is feedback in another language. ``force``
    makes any work new.

    Args:
        film_version, side_version: which film lies under the key, where the key does not tell.
        rescore_of: the evaluation that this one scores again.
        language: of the feedback; without it the person's own is taken, and else that of the settings.

    Raises:
        KnowledgeError: there is no such dish or rubric.
        InputError: the segments cannot be read.
    """
    dish = ports.dishes.get(dish_id)
    told_in = Language(language) if language else language_of(ports, settings, user_id)
    rubric = load_rubric(settings.rubric)
    thresholds = load_thresholds()
    given = None
    if segments_key is not None:
        data = ports.objects.get_bytes(segments_key)
        given = read_segments(data, segments_name or segments_key, dish, segments_fps)
    models = {analyser: ports.models.identify(analyser) for analyser in Analyser}
    unsaid = given is None and film_key is not None and isinstance(models[Analyser.ACTIONS], Unavailable)
    examples = filmed_experts(dish) if unsaid else ()
    there = [e.video_s3_key for e in examples if e.video_s3_key and ports.objects.exists(e.video_s3_key)]
    key = work_key(
        {
            "user": user_id,
            "film": film_key,
            "side": side_key,
            "dish": dish.sha256,
            "segments": given.sha256 if given else None,
            "rubric": rubric.sha256,
            "thresholds": thresholds.sha256,
            **{
                analyser.value: model.weights_sha256 if isinstance(model, ModelIdentity) else None
                for analyser, model in models.items()
            },
            # A film that an instructor puts there later makes new work of what could not be judged before.
            **({"examples": " ".join(there)} if there else {}),
            # Other words are new work; without a model the key is what it always was.
            **({"chat": wording_sha256(ports, settings)} if ports.chat else {}),
            **({"language": str(told_in)} if told_in is not Language.ENGLISH else {}),
            # An uploaded film's key says whose attempt it is, not which film lies there.
            **({"film version": film_version} if film_version else {}),
            **({"side version": side_version} if side_version else {}),
            "forced": uuid.uuid4().hex if force else None,
        }
    )
    now = ports.clock.now()
    evaluation = Evaluation(
        evaluation_id=f"{dish.dish_id}-{now:%Y%m%d}-{uuid.uuid4().hex[:8]}",
        user_id=user_id,
        dish_id=dish.dish_id,
        trainee_video_s3_key=film_key,
        side_video_s3_key=side_key,
        segments_s3_key=segments_key,
        status=Status.PROCESSING,
        created_at=now,
        work_key=key,
        language=told_in,
        rescore_of=rescore_of,
    )
    return WorkPlan(evaluation, dish, rubric, thresholds, given, models, examples)


def wording_sha256(ports: Ports, settings: Settings) -> str:
    """What the words of a feedback hang on beside its evaluation: models, prompt, and what they may see."""
    names = [model.facts.model_id for model in ports.chat]
    said = [load_prompt().sha256, *names, str(settings.chat_stills), str(settings.chat_max_inr)]
    return hashlib.sha256("\0".join(said).encode()).hexdigest()
