"""Deviations into a trainee's feedback by rules alone: always answers, adds nothing that was not judged.

Knows nothing of language models; one may word what stands here, and is checked against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bharatchef.coaching.brief import Brief, GivenDeviation, GivenStrength, GivenTip
from bharatchef.coaching.choosing import Cause, Severity, load_severity, mistakes_that_matter
from bharatchef.coaching.fitting import Fit, Fitting, fitting
from bharatchef.coaching.follow_up import PreviousAttempt, follow_ups
from bharatchef.coaching.languages import Speaker
from bharatchef.coaching.strengths import strengths
from bharatchef.coaching.words import Words
from bharatchef.judgement.graph import step_graph
from bharatchef.observed import Performance
from bharatchef.ports import Tip, TipStore
from bharatchef.records import Dish, Feedback, Judgement, Mistake, Scorecard
from bharatchef.vocabulary import Category, DeviationKind, Language

_TIPS_LOOKED_AT = 12
_TIPS_EACH = 2
_PLANNED = 3


@dataclass(frozen=True)
class Coached:
    """The rules' feedback, and the brief of all that a wording of it may draw on."""

    feedback: Feedback
    brief: Brief


@dataclass(frozen=True)
class _Told:
    """A mistake to tell of, with the tips that fit it."""

    cause: Cause
    tips: tuple[Fitting, ...]


def coach(
    evaluation_id: str,
    dish: Dish,
    judgement: Judgement,
    scorecard: Scorecard,
    performance: Performance,
    previous: PreviousAttempt | None,
    tips: TipStore | None,
    language: Language = Language.ENGLISH,
) -> Feedback:
    """The coach's words on one judged performance; see ``coached``."""
    given = (dish, judgement, scorecard, performance, previous, tips, language)
    return coached(evaluation_id, *given).feedback


def coached(
    evaluation_id: str,
    dish: Dish,
    judgement: Judgement,
    scorecard: Scorecard,
    performance: Performance,
    previous: PreviousAttempt | None,
    tips: TipStore | None,
    language: Language = Language.ENGLISH,
) -> Coached:
    """The coach's words on one judged performance, and the brief for a model to word it.

    At most five mistakes, one a cause, the most important first; fewer where fewer are true, and a
    performance without any is told so. What was only not seen is no mistake. What is said, and every number
    in it, is the same in each language.

    Args:
        previous: the trainee's last attempt, of any dish; mistakes of another dish are not followed up.
        tips: where reviewed advice is looked up; none is cited without it.
        language: of the feedback; what it has no words for is said in English, and the feedback says so.
    """
    speaker = Speaker(dish, language)
    words = Words(dish, step_graph(dish), speaker)
    told = _with_tips(mistakes_that_matter(judgement, scorecard), words, tips, load_severity())
    mistakes: list[Mistake] = []
    for priority, entry in enumerate(told, start=1):
        mistakes.append(_mistake(priority, entry, words, mistakes))
    checked = follow_ups(words, judgement, performance, previous)
    right = strengths(words, judgement, scorecard, performance, checked)
    steps = _next_steps(words, judgement, told)
    encouragement = _encouragement(words, judgement, scorecard, bool(told), right[0][1] if right else "")
    given_tips = {f.tip.tip_id: _given_tip(words, f.tip) for entry in told for f in entry.tips}
    cited = [f.tip for entry in told for f in entry.tips]
    feedback = Feedback(
        evaluation_id=evaluation_id,
        mistakes=tuple(mistakes),
        encouragement=encouragement,
        next_steps=steps,
        follow_ups=checked,
        previous_evaluation_id=previous.evaluation_id if previous and checked else None,
        language=language,
        language_reviewed=_reviewed(speaker, cited),
        in_english=tuple(speaker.in_english),
        words_version=speaker.texts.file.version,
        words_sha256=speaker.texts.sha256,
    )
    brief = Brief(
        dish=speaker.dish_name(),
        language=language,
        level=scorecard.level,
        overall=scorecard.overall,
        scores={c.category: c.score for c in scorecard.categories},
        deviations=tuple(
            _given(entry, mistake, words) for entry, mistake in zip(told, mistakes, strict=True)
        ),
        tips=tuple(given_tips.values()),
        strengths=tuple(GivenStrength(strength_id=name, text=text) for name, text in right),
        next_steps=steps,
    )
    return Coached(feedback, brief)


def _with_tips(
    causes: tuple[Cause, ...], words: Words, tips: TipStore | None, severity: Severity
) -> tuple[_Told, ...]:
    """The mistakes with the tips that fit them, in the order of what matters, the tips' severity counted."""
    queries = [words.query(cause.deviation) for cause in causes]
    found: Sequence[Sequence[Tip]] = [()] * len(causes)
    if tips and queries:
        found = tips.search_each(queries, words.dish.dish_id, _TIPS_LOOKED_AT)
    told = [
        _Told(cause, fitting(near, cause.deviation, words.dish, _TIPS_EACH))
        for cause, near in zip(causes, found, strict=True)
    ]

    def weight(entry: _Told) -> float:
        exact = next((f.tip for f in entry.tips if f.fit is Fit.EXACT), None)
        return entry.cause.weight * (severity.tips[exact.severity] if exact else 1.0)

    return tuple(sorted(told, key=lambda entry: -round(weight(entry), 6)))


def _mistake(priority: int, entry: _Told, words: Words, before: list[Mistake]) -> Mistake:
    deviation = entry.cause.deviation
    safety = words.safety(entry.cause.safety_id) or _safety_of(entry.tips, words)
    return Mistake(
        description=words.description(deviation),
        impact=words.impact(deviation, entry.tips),
        correction=words.correction(deviation, entry.tips),
        priority=priority,
        deviation_id=deviation.deviation_id,
        span=deviation.span,
        tip_ids=tuple(f.tip.tip_id for f in entry.tips),
        safety=_said_once(safety, before),
    )


def _safety_of(tips: tuple[Fitting, ...], words: Words) -> str:
    """The safety rule of a tip on this very mistake, word for word; one found in passing is not about it."""
    tip = next((f.tip for f in tips if f.tip.safety and f.fit is Fit.EXACT), None)
    return words.of_tip(tip, "safety") if tip else ""


def _said_once(safety: str, told: list[Mistake]) -> str:
    # The dish's rule carries its source behind it, a tip of the same words does not.
    return "" if any(mistake.safety.startswith(safety) for mistake in told) else safety


def _given(entry: _Told, mistake: Mistake, words: Words) -> GivenDeviation:
    deviation = entry.cause.deviation
    return GivenDeviation(
        deviation_id=deviation.deviation_id,
        kind=deviation.kind,
        step=words.named(deviation.step_id) if deviation.step_id else "",
        span=deviation.span,
        expected=deviation.expected,
        seen=deviation.seen,
        confidence=deviation.confidence,
        what=mistake.description,
        impact=mistake.impact,
        correction=mistake.correction,
        safety=mistake.safety,
        tip_ids=mistake.tip_ids,
    )


def _given_tip(words: Words, tip: Tip) -> GivenTip:
    return GivenTip(
        tip_id=tip.tip_id,
        mistake=words.of_tip(tip, "mistake"),
        why=words.of_tip(tip, "why"),
        correction=words.of_tip(tip, "correction") or ("" if tip.safety else tip.text),
        safety=words.of_tip(tip, "safety"),
        source=tip.source,
    )


def _reviewed(speaker: Speaker, cited: list[Tip]) -> bool:
    """Whether a speaker of the language has read the fixed words, and each tip that is used in it."""
    if speaker.language is Language.ENGLISH:
        return True
    used = [tip.texts[speaker.language] for tip in cited if speaker.language in tip.texts]
    return speaker.texts.file.reviewed and all(text.reviewed for text in used)


def _encouragement(
    words: Words, judgement: Judgement, scorecard: Scorecard, mistaken: bool, strength: str
) -> str:
    """One thing that really was right, or a plain word that nothing could be judged."""
    speak = words.speaker
    if all(category.score is None for category in scorecard.categories):
        return speak.say("nothing_judged")
    if mistaken or any(category.losses for category in scorecard.categories):
        return strength
    unseen = len(judgement.inferred) + sum(d.kind is DeviationKind.NOT_SEEN for d in judgement.deviations)
    clean = "clean_so_far" if scorecard.coverage < 1 or unseen else "clean"
    return f"{speak.say(clean)} {strength}".strip()


def _next_steps(words: Words, judgement: Judgement, told: tuple[_Told, ...]) -> tuple[str, ...]:
    """A practice plan against the three mistakes that matter most, then what would let more be judged."""
    speak = words.speaker
    steps = [words.practice(entry.cause.deviation) for entry in told[:_PLANNED]]
    if steps:
        steps.append(speak.say("plan_again"))
    unseen = [d.step_id for d in judgement.deviations if d.kind is DeviationKind.NOT_SEEN and d.step_id]
    if judgement.assessable[Category.STEP_SEQUENCE]:
        steps.append(speak.say("plan_film_all"))
    elif unseen:
        names = [words.named(step_id) for step_id in dict.fromkeys(unseen[:3])]
        steps.append(speak.say("plan_in_view", steps=speak.listed(names)))
    if judgement.inferred:
        names = list(dict.fromkeys(words.named(step_id) for step_id, _ in judgement.inferred[:3]))
        steps.append(speak.say("plan_look", steps=speak.listed(names)))
    if not steps:
        steps.append(speak.say("plan_more"))
    return tuple(dict.fromkeys(steps))
