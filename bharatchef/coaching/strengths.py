"""What really was right in a performance, as sentences; praises nothing that was not judged."""

from __future__ import annotations

from bharatchef.coaching.words import Words
from bharatchef.judgement.findings import clock
from bharatchef.judgement.marks import heat_is_known
from bharatchef.observed import Performance
from bharatchef.records import FollowUp, Judgement, Scorecard
from bharatchef.vocabulary import Category, DeviationKind

_ABSENT = (DeviationKind.MISSING, DeviationKind.NOT_SEEN)
_MOST = 4


def strengths(
    words: Words,
    judgement: Judgement,
    scorecard: Scorecard,
    performance: Performance,
    checked: tuple[FollowUp, ...],
) -> tuple[tuple[str, str], ...]:
    """What was right, as (name, sentence), what deserves praise most first, at most four.

    A mistake of the last attempt that was put right, the order of the steps, a step in its right time, on
    its right heat, a step done right, a category with nothing lost. Only steps that nothing was found wrong
    with are named.
    """
    found = [
        *_put_right(words, checked),
        *_order(words, judgement),
        *_steps(words, judgement, performance),
        *_categories(words, scorecard),
    ]
    return tuple(found[:_MOST])


def _put_right(words: Words, checked: tuple[FollowUp, ...]) -> list[tuple[str, str]]:
    fixed = next((follow_up for follow_up in checked if follow_up.verdict == "fixed"), None)
    return [("put-right", words.speaker.say("fixed", evidence=fixed.evidence))] if fixed else []


def _order(words: Words, judgement: Judgement) -> list[tuple[str, str]]:
    done = {step for step, _ in judgement.matches}
    disordered = any(d.kind is DeviationKind.OUT_OF_ORDER for d in judgement.deviations)
    if judgement.assessable[Category.STEP_SEQUENCE] or disordered or len(done) < 2:
        return []
    absent = bool(judgement.inferred) or any(d.kind in _ABSENT for d in judgement.deviations)
    key = "seen_in_order" if absent else "all_in_order"
    return [("order", words.speaker.say(key, n=len(done)))]


def _steps(words: Words, judgement: Judgement, performance: Performance) -> list[tuple[str, str]]:
    """One step in its time, one on its heat, one done right: each another step where there are several."""
    faulty = {step for d in judgement.deviations for step in (d.step_id, d.related_step_id) if step}
    right = [(step, index) for step, index in judgement.matches if step not in faulty]
    speak, steps = words.speaker, words.graph.steps
    found: list[tuple[str, str]] = []
    named: set[str] = set()
    for step_id, index in right:
        allowed = steps[step_id].duration
        length_s = performance.segments[index].length_s
        within = allowed is not None and allowed.min_s <= length_s <= allowed.max_s
        if within and not judgement.assessable[Category.TIMING]:
            text = speak.say("right_time", step=words.named(step_id), length=speak.length(length_s))
            found.append(("right-time", text))
            named.add(step_id)
            break
    for step_id, index in right:
        if judgement.assessable[Category.HEAT] or steps[step_id].heat is None or step_id in named:
            continue
        if heat_is_known(performance, [index]):
            at = clock(performance.segments[index].start_s)
            found.append(("right-heat", speak.say("right_heat", step=words.named(step_id), time=at)))
            named.add(step_id)
            break
    for step_id, index in right:
        if step_id not in named:
            at = clock(performance.segments[index].start_s)
            found.append(("right-step", speak.say("right_step", step=words.named(step_id), time=at)))
            break
    return found


def _categories(words: Words, scorecard: Scorecard) -> list[tuple[str, str]]:
    whole = next((c for c in scorecard.categories if c.score is not None and not c.losses), None)
    if whole is None:
        return []
    text = words.speaker.say("right_category", category=words.category(whole.category))
    return [(f"whole-{whole.category.replace('_', '-')}", text)]
