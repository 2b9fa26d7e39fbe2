"""Performances of the project's own dishes with mistakes in them, coached by the rules with the real tips."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from judging_dishes import performance

from adapters.local.home_tips import HomeTips
from bharatchef.coaching import Coached, coached
from bharatchef.coaching.brief import WordedMistake, Wording
from bharatchef.judgement import judge, load_thresholds
from bharatchef.observed import HeatMark, TechniqueMark
from bharatchef.records import Dish
from bharatchef.scoring import load_rubric, score
from bharatchef.vocabulary import HeatLevel, Language
from knowledge_base.library import DishLibrary


@cache
def library() -> DishLibrary:
    return DishLibrary()


@cache
def tips() -> HomeTips:
    """The reviewed tips, searched by words."""
    return HomeTips(Path(mkdtemp()) / "tips.sqlite", library(), lambda: None)


def performed(dish: Dish, rng: random.Random) -> list[tuple[str, float, float]]:
    """The dish's steps in order, some left out, moved, repeated, or done for too long or too short."""
    names = [s.step_id for s in dish.expected_steps for _ in range(s.required_count) if rng.random() > 0.15]
    for _ in range(rng.randrange(3)):
        names.insert(rng.randrange(len(names) + 1), names.pop(rng.randrange(len(names))))
    if rng.random() < 0.4:
        names.insert(rng.randrange(len(names) + 1), rng.choice((rng.choice(names), "juggle")))
    rows, at = [], 0.0
    for name in names:
        step = next((s for s in dish.expected_steps if s.step_id == name), None)
        asked = step.duration if step else None
        took = (asked.min_s + asked.max_s) / 2 if asked else 10.0
        took *= rng.choice((1, 1, 1, 1, 0.05, 4))
        rows.append((name, at, at + took))
        at += took + 2
    return rows


def coached_at_random(dish_id: str, seed: int, language: Language) -> Coached:
    """The rules' feedback and brief of a performance that is the same for the same seed."""
    rng = random.Random(f"{dish_id} {seed}")
    dish = library().get(dish_id)
    rows = performed(dish, rng)
    heat = tuple(HeatMark(start_s=a, end_s=b, level=rng.choice(list(HeatLevel))) for _, a, b in rows)
    points = tuple(
        TechniqueMark(step_id=s.step_id, point_id=p.point_id, met=rng.random() > 0.5, time_s=a + 1, remark="")
        for name, a, _ in rows
        for s in dish.expected_steps
        if s.step_id == name
        for p in s.technique
    )
    given = performance(rows, **({"heat": heat, "technique": points} if rng.random() < 0.7 else {}))
    judgement = judge(dish, given, load_thresholds())
    card = score(dish, given, judgement, load_rubric("default"))
    return coached("e1", dish, judgement, card, given, None, tips(), language)


def as_wording(told: Coached) -> Wording:
    """The rules' own words in the shape that a model gives."""
    strength = next(
        (s.strength_id for s in told.brief.strengths if s.text in told.feedback.encouragement), None
    )
    return Wording(
        strength_id=strength,
        encouragement=told.feedback.encouragement,
        mistakes=tuple(
            WordedMistake(
                deviation_id=mistake.deviation_id,
                tip_ids=mistake.tip_ids,
                what=mistake.description,
                why=mistake.impact,
                correction=mistake.correction,
                safety=mistake.safety,
            )
            for mistake in told.feedback.mistakes
        ),
        next_steps=told.feedback.next_steps,
    )
