"""Whole results of other kinds than ``sample_result``, for the tests of what shows a result."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from samples import MOMENT, sample_result, sha

from bharatchef.coaching import coach
from bharatchef.judgement import judge, load_thresholds
from bharatchef.judgement.expert import ExpertMatch
from bharatchef.judgement.warping import TimeMap
from bharatchef.observed import Analyser, HeatMark, HeatSample, HeatTrace, SegmentSource, Unavailable
from bharatchef.perception.performance import performance_from
from bharatchef.perception.segments_file import read_segments
from bharatchef.records import (
    ActionSegment,
    ActionSequence,
    CategoryScore,
    Deviation,
    DurationRange,
    ExpectedStep,
    Mistake,
    OrderEdge,
    PointLoss,
)
from bharatchef.results import EvaluationResult
from bharatchef.scoring import load_rubric, score
from bharatchef.vocabulary import Category, DeviationKind, HeatLevel, Language, Span
from kitchen_sim.scene import Scene
from kitchen_sim.script import read_script
from kitchen_sim.truth import segments_of
from knowledge_base.library import DishLibrary
from knowledge_base.tips import DishTips

SCRIPTS = Path(__file__).resolve().parents[1] / "kitchen_sim" / "scripts"

JPEG = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300080606070605080707070909080a0c140d0c0b0b0c1912130f"
    "141d1a1f1e1d1a1c1c20242e2720222c231c1c2837292c30313434341f27393d38323c2e333432ffc0000b080001000101011100"
    "ffc4001f0000010501010101010100000000000000000102030405060708090a0bffc400b5100002010303020403050504040000"
    "017d01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a"
    "3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a9293949596"
    "9798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2"
    "f3f4f5f6f7f8f9faffda0008010100003f00fbd328ffd9"
)


def with_parts(result: EvaluationResult, **parts: object) -> EvaluationResult:
    """A copy with some parts replaced, validated like a result that was read back."""
    return EvaluationResult.model_validate_json(result.model_copy(update=parts).to_json())


def no_film() -> EvaluationResult:
    """Steps given as a list, no film."""
    return sample_result(with_film=False)


def drawn() -> EvaluationResult:
    """A drawn film whose steps its program gave."""
    result = sample_result()
    source = SegmentSource(kind="drawn_truth", name="kitchen_sim", sha256=sha("truth"))
    return with_parts(
        result, drawn_film=True, performance=result.performance.model_copy(update={"source": source})
    )


def nothing_assessed() -> EvaluationResult:
    """A film of which nobody and no model said anything: no category, no overall, no level."""
    result = sample_result()
    blind = Unavailable(
        analyser=Analyser.ACTIONS,
        reason="there are no trained weights for actions",
        remedy="Give the steps with --segments.",
    )
    why = "nobody said what was done"
    categories = tuple(
        CategoryScore(category=c, score=None, weight=round(1 / 6, 6), reason=why) for c in Category
    )
    return with_parts(
        result,
        performance=result.performance.model_copy(
            update={
                "source": SegmentSource(kind="none", name="nobody"),
                "segments": (),
                "observed": (),
                "heat": blind,
                "segments_unavailable": blind,
            }
        ),
        heat=blind.model_copy(update={"analyser": Analyser.HEAT}),
        judgement=result.judgement.model_copy(
            update={
                "deviations": (),
                "matches": (),
                "sequence_accuracy": None,
                "assessable": dict.fromkeys(Category, why),
            }
        ),
        action_sequence=result.action_sequence.model_copy(
            update={"actions": (), "step_deviations": (), "sequence_accuracy": None}
        ),
        scorecard=result.scorecard.model_copy(
            update={
                "categories": categories,
                "overall": None,
                "overall_reason": "only 0 % of the marks could be assessed, 40 % are needed",
                "coverage": 0.0,
                "interval": None,
                "level": None,
            }
        ),
        feedback=result.feedback.model_copy(
            update={
                "mistakes": (),
                "encouragement": "",
                "next_steps": ("Mark the steps of this film, or ask your instructor to.",),
                "follow_ups": (),
                "previous_evaluation_id": None,
            }
        ),
    )


def no_mistakes() -> EvaluationResult:
    """All as the dish asks, as far as it was assessed."""
    result = sample_result()
    categories = tuple(
        c.model_copy(update={"score": None if c.score is None else 100.0, "losses": ()})
        for c in result.scorecard.categories
    )
    return with_parts(
        result,
        judgement=result.judgement.model_copy(update={"deviations": (), "sequence_accuracy": 1.0}),
        action_sequence=result.action_sequence.model_copy(update={"step_deviations": ()}),
        scorecard=result.scorecard.model_copy(
            update={"categories": categories, "overall": 100.0, "interval": (86.0, 100.0)}
        ),
        feedback=result.feedback.model_copy(
            update={
                "mistakes": (),
                "encouragement": "Every step that was seen was done as the dish asks. Well cooked.",
                "next_steps": (),
                "follow_ups": (),
            }
        ),
    )


def long_film(segments: int = 60, minutes: float = 60.0) -> EvaluationResult:
    """A long film with many steps and every kind of difference that a timeline marks."""
    result = sample_result()
    count = segments - 8
    each = minutes * 60 / segments
    steps = tuple(
        ExpectedStep(
            step_id=f"step-{n}",
            action="stir",
            description=f"{_DOINGS[n % len(_DOINGS)]}, part {n // len(_DOINGS) + 1}",
            duration=DurationRange(min_s=each * 0.5, max_s=each * 0.8, source="the cook who wrote the dish"),
            heat=(HeatLevel.LOW, HeatLevel.MEDIUM, HeatLevel.HIGH, None)[n % 4],
            must_come_after=(OrderEdge(step_id=f"step-{n - 1}", reason="so it is written"),) if n else (),
        )
        for n in range(count + 2)
    )
    done = [
        ActionSegment(
            action_type="stir", step_id=f"step-{n}", start_s=each * n, end_s=each * (n + 0.7), confidence=0.9
        )
        for n in range(count)
    ]
    done[5] = done[5].model_copy(update={"end_s": done[5].start_s + 2.2 * each})
    done[9] = done[9].model_copy(update={"end_s": done[9].start_s + 0.1 * each})
    done += [
        ActionSegment(action_type="taste", start_s=each * (count + n), end_s=each * (count + n) + 5)
        for n in range(4)
    ]
    done.append(
        ActionSegment(
            action_type="stir", step_id="step-2", start_s=each * 57, end_s=each * 57.6, confidence=0.8
        )
    )
    done += [
        ActionSegment(action_type=f"wipe-{n}", start_s=each * (58 + n / 2), end_s=each * (58.2 + n / 2))
        for n in range(3)
    ]
    kinds = (
        ("missing", DeviationKind.MISSING, f"step-{count}", (), None),
        ("not-seen", DeviationKind.NOT_SEEN, f"step-{count + 1}", (), Span(start_s=3300, end_s=3600)),
        ("order", DeviationKind.OUT_OF_ORDER, "step-3", (3, 4), Span(start_s=each * 3, end_s=each * 3.7)),
        ("long", DeviationKind.TOO_LONG, "step-5", (5,), Span(start_s=each * 5, end_s=each * 7.2)),
        ("short", DeviationKind.TOO_SHORT, "step-9", (9,), Span(start_s=each * 9, end_s=each * 9.1)),
        ("extra", DeviationKind.EXTRA, None, (count,), Span(start_s=each * count, end_s=each * count + 5)),
        ("repeated", DeviationKind.REPEATED, "step-2", (count + 4,), Span(start_s=3420, end_s=3456)),
        ("heat", DeviationKind.WRONG_HEAT, "step-13", (13,), Span(start_s=each * 13, end_s=each * 13.7)),
        ("stranger", DeviationKind.WRONG_INGREDIENT, None, (), None),
    )
    deviations = tuple(
        Deviation(
            deviation_id=name,
            kind=kind,
            category=Category.HEAT if kind == DeviationKind.WRONG_HEAT else Category.STEP_SEQUENCE,
            step_id=step,
            related_step_id="step-4" if name == "order" else None,
            span=span,
            segments=indices,
            expected="as the dish is written",
            expected_source="the dish",
            seen=f"something {kind.value.replace('_', ' ')}",
            confidence=0.83,
        )
        for name, kind, step, indices, span in kinds
    )
    lost = tuple(PointLoss(deviation_id=d.deviation_id, points=100 / 27, reason=d.seen) for d in deviations)
    categories = tuple(
        CategoryScore(
            category=c.category,
            score=100 - 100 / 3 if c.category == Category.STEP_SEQUENCE else 100.0,
            weight=c.weight,
            reason="nine differences" if c.category == Category.STEP_SEQUENCE else "as the dish asks",
            losses=lost if c.category == Category.STEP_SEQUENCE else (),
        )
        for c in result.scorecard.categories
    )
    mistakes = tuple(
        Mistake(
            description=f"Something was {d.kind.value.replace('_', ' ')} here.",
            impact="The dish turns out different.",
            correction="Do as the dish is written.",
            priority=rank,
            deviation_id=d.deviation_id,
            span=d.span,
        )
        for rank, d in enumerate(deviations[:5], start=1)
    )
    length = minutes * 60
    return with_parts(
        result,
        dish=result.dish.model_copy(update={"name": "A long and slow feast", "expected_steps": steps}),
        film=result.film and result.film.model_copy(update={"duration_s": length}),
        performance=result.performance.model_copy(
            update={
                "segments": tuple(done),
                "observed": (Span(start_s=0, end_s=length * 0.4), Span(start_s=length * 0.46, end_s=length)),
                "duration_s": length,
                "heat": tuple(
                    HeatMark(start_s=length * n / 6, end_s=length * (n + 1) / 6, level=level)
                    for n, level in enumerate(
                        (HeatLevel.OFF, HeatLevel.LOW, HeatLevel.HIGH, HeatLevel.MEDIUM, HeatLevel.LOW) * 1
                    )
                ),
            }
        ),
        heat=HeatTrace(
            model=None,
            samples=tuple(
                HeatSample(
                    time_s=s,
                    flame="hidden" if 1200 < s < 1500 else "blue",
                    level=abs((s % 900) / 450 - 1),
                    confidence=0.9,
                )
                for s in range(int(length))
            ),
        ),
        judgement=result.judgement.model_copy(
            update={
                "deviations": deviations,
                "matches": tuple((f"step-{n}", n) for n in range(count)),
                "sequence_accuracy": 0.9,
            }
        ),
        action_sequence=result.action_sequence.model_copy(
            update={"actions": tuple(done), "step_deviations": deviations}
        ),
        scorecard=result.scorecard.model_copy(
            update={"categories": categories, "overall": 90.0, "coverage": 1.0, "interval": (88.0, 92.0)}
        ),
        feedback=result.feedback.model_copy(update={"mistakes": mistakes}),
        stills=tuple(
            result.stills[0].model_copy(update={"key": f"stills/{s:05d}.jpg", "time_s": float(s)})
            for s in range(0, int(length), 5)
        ),
        published_at=MOMENT + timedelta(minutes=minutes),
    )


_DOINGS = (
    "Stir the onion until it is deep gold",
    "Add the ground spices and let them bloom in the oil",
    "Pour in the stock",
    "Fold in the cream",
    "Turn the parathas",
)


def beside_expert() -> EvaluationResult:
    """The full sample, set beside an expert's performance."""
    match = ExpertMatch(
        performance_id="asha-1",
        video_s3_key=None,
        experts=3,
        time_map=TimeMap(pairs=((0, 0), (10, 22), (30, 45), (60, 75)), likeness=0.8),
        tempo={"heat-oil": 1.04, "fry-onion": 2.0, "add-eggs": 0.5},
    )
    return sample_result().model_copy(update={"expert_match": match})


def in_language(language: Language) -> EvaluationResult:
    """A drawn performance of a built-in dish with several faults, coached in a language."""
    dish = DishLibrary().get("masala-chai")
    script = read_script(SCRIPTS / "masala-chai-demo.yaml")
    given = read_segments(json.dumps(segments_of(Scene(script))).encode(), "drawn.json", dish)
    performance = performance_from(dish, given=given)
    judgement = judge(dish, performance, load_thresholds())
    card = score(dish, performance, judgement, load_rubric())
    feedback = coach("drawn", dish, judgement, card, performance, None, DishTips(DishLibrary()), language)
    return with_parts(
        sample_result(with_film=False),
        dish=dish,
        performance=performance,
        judgement=judgement,
        scorecard=card,
        feedback=feedback,
        drawn_film=True,
        action_sequence=ActionSequence(
            evaluation_id="drawn",
            actions=performance.segments,
            step_deviations=judgement.deviations,
            sequence_accuracy=judgement.sequence_accuracy,
        ),
    )


EVERY_KIND = {
    "full": sample_result,
    "no-film": no_film,
    "drawn": drawn,
    "nothing-assessed": nothing_assessed,
    "no-mistakes": no_mistakes,
    "sixty-segments": long_film,
    "beside-expert": beside_expert,
    "in-hindi": lambda: in_language(Language.HINDI),
    "in-tamil": lambda: in_language(Language.TAMIL),
    "in-hinglish": lambda: in_language(Language.HINGLISH),
}
