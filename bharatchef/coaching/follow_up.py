"""What became of the last attempt's mistakes; 'fixed' is said only of what was seen done right this time."""

from __future__ import annotations

from dataclasses import dataclass

from bharatchef.coaching.words import Words
from bharatchef.judgement.findings import clock
from bharatchef.judgement.marks import heat_is_known
from bharatchef.observed import Performance, Unavailable
from bharatchef.records import Deviation, Feedback, FollowUp, Judgement
from bharatchef.results import EvaluationResult
from bharatchef.vocabulary import Category, DeviationKind

_PRESENCE = (DeviationKind.REPEATED, DeviationKind.MISSING)
_TIMES = (DeviationKind.TOO_LONG, DeviationKind.TOO_SHORT)


@dataclass(frozen=True)
class PreviousAttempt:
    """The trainee's last judged attempt, as far as following up needs it."""

    evaluation_id: str
    dish_id: str
    judgement: Judgement
    feedback: Feedback


def previous_attempt(result: EvaluationResult) -> PreviousAttempt:
    """The part of a stored evaluation that the next one's coach needs."""
    return PreviousAttempt(
        result.evaluation.evaluation_id, result.dish.dish_id, result.judgement, result.feedback
    )


def follow_ups(
    words: Words, judgement: Judgement, performance: Performance, previous: PreviousAttempt | None
) -> tuple[FollowUp, ...]:
    """One verdict for each mistake that the last attempt's trainee was told; none across dishes.

    A mistake that was told in another language is worded anew.
    """
    if previous is None or previous.dish_id != words.dish.dish_id:
        return ()
    last = {deviation.deviation_id: deviation for deviation in previous.judgement.deviations}
    check = _Check(words, judgement, performance)
    same_language = previous.feedback.language is words.speaker.language
    found = []
    for mistake in previous.feedback.mistakes:
        deviation = last.get(mistake.deviation_id)
        if deviation is None:
            continue
        verdict, evidence = check.verdict(deviation)
        found.append(
            FollowUp(
                description=mistake.description if same_language else words.description(deviation),
                kind=deviation.kind,
                step_id=deviation.step_id,
                verdict=verdict,
                evidence=evidence,
            )
        )
    return tuple(found)


class _Check:
    """Looks in one attempt for what an earlier deviation was about."""

    def __init__(self, words: Words, judgement: Judgement, performance: Performance) -> None:
        self.speak, self.dish, self.graph = words.speaker, words.dish, words.graph
        self.judgement, self.performance = judgement, performance

    def verdict(self, was: Deviation) -> tuple[str, str]:
        again = self._again(was)
        if again is not None:
            return "repeated", self.speak.said(again.seen)
        if was.category not in self.judgement.assessable:
            return "not_seen", self.speak.say("not_judged")
        unassessed = self.judgement.assessable[was.category]
        if unassessed:
            return "not_seen", self.speak.said(unassessed)
        if was.step_id is not None and was.step_id not in self.graph.steps:
            return "not_seen", self.speak.say("no_such_step")
        evidence = self._seen_right(was)
        if evidence:
            return "fixed", evidence
        return "not_seen", self.speak.say("not_shown")

    def _again(self, was: Deviation) -> Deviation | None:
        """The same mistake now; a step that is left out this time is no cure for doing it badly."""
        pair = {was.step_id, was.related_step_id}
        for now in self.judgement.deviations:
            if now.kind is not was.kind or now.category is not was.category:
                continue
            if was.kind is DeviationKind.OUT_OF_ORDER:
                if {now.step_id, now.related_step_id} == pair or (
                    now.step_id == was.step_id and now.subject == was.subject
                ):
                    return now
            elif was.kind in (DeviationKind.EXTRA, DeviationKind.WRONG_INGREDIENT):
                if now.subject == was.subject:
                    return now
            elif was.kind is DeviationKind.POOR_TECHNIQUE:
                if (now.step_id, now.subject) == (was.step_id, was.subject):
                    return now
            elif now.step_id == was.step_id:
                return now
        return None

    def _seen_right(self, was: Deviation) -> str:
        """What was seen that shows it done right; empty where nothing was."""
        match was.kind:
            case DeviationKind.POOR_TECHNIQUE:
                return self._technique_met(was)
            case DeviationKind.POOR_PLATING:
                plate = self.performance.plate
                likeness = None if isinstance(plate, Unavailable) else plate.likeness
                return "" if likeness is None else self.speak.say("plate_now", n=f"{likeness:.0f}")
            case DeviationKind.WRONG_INGREDIENT:
                return self._ingredient_used(was)
            case DeviationKind.EXTRA:
                return ""
        if was.step_id is None:
            return ""
        moments = self._done(was.step_id)
        if len(moments) < self.graph.steps[was.step_id].required_count:
            return ""
        at = clock(self.performance.segments[moments[0]].start_s)
        name = self.speak.step(was.step_id)
        if was.kind is DeviationKind.OUT_OF_ORDER:
            return self._in_order(was)
        if was.kind in _PRESENCE:
            return self.speak.say("done_at", step=name, time=at)
        if was.kind in _TIMES:
            return self._in_time(was.step_id, moments)
        if was.kind is DeviationKind.WRONG_HEAT and heat_is_known(self.performance, moments):
            return self.speak.say("heat_now", step=name, time=at)
        return ""

    def _done(self, step_id: str) -> list[int]:
        return [index for done, index in self.judgement.matches if done == step_id]

    def _in_order(self, was: Deviation) -> str:
        if was.step_id is None or was.related_step_id is None or was.related_step_id not in self.graph.steps:
            return ""
        this, other = self._done(was.step_id), self._done(was.related_step_id)
        if not this or not other:
            return ""
        wrong = (DeviationKind.OUT_OF_ORDER, DeviationKind.REPEATED)
        if any(
            d.kind in wrong and was.step_id in (d.step_id, d.related_step_id)
            for d in self.judgement.deviations
        ):
            return ""
        first, then = (other, this) if was.subject == "begun too early" else (this, other)
        segments = self.performance.segments
        return self.speak.say(
            "order_now",
            first=self.speak.step(self._step_of(first[0])),
            time1=clock(segments[first[0]].start_s),
            then=self.speak.step(self._step_of(then[0])),
            time2=clock(segments[then[0]].start_s),
        )

    def _step_of(self, index: int) -> str:
        return next(step_id for step_id, i in self.judgement.matches if i == index)

    def _in_time(self, step_id: str, moments: list[int]) -> str:
        allowed = self.graph.steps[step_id].duration
        if allowed is None:
            return ""
        took_s = self.performance.segments[moments[0]].length_s
        return self.speak.say("time_now", step=self.speak.step(step_id), length=self.speak.length(took_s))

    def _technique_met(self, was: Deviation) -> str:
        marks = self.performance.technique
        if isinstance(marks, Unavailable):
            return ""
        mine = [m for m in marks if m.step_id == was.step_id and m.point_id == was.subject]
        if not mine or not all(mark.met for mark in mine):
            return ""
        when = next((mark.time_s for mark in mine if mark.time_s is not None), None)
        if when is None:
            return self.speak.say("marked_right")
        return self.speak.say("marked_right_at", time=clock(when))

    def _ingredient_used(self, was: Deviation) -> str:
        """An ingredient that was left out was used now; that a strange one stayed away shows nothing."""
        marks = self.performance.ingredients
        if isinstance(marks, Unavailable):
            return ""
        ingredient = next((i for i in self.dish.ingredients if i.ingredient_id == was.subject), None)
        missed = any(
            d.subject == was.subject and d.category is Category.VISUAL for d in self.judgement.deviations
        )
        if ingredient is None or missed:
            return ""
        names = {ingredient.ingredient_id, ingredient.name}
        mark = next((m for m in marks if m.ingredient in names), None)
        if mark is None:
            return ""
        name = self.speak.ingredient(ingredient.ingredient_id)
        return self.speak.say("used_at", name=name, time=clock(mark.time_s))
