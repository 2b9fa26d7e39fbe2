"""Small, whole, consistent records for tests of the rooms that only carry or show them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from bharatchef.experts.records import OnboardedExpert, StepHeat, performance_id_of
from bharatchef.observed import (
    Analyser,
    HeatMark,
    HeatSample,
    HeatTrace,
    MediaInfo,
    Performance,
    QualityIssue,
    QualityReport,
    SegmentSource,
    Still,
    Unavailable,
)
from bharatchef.records import (
    ActionSegment,
    ActionSequence,
    CategoryScore,
    Deviation,
    Dish,
    DurationRange,
    Evaluation,
    ExpectedStep,
    Feedback,
    FollowUp,
    Ingredient,
    Judgement,
    Mistake,
    OrderEdge,
    PointLoss,
    SafetyPoint,
    Scorecard,
    TechniquePoint,
)
from bharatchef.results import (
    CostEntry,
    CostReport,
    EvaluationResult,
    NotAssessed,
    Provenance,
    StageRecord,
)
from bharatchef.vocabulary import Category, DeviationKind, HeatLevel, Level, Span, Status

MOMENT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def sha(text: str) -> str:
    """A sha256 that differs for different words."""
    return hashlib.sha256(text.encode()).hexdigest()


def sample_dish() -> Dish:
    """A four-step egg dish."""
    range_ = DurationRange(min_s=10, max_s=40, source="the cook who wrote the dish")
    return Dish(
        dish_id="egg-bhurji",
        name="Egg bhurji",
        version="1",
        sha256=sha("egg-bhurji 1"),
        expected_duration_s=120,
        created_at=MOMENT,
        source="written for tests",
        plating="Heaped in the middle of the plate, coriander on top.",
        ingredients=(
            Ingredient(ingredient_id="egg", name="eggs", amount="3", aliases={"hi": ("अंडा", "anda")}),
            Ingredient(ingredient_id="onion", name="onion", amount="1, chopped"),
        ),
        safety=(
            SafetyPoint(
                safety_id="egg-cooked",
                hazard="Salmonella in raw egg",
                rule="Cook egg dishes to 71 °C.",
                min_core_temperature_c=71.0,
                source="USDA FSIS, Safe Minimum Internal Temperature Chart",
                source_url="https://www.fsis.usda.gov/food-safety",
            ),
        ),
        expected_steps=(
            ExpectedStep(
                step_id="heat-oil",
                action="heat",
                description="Heat the oil until it shimmers",
                heat=HeatLevel.MEDIUM,
                duration=range_,
            ),
            ExpectedStep(
                step_id="fry-onion",
                action="fry",
                ingredients=("onion",),
                description="Fry the onion until it turns golden",
                duration=range_,
                heat=HeatLevel.MEDIUM,
                must_come_after=(OrderEdge(step_id="heat-oil", reason="onion in cold oil stews"),),
                technique=(
                    TechniquePoint(point_id="keep-moving", text="Keep it moving", why="it browns evenly"),
                ),
            ),
            ExpectedStep(
                step_id="add-eggs",
                action="add",
                ingredients=("egg",),
                description="Pour in the beaten eggs",
                duration=range_,
                must_come_after=(OrderEdge(step_id="fry-onion", reason="raw onion stays sharp"),),
                safety=("egg-cooked",),
            ),
            ExpectedStep(
                step_id="garnish",
                action="garnish",
                description="Strew the coriander",
                optional=True,
                must_come_after=(OrderEdge(step_id="add-eggs", reason="heat kills its scent"),),
            ),
        ),
    )


def sample_evaluation(
    evaluation_id: str = "ev-1", user_id: str = "asha", minutes: float = 0.0, work: str = "work"
) -> Evaluation:
    """A PROCESSING evaluation, ``minutes`` after the samples' moment."""
    return Evaluation(
        evaluation_id=evaluation_id,
        user_id=user_id,
        dish_id="egg-bhurji",
        trainee_video_s3_key="films/film.mp4",
        status=Status.PROCESSING,
        created_at=MOMENT + timedelta(minutes=minutes),
        work_key=sha(work),
    )


def sample_result(evaluation: Evaluation | None = None, with_film: bool = True) -> EvaluationResult:
    """A whole COMPLETED result: one step out of order, one too short, partial heat, nothing of the plate."""
    started = evaluation or sample_evaluation()
    dish = sample_dish()
    segments = (
        ActionSegment(action_type="heat", step_id="heat-oil", start_s=2, end_s=20),
        ActionSegment(action_type="add", step_id="add-eggs", start_s=22, end_s=40, confidence=0.92),
        ActionSegment(action_type="fry", step_id="fry-onion", start_s=45, end_s=50, confidence=0.81),
        ActionSegment(action_type="other", start_s=60, end_s=70, confidence=0.6),
    )
    deviations = (
        Deviation(
            deviation_id="d1",
            kind=DeviationKind.OUT_OF_ORDER,
            category=Category.STEP_SEQUENCE,
            step_id="add-eggs",
            related_step_id="fry-onion",
            span=Span(start_s=22, end_s=40),
            segments=(1, 2),
            expected="Pour in the eggs after the onion is fried",
            expected_source="the dish's order",
            seen="eggs at 0:22, onion at 0:45",
            confidence=0.75,
        ),
        Deviation(
            deviation_id="d2",
            kind=DeviationKind.TOO_SHORT,
            category=Category.TIMING,
            step_id="fry-onion",
            span=Span(start_s=45, end_s=50),
            segments=(2,),
            expected="10 to 40 s",
            expected_source="the cook who wrote the dish",
            seen="5 s",
            confidence=0.7,
        ),
        Deviation(
            deviation_id="d3",
            kind=DeviationKind.NOT_SEEN,
            category=Category.STEP_SEQUENCE,
            step_id="garnish",
            expected="Strew the coriander (optional)",
            expected_source="the dish",
            seen="not seen",
            confidence=0.4,
        ),
    )
    not_judged = "no plate was shown"
    categories = (
        CategoryScore(
            category=Category.STEP_SEQUENCE,
            score=80,
            weight=0.3,
            reason="one step out of order",
            losses=(PointLoss(deviation_id="d1", points=20, reason="eggs before the onion was fried"),),
        ),
        CategoryScore(
            category=Category.TIMING,
            score=85,
            weight=0.2,
            reason="one step too short",
            losses=(PointLoss(deviation_id="d2", points=15, reason="onion fried for 5 s of 10 to 40 s"),),
        ),
        CategoryScore(category=Category.TECHNIQUE, score=None, weight=0.15, reason="nobody marked technique"),
        CategoryScore(category=Category.HEAT, score=100, weight=0.15, reason="as the dish asks"),
        CategoryScore(category=Category.VISUAL, score=None, weight=0.1, reason="no weights for objects"),
        CategoryScore(category=Category.PLATING, score=None, weight=0.1, reason=not_judged),
    )
    scorecard = Scorecard(
        rubric_id="default",
        rubric_version="1",
        rubric_sha256=sha("rubric"),
        categories=categories,
        overall=86.2,
        overall_reason="weighted over step_sequence, timing and heat",
        coverage=0.65,
        interval=(74.0, 92.0),
        level=Level.DEMI_CHEF,
    )
    judgement = Judgement(
        deviations=deviations,
        matches=(("heat-oil", 0), ("add-eggs", 1), ("fry-onion", 2)),
        sequence_accuracy=1 / 3,
        assessable={
            category.category: "" if category.score is not None else category.reason
            for category in categories
        },
        thresholds_version="1",
        thresholds_sha256=sha("thresholds"),
    )
    unavailable = {
        analyser: Unavailable(
            analyser=analyser,
            reason=f"there are no trained weights for {analyser}",
            remedy="Register weights with `bharatchef models add`.",
        )
        for analyser in Analyser
    }
    film = MediaInfo(
        sha256=sha("film"),
        file_name="film.mp4",
        size_bytes=1_234_567,
        container="mov,mp4",
        codec="h264",
        width_px=1280,
        height_px=720,
        rotation_degrees=90,
        duration_s=75.2,
        fps=29.97,
        frames=2253,
        variable_frame_rate=True,
        has_audio=True,
        decode_errors=2,
    )
    evaluation = started.model_copy(
        update={
            "status": Status.COMPLETED,
            "completed_at": started.created_at + timedelta(seconds=40),
            "overall_score": 86.2,
            "category_scores": {c.category: c.score for c in categories},
            "skill_level": Level.DEMI_CHEF,
            "coverage": 0.65,
            "rubric_version": "1",
            "result_s3_key": f"results/{started.evaluation_id}/result.json",
            "trainee_video_s3_key": "films/film.mp4" if with_film else None,
        }
    )
    return EvaluationResult(
        evaluation=evaluation,
        dish=dish,
        film=film if with_film else None,
        quality=QualityReport(
            usable=True,
            issues=(
                QualityIssue(
                    kind="too_dark",
                    measured=31.0,
                    limit=40.0,
                    unit="mean luma of 255",
                    share=0.2,
                    advice="Switch on a lamp over the stove.",
                ),
            ),
        )
        if with_film
        else None,
        stills=tuple(
            Still(key=f"stills/{second:04d}.jpg", time_s=second, width_px=640, height_px=360)
            for second in range(0, 75, 5)
        )
        if with_film
        else (),
        performance=Performance(
            source=SegmentSource(kind="person", name="the instructor", sha256=sha("segments")),
            segments=segments,
            observed=(Span(start_s=0, end_s=75.2),),
            duration_s=75.2,
            heat=(HeatMark(start_s=0, end_s=75, level=HeatLevel.MEDIUM),),
            ingredients=unavailable[Analyser.OBJECTS],
            technique=unavailable[Analyser.ACTIONS],
            plate=unavailable[Analyser.PLATE],
        ),
        action_probabilities=unavailable[Analyser.ACTIONS],
        detections=unavailable[Analyser.OBJECTS],
        heat=HeatTrace(
            model=None,
            samples=tuple(
                HeatSample(time_s=second, flame="blue", level=0.5 + 0.2 * (second > 30), confidence=0.9)
                for second in range(0, 76, 3)
            ),
        ),
        plate=unavailable[Analyser.PLATE],
        action_sequence=ActionSequence(
            evaluation_id=evaluation.evaluation_id,
            actions=segments,
            step_deviations=deviations,
            sequence_accuracy=1 / 3,
        ),
        judgement=judgement,
        scorecard=scorecard,
        feedback=Feedback(
            evaluation_id=evaluation.evaluation_id,
            mistakes=(
                Mistake(
                    description="You poured in the eggs before the onion was fried (0:22).",
                    impact="Raw onion stays sharp.",
                    correction="Fry the onion until golden, then pour in the eggs.",
                    priority=1,
                    deviation_id="d1",
                    span=Span(start_s=22, end_s=40),
                    safety="Cook egg dishes to 71 °C.",
                ),
                Mistake(
                    description="You fried the onion for 5 seconds.",
                    impact="It does not turn golden.",
                    correction="Give it 10 to 40 seconds on medium heat.",
                    priority=2,
                    deviation_id="d2",
                    span=Span(start_s=45, end_s=50),
                ),
            ),
            encouragement="The oil was hot when you began: well done.",
            next_steps=("Fry the onion first.",),
            follow_ups=(
                FollowUp(
                    description="The oil was cold.",
                    kind=DeviationKind.TOO_SHORT,
                    step_id="heat-oil",
                    verdict="fixed",
                    evidence="18 s of heating at 0:02",
                ),
                FollowUp(
                    description="You left out the coriander.",
                    kind=DeviationKind.MISSING,
                    step_id="garnish",
                    verdict="not_seen",
                    evidence="the film ends before it",
                ),
            ),
            previous_evaluation_id="ev-0",
        ),
        not_assessed=(
            NotAssessed(what="hygiene", why="nothing here watches hand washing"),
            NotAssessed(what="cross-contact", why="nothing here watches boards and knives"),
            NotAssessed(what="knife safety", why="nothing here watches fingers"),
        ),
        stages=(
            StageRecord(stage="inspect", outcome="done", wall_s=0.2),
            StageRecord(stage="actions", outcome="unavailable", wall_s=0.0, reason="no trained weights"),
        ),
        cost=CostReport(
            entries=(
                CostEntry(stage="prepare", price_id="laptop", quantity=12.0, unit="cpu-second", inr=0.0),
            ),
            total_inr=0.0,
            prices_version="2026-11",
            prices_sha256=sha("prices"),
            note="on this machine: nothing was billed",
        ),
        provenance=Provenance(
            code_version="0.1.0",
            media_sha256={"front": film.sha256} if with_film else {},
            models=(),
            dish_version=dish.version,
            dish_sha256=dish.sha256,
            rubric_version="1",
            rubric_sha256=sha("rubric"),
            thresholds_version="1",
            thresholds_sha256=sha("thresholds"),
            segments_sha256=sha("segments"),
        ),
        published_at=evaluation.completed_at or MOMENT,
    )


def sample_expert(
    dish: Dish, name: str = "one", order: list[str] | None = None, film_key: str | None = None
) -> OnboardedExpert:
    """A film of ``dish`` by an expert who does its steps, or those of ``order``, in turn on low heat."""
    film = MediaInfo(
        sha256=sha(name), file_name="front.mp4", size_bytes=1, container="mp4", codec="h264", width_px=640,
        height_px=360, rotation_degrees=0, duration_s=600, fps=24, frames=14_400, variable_frame_rate=False,
        has_audio=False,
    )  # fmt: skip
    steps = [step.step_id for step in dish.expected_steps] if order is None else order
    return OnboardedExpert(
        performance_id=performance_id_of(film.sha256),
        dish_id=dish.dish_id,
        dish_version=dish.version,
        film_key=film_key or f"expert/{dish.dish_id}/{name}/front.mp4",
        film=film,
        quality_issues=(),
        gate_version="1",
        gate_sha256=sha("gate"),
        source=SegmentSource(kind="person", name="instructor"),
        segments_sha256=None,
        actions=tuple(
            ActionSegment(action_type="cook", start_s=10 * n, end_s=10 * n + 8, step_id=step)
            for n, step in enumerate(steps)
        ),
        actions_unavailable=None,
        heat_profile=tuple(StepHeat(step_id=step, level=HeatLevel.LOW, share=1.0) for step in steps),
        code_version="1",
        perception_version="1",
        perception_sha256=sha("perception"),
        onboarded_at=MOMENT,
    )
