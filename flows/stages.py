"""The stages of one claimed evaluation in their order, each timed, each shown to the operator."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.futures import PrefectFuture, wait

from bharatchef import __version__
from bharatchef.cost import Ledger, cost_note, load_prices
from bharatchef.errors import EndpointError, MediaError
from bharatchef.judgement.expert import expert_of
from bharatchef.observed import Analyser, MediaInfo, ModelIdentity, Prepared, QualityReport, Unavailable
from bharatchef.perception.analysers import Seen, pieces_of, seen_by
from bharatchef.perception.performance import perception_version
from bharatchef.ports import Ports, StageTime
from bharatchef.records import ActionSequence, Dish, Evaluation, Feedback
from bharatchef.report import scorecard_markdown, steps_table
from bharatchef.results import EvaluationResult, NotAssessed, Provenance, StageRecord
from bharatchef.settings import Settings
from flows.by_example import steps_by_example
from tasks.coach_performance import coach_performance
from tasks.inspect_film import inspect_film
from tasks.judge_performance import judge_performance
from tasks.look_over import look_over
from tasks.match_expert import match_with_expert, warm_up
from tasks.perceive import answers_of, ask_model, in_turn
from tasks.planning import WorkPlan
from tasks.prepare_film import is_whole, prepare_film
from tasks.publish_result import publish_result
from tasks.recognise import recognise
from tasks.rewording import put_off_wording
from tasks.runtime import report_progress
from tasks.score_performance import score_performance
from tasks.synchronise import synchronise_cameras

NOT_WATCHED = (
    NotAssessed(what="hygiene", why="nothing here watches hands being washed or surfaces being cleaned"),
    NotAssessed(what="cross-contact", why="nothing here follows boards, knives and raw food over the film"),
    NotAssessed(what="knife safety", why="nothing here watches where fingers are while a knife moves"),
    NotAssessed(what="taste, smell and core temperature", why="a film does not show them"),
)
STAGES = ("claim", "inspect", "prepare", "perceive", "recognise", "judge", "score", "coach", "publish")


@dataclass(frozen=True)
class Work:
    """One claimed piece of work, who holds it, what its films were called, and which versions are meant."""

    plan: WorkPlan
    evaluation: Evaluation
    owner: str
    film_name: str | None = None
    side_name: str | None = None
    versions: tuple[str | None, str | None] = (None, None)


@dataclass
class StageLog:
    """How each stage went, and the operator's progress bar."""

    records: list[StageRecord] = field(default_factory=list)
    cpu_s: dict[str, float] = field(default_factory=dict)
    wall_s: dict[str, float] = field(default_factory=dict)
    times: list[StageTime] = field(default_factory=list)
    _bar: UUID | None = None

    @contextmanager
    def stage(self, name: str) -> Iterator[dict[str, str]]:
        """Time a stage; what is put into the yielded words (``outcome``, ``reason``) is kept with it."""
        report_progress(name, 0, 1)
        words = {"outcome": "done", "reason": ""}
        wall, cpu = time.monotonic(), time.process_time()
        try:
            yield words
        except BaseException:
            self._time(name, time.monotonic() - wall, "failed")
            raise
        self.cpu_s[name] = time.process_time() - cpu
        self.wall_s[name] = time.monotonic() - wall
        self.add(name, self.wall_s[name], **words)
        report_progress(name, 1, 1)
        self._show(name)

    def add(self, name: str, wall_s: float, outcome: Any, reason: str = "") -> None:
        """Keep how a stage went that was timed elsewhere."""
        self.records.append(StageRecord(stage=name, outcome=outcome, wall_s=round(wall_s, 3), reason=reason))
        if outcome != "skipped":
            self._time(name, wall_s, outcome)

    def _time(self, name: str, wall_s: float, outcome: Any) -> None:
        ended = datetime.now(UTC)
        self.times.append(StageTime(name, ended - timedelta(seconds=wall_s), ended, outcome))

    def _show(self, name: str) -> None:
        if name not in STAGES:
            return
        share = 100.0 * (STAGES.index(name) + 1) / len(STAGES)
        if self._bar is None:
            self._bar = create_progress_artifact(share, description=f"{name} is done")
        else:
            update_progress_artifact(self._bar, share, description=f"{name} is done")


def evaluate_claimed(
    ports: Ports, settings: Settings, work: Work, log: StageLog, check_lease: Callable[[], None]
) -> Evaluation:
    """Take one claimed evaluation through all stages to its publication.

    Raises:
        MediaError: the film cannot be used.
        LeaseLost: another worker has taken the work over.
    """
    plan, evaluation = work.plan, work.evaluation
    # Compiling what the match needs takes seconds: it goes on while the film is being decoded.
    compiled = warm_up.submit(plan.thresholds) if _warps_time(work) else None
    prepared, side_prepared = _film(ports, work, log)
    film = prepared.media if prepared else None
    side = side_prepared.media if side_prepared else None
    check_lease()
    look_over_film(ports, prepared, log)
    with log.stage("perceive"):
        seen = perceive(prepared, plan.models, plan.dish, log)
    example = None
    if prepared is not None and plan.examples:
        with log.stage("by example") as words:
            example = steps_by_example(ports, plan.models[Analyser.PLATE], plan.examples, plan.dish, prepared)
            if isinstance(example, Unavailable):
                words |= {"outcome": "unavailable", "reason": example.reason}
    with log.stage("recognise"):
        performance = recognise(plan.dish, plan.given, film, seen, example)
    with log.stage("judge"):
        judgement = judge_performance(plan.dish, performance, plan.thresholds)
    match = None
    if compiled is not None:
        compiled.result()
    if compiled is not None and expert_of(plan.dish) is not None:
        with log.stage("match"):
            match = match_with_expert(plan.dish, performance, plan.thresholds)
    sync = None
    if prepared is not None and side_prepared is not None:
        with log.stage("synchronise"):
            sync = synchronise_cameras(prepared, side_prepared, plan.thresholds)
    with log.stage("score"):
        scorecard = score_performance(plan.dish, performance, judgement, plan.rubric)
    with log.stage("coach") as words:
        stills = prepared.stills if prepared else ()
        coached = coach_performance(
            evaluation, plan.dish, performance, judgement, scorecard, settings, stills
        )
        feedback = coached.feedback
        put_off = put_off_wording(ports, feedback)
        words["reason"] = "; ".join(filter(None, (feedback.wording.reason, put_off)))
    check_lease()
    ledger = _time_used(log, settings)
    for used in coached.usage:
        ledger.add("coach", used.facts.input_price_id, used.input_tokens, "input-token")
        ledger.add("coach", used.facts.output_price_id, used.output_tokens, "output-token")
    finished = evaluation.model_copy(
        update={
            "overall_score": scorecard.overall,
            "category_scores": {entry.category: entry.score for entry in scorecard.categories},
            "skill_level": scorecard.level,
            "coverage": scorecard.coverage,
            "rubric_version": scorecard.rubric_version,
            "completed_at": ports.clock.now(),
        }
    )
    result = EvaluationResult(
        evaluation=finished,
        dish=plan.dish,
        film=film,
        side_film=side,
        side_sync=sync,
        quality=prepared.quality if prepared else None,
        stills=prepared.stills if prepared else (),
        performance=performance,
        action_probabilities=seen[Analyser.ACTIONS],
        detections=seen[Analyser.OBJECTS],
        heat=seen[Analyser.HEAT],
        plate=seen[Analyser.PLATE],
        action_sequence=ActionSequence(
            evaluation_id=evaluation.evaluation_id,
            actions=performance.segments,
            step_deviations=judgement.deviations,
            sequence_accuracy=judgement.sequence_accuracy,
        ),
        judgement=judgement,
        expert_match=match,
        scorecard=scorecard,
        feedback=feedback,
        not_assessed=_not_assessed(side),
        stages=tuple(log.records),
        cost=ledger.report(note=cost_note(settings.ports, chat=bool(coached.usage))),
        provenance=_provenance(work, seen, film, side, feedback),
        drawn_film=performance.source.kind == "drawn_truth",
        published_at=ports.clock.now(),
    )
    with log.stage("publish"):
        published = publish_result(result, work.owner, settings.lease_s)
    create_markdown_artifact(
        scorecard_markdown(result), key="scorecard", description=evaluation.evaluation_id
    )
    create_table_artifact(steps_table(result), key="steps", description=evaluation.evaluation_id)
    return published


def _time_used(log: StageLog, settings: Settings) -> Ledger:
    """What the stages used of the machine: of a Fargate task all its size for their time, as it is billed."""
    ledger = Ledger(load_prices())
    for stage, wall_s in log.wall_s.items():
        if settings.fargate_vcpu:
            ledger.add(stage, "fargate_arm_vcpu", wall_s * settings.fargate_vcpu, "vcpu-second")
            ledger.add(stage, "fargate_arm_memory", wall_s * settings.fargate_memory_gb, "gb-second")
        else:
            ledger.add(stage, "laptop", log.cpu_s[stage], "cpu-second")
    return ledger


def _warps_time(work: Work) -> bool:
    """Whether there is a film, and an expert or a side camera's film to set beside it."""
    evaluation = work.evaluation
    if evaluation.trainee_video_s3_key is None:
        return False
    return evaluation.side_video_s3_key is not None or expert_of(work.plan.dish) is not None


def _film(ports: Ports, work: Work, log: StageLog) -> tuple[Prepared | None, Prepared | None]:
    """The film and the side film, inspected and prepared; ``None`` where there is none."""
    film_key, side_key = work.evaluation.trainee_video_s3_key, work.evaluation.side_video_s3_key
    if film_key is None:
        for stage in ("inspect", "prepare"):
            log.add(stage, 0.0, "skipped", "no film was given")
        return None, None
    keys = [key for key in (film_key, side_key) if key]
    films = prepared_films(ports, list(zip(keys, work.versions, strict=False)), log)
    if work.plan.given is None:
        refuse_unusable(films[0].quality)
    names = (work.film_name, work.side_name)
    named = [
        film.model_copy(update={"media": _named(film.media, name)})
        for film, name in zip(films, names, strict=False)
    ]
    return named[0], named[1] if len(named) > 1 else None


def prepared_films(ports: Ports, films: Sequence[tuple[str, str | None]], log: StageLog) -> list[Prepared]:
    """Films, given by key and version, inspected and prepared side by side; once for each content."""
    with log.stage("inspect") as words:
        asked_of = [inspect_film.submit(key, version) for key, version in films]
        inspected = [_settled(future) for future in asked_of]
        words["outcome"] = "cached" if inspected[0][1] else "done"
    with log.stage("prepare") as words:
        given = [(key, media) for (key, _), (media, _) in zip(films, inspected, strict=True)]
        asked = [prepare_film.submit(key, media) for key, media in given]
        found: list[Prepared] = []
        # Every future is resolved, also where the first one failed.
        wait(asked)
        for future, (key, media) in zip(asked, given, strict=True):
            prepared, cached = _settled(future)
            if cached and not is_whole(ports, prepared):
                prepared, cached = _settled(prepare_film.with_options(refresh_cache=True).submit(key, media))
            if not found:
                words["outcome"] = "cached" if cached else "done"
            found.append(prepared)
    return found


def look_over_film(ports: Ports, prepared: Prepared | None, log: StageLog) -> None:
    """Return where the film may be shown, or where nobody looks films over.

    Raises:
        HeldForPerson: a person has to look at it first.
    """
    if ports.looker is None or prepared is None:
        return
    with log.stage("look over") as words:
        try:
            look_over(ports, prepared.media.sha256, prepared.stills)
        except EndpointError as error:
            words |= {"outcome": "unavailable", "reason": str(error)}


def _named(media: MediaInfo, name: str | None) -> MediaInfo:
    """The facts of a film under the name that its owner knows it by, not the store's."""
    return media.model_copy(update={"file_name": name}) if name else media


def refuse_unusable(quality: QualityReport) -> None:
    """Return where a film can be judged by what is seen in it.

    Raises:
        MediaError: it cannot; the message holds the advice. Raised before any model is called.
    """
    if not quality.usable:
        advice = " ".join(issue.advice for issue in quality.issues if issue.reject)
        found = ", ".join(issue.kind.replace("_", " ") for issue in quality.issues if issue.reject)
        raise MediaError(f"Nothing could be judged from this film: it is {found}.", advice, kind="quality")


def _settled(future: PrefectFuture[Any]) -> tuple[Any, bool]:
    """A task's result, and whether an earlier run had made it; raises what the task raised."""
    result = future.result()
    return result, future.state.name == "Cached"


def perceive(
    prepared: Prepared | None,
    models: Mapping[Analyser, ModelIdentity | Unavailable],
    dish: Dish,
    log: StageLog,
) -> dict[Analyser, Seen]:
    """What each analyser saw, all pieces asked side by side; a failure is its reason, never a hole."""
    if prepared is None:
        return {analyser: _no_film(analyser) for analyser in models}
    began = time.monotonic()
    pieces = {analyser: pieces_of(analyser, prepared) for analyser in models}
    there = {a: model for a, model in models.items() if isinstance(model, ModelIdentity)}
    asked: dict[Analyser, list[PrefectFuture[Any]]] = {analyser: [] for analyser in there}
    for analyser, piece in in_turn({a: pieces[a] for a in there}):
        asked[analyser].append(ask_model.submit(there[analyser], piece))
    seen: dict[Analyser, Seen] = {}
    for analyser, model in models.items():
        if isinstance(model, Unavailable):
            found: Seen = model
        else:
            found = seen_by(model, pieces[analyser], answers_of(model, asked[analyser]), dish)
        outcome, reason = ("unavailable", found.reason) if isinstance(found, Unavailable) else ("done", "")
        log.add(analyser.value, time.monotonic() - began if analyser in asked else 0.0, outcome, reason)
        seen[analyser] = found
    return seen


def _no_film(analyser: Analyser) -> Unavailable:
    return Unavailable(analyser=analyser, reason="no film was given", remedy="Give the film too.")


def _not_assessed(side: MediaInfo | None) -> tuple[NotAssessed, ...]:
    if side is None:
        return NOT_WATCHED
    return (
        *NOT_WATCHED,
        NotAssessed(
            what="the side film",
            why="it was set on the front film's clock where that could be done; no analyser looks at it",
        ),
    )


def _provenance(
    work: Work,
    seen: dict[Analyser, Seen],
    film: MediaInfo | None,
    side: MediaInfo | None,
    feedback: Feedback,
) -> Provenance:
    plan = work.plan
    models = tuple(
        found.model
        for found in seen.values()
        if not isinstance(found, Unavailable) and found.model is not None
    )
    return Provenance(
        code_version=__version__,
        media_sha256={
            **({"front": film.sha256} if film else {}),
            **({"side": side.sha256} if side else {}),
        },
        models=models,
        dish_version=plan.dish.version,
        dish_sha256=plan.dish.sha256,
        rubric_version=plan.rubric.version,
        rubric_sha256=plan.rubric.sha256,
        thresholds_version=plan.thresholds.version,
        thresholds_sha256=plan.thresholds.sha256,
        perception_version=perception_version()[0],
        perception_sha256=perception_version()[1],
        prompt_version=feedback.prompt_version,
        prompt_sha256=feedback.prompt_sha256,
        segments_sha256=plan.given.sha256 if plan.given else None,
    )
