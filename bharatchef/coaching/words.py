"""The coach's sentences, one set a kind of deviation; knows nothing of which of them will be told."""

from __future__ import annotations

import re
from collections import Counter

from bharatchef.coaching.fitting import Fit, Fitting
from bharatchef.coaching.languages import Speaker
from bharatchef.judgement.graph import StepGraph
from bharatchef.ports import Tip
from bharatchef.records import Deviation, Dish, ExpectedStep, Ingredient
from bharatchef.vocabulary import Category, DeviationKind, HeatLevel

_SAID_OF_ALL = 3
# Asides and amounts: no tip is found by "1/4 teaspoon", nor by which time of several was left out.
_MEASURED = re.compile(
    r"\([^)]*\)|\d[\d/.]*\s*(?:(?:cup|teaspoon|tablespoon|tsp|tbsp|ounce|oz|gram|g|ml)s?\b(?: of)?)?"
)
_SAID_BY_KIND = (DeviationKind.MISSING, DeviationKind.OUT_OF_ORDER, DeviationKind.REPEATED)
_OWN_WORDS = "the dish's own words"
_TIPS = "cooking tips"


class Words:
    """Sentences about the deviations of one dish, in the speaker's language."""

    def __init__(self, dish: Dish, graph: StepGraph, speaker: Speaker) -> None:
        self.dish, self.graph, self.speaker = dish, graph, speaker
        reasons = Counter(edge.reason for step in dish.expected_steps for edge in step.must_come_after)
        # What a dish says of many pairs alike names where its order is from, not why.
        self._said_of_all = {reason for reason, often in reasons.items() if often >= _SAID_OF_ALL}

    def description(self, deviation: Deviation) -> str:
        """What happened, in one sentence with its moment in the film."""
        speak = self.speaker
        at = speak.at(deviation.span.start_s if deviation.span else None)
        match deviation.kind:
            case DeviationKind.MISSING:
                return self._left_out(deviation)
            case DeviationKind.OUT_OF_ORDER:
                first, then = self._pair(deviation)
                return speak.say("out_of_order", first=first, then=then, at=at)
            case DeviationKind.EXTRA:
                return speak.say("extra", what=deviation.subject, at=at)
            case DeviationKind.REPEATED:
                times = self._times(self._step(deviation))
                return speak.say("repeated", step=self.named(deviation.step_id), at=at, times=times)
            case DeviationKind.TOO_LONG | DeviationKind.TOO_SHORT:
                seen = speak.said(deviation.seen)
                return speak.say(str(deviation.kind), step=self.named(deviation.step_id), seen=seen, at=at)
            case DeviationKind.WRONG_HEAT:
                return self._heat(deviation, at)
            case DeviationKind.WRONG_INGREDIENT:
                if self._ingredient(deviation) is None:
                    return speak.say("ingredient_wrong", name=deviation.subject, at=at)
                return speak.say("ingredient_left_out", name=speak.ingredient(deviation.subject))
            case DeviationKind.POOR_TECHNIQUE:
                return self._technique(deviation, at)
            case DeviationKind.POOR_PLATING:
                return speak.say("plating", seen=speak.said(deviation.seen))
            case _:
                return speak.say("not_seen", step=self.named(deviation.step_id))

    def impact(self, deviation: Deviation, fitting: tuple[Fitting, ...] = ()) -> str:
        """Why it matters: by a tip on this very mistake, else by the dish, else by a tip in general."""
        exact = _first(fitting, Fit.EXACT)
        if exact:
            return self.of_tip(exact, "why")
        own = self._reason(deviation)
        if own:
            return self._whole(self.speaker.said(own, _OWN_WORDS))
        general = _first(fitting, Fit.GENERAL)
        return self.of_tip(general, "why") if general else self.speaker.say(f"why_{deviation.kind}")

    def correction(self, deviation: Deviation, fitting: tuple[Fitting, ...] = ()) -> str:
        """What to do next time: the tip's where it is about this very mistake, else the dish's own."""
        exact = _first(fitting, Fit.EXACT)
        return self.of_tip(exact, "correction") if exact else self._own_correction(deviation)

    def practice(self, deviation: Deviation) -> str:
        """One step of a practice plan against this mistake."""
        speak, step = self.speaker, self._step(deviation)
        name = self.named(deviation.step_id)
        match deviation.kind:
            case DeviationKind.MISSING:
                return speak.say("plan_missing", step=name)
            case DeviationKind.OUT_OF_ORDER:
                first, then = self._pair(deviation)
                return speak.say("plan_order", first=first, then=then)
            case DeviationKind.REPEATED:
                return speak.say("plan_repeated", step=name, times=self._times(step))
            case DeviationKind.TOO_LONG | DeviationKind.TOO_SHORT:
                limit_s = _limit_s(step, deviation.kind)
                if limit_s is None:
                    return speak.say("plan_clock", step=name)
                return speak.say(f"plan_{deviation.kind}", step=name, length=speak.length(limit_s))
            case DeviationKind.WRONG_HEAT:
                return self._heat_words("plan", step, name)
            case DeviationKind.WRONG_INGREDIENT:
                return speak.say("plan_ingredient")
            case DeviationKind.POOR_TECHNIQUE:
                return speak.say("plan_technique", step=name)
            case DeviationKind.POOR_PLATING:
                return speak.say("plan_plating")
            case _:
                return speak.say("plan_extra")

    def query(self, deviation: Deviation) -> str:
        """English words to look up a tip with, each once: what is said twice costs time and finds nothing."""
        step = self._step(deviation)
        words = [str(deviation.kind).replace("_", " ")]
        if step:
            words += [step.action.replace("-", " "), _MEASURED.sub(" ", step.description)]
        if deviation.kind not in _SAID_BY_KIND:
            words.append(deviation.subject.replace("-", " "))
        each = {word.strip(".,;:").lower(): None for word in " ".join(words).split()}
        return " ".join(word for word in each if word)

    def safety(self, safety_id: str | None) -> str:
        """The dish's safety rule of that id, word for word, with its source; empty where there is none."""
        for point in self.dish.safety:
            if point.safety_id == safety_id:
                return f"{self.speaker.safety(point.rule)} ({point.source})"
        return ""

    def of_tip(self, tip: Tip, part: str) -> str:
        """A tip's ``mistake``, ``why``, ``correction`` or ``safety`` in the language, else in English."""
        english = str(getattr(tip, part)) if part != "safety" else (tip.text if tip.safety else "")
        local = tip.texts.get(str(self.speaker.language))
        return self.speaker.chosen(english, str(getattr(local, part)) if local else None, _TIPS)

    def _heat_words(self, kind: str, step: ExpectedStep | None, name: str) -> str:
        """Which heat a step asks for, as a correction (``do``) or in the plan (``plan``)."""
        if step is None or step.heat is None:
            return self.speaker.say("do_watch_heat", step=name)
        if step.heat is HeatLevel.OFF:
            return self.speaker.say(f"{kind}_heat_off", step=name)
        return self.speaker.say(f"{kind}_heat", step=name, heat=self.speaker.heat(step.heat))

    def named(self, step_id: str | None) -> str:
        """A step as it stands inside a sentence."""
        if step_id is None or step_id not in self.graph.steps:
            return self.speaker.say("a_step")
        return self.speaker.step(step_id)

    def category(self, category: Category) -> str:
        """A category's name inside a sentence."""
        return self.speaker.said(category.replace("_", " "))

    def _left_out(self, deviation: Deviation) -> str:
        step = self._step(deviation)
        name = self.named(deviation.step_id)
        if step and step.required_count > 1 and deviation.subject.isdigit():
            count = step.required_count
            return self.speaker.say("missing_time", step=name, n=deviation.subject, count=count)
        return self.speaker.say("missing", step=name)

    def _heat(self, deviation: Deviation, at: str) -> str:
        step, name = self._step(deviation), self.named(deviation.step_id)
        levels = {str(level): level for level in HeatLevel}
        if step is None or step.heat is None or deviation.subject not in levels:
            return self.speaker.say("wrong_heat_plain", step=name, at=at)
        seen, asked = self.speaker.heat(levels[deviation.subject]), self.speaker.heat(step.heat)
        return self.speaker.say("wrong_heat", step=name, at=at, seen=seen, asked=asked)

    def _technique(self, deviation: Deviation, at: str) -> str:
        name = self.named(deviation.step_id)
        if deviation.seen == "marked as not met":
            return self.speaker.say("technique", step=name, at=at)
        remark = self.speaker.said(deviation.seen.rstrip("."))
        return self.speaker.say("technique_remark", step=name, at=at, remark=remark)

    def _reason(self, deviation: Deviation) -> str:
        """The dish's own reason, in its own (English) words; empty where it gives none."""
        if deviation.kind is DeviationKind.OUT_OF_ORDER:
            said = deviation.expected_source.partition("order of the dish: ")[2]
            return "" if said in self._said_of_all else said
        if deviation.kind is DeviationKind.POOR_TECHNIQUE:
            return deviation.expected_source.partition("technique of the step: ")[2]
        if deviation.kind is DeviationKind.MISSING and deviation.step_id:
            return self._needed_for(deviation.step_id)
        return ""

    def _own_correction(self, deviation: Deviation) -> str:
        speak, step = self.speaker, self._step(deviation)
        name = self.named(deviation.step_id)
        match deviation.kind:
            case DeviationKind.MISSING:
                later = self._later(deviation.step_id)
                if later is None:
                    return speak.say("do_missing", step=name)
                return speak.say("do_missing_before", step=name, later=self.named(later.step_id))
            case DeviationKind.OUT_OF_ORDER:
                first, then = self._pair(deviation)
                return speak.say("do_out_of_order", first=first, then=then)
            case DeviationKind.EXTRA:
                return speak.say("do_extra")
            case DeviationKind.REPEATED:
                return speak.say("do_repeated", step=name, times=self._times(step))
            case DeviationKind.TOO_LONG | DeviationKind.TOO_SHORT:
                limit_s = _limit_s(step, deviation.kind)
                if limit_s is None:
                    return speak.say("do_watch_clock", step=name)
                return speak.say(f"do_{deviation.kind}", step=name, length=speak.length(limit_s))
            case DeviationKind.WRONG_HEAT:
                return self._heat_words("do", step, name)
            case DeviationKind.WRONG_INGREDIENT:
                return self._ingredient_correction(deviation)
            case DeviationKind.POOR_TECHNIQUE:
                return self._whole(speak.said(deviation.expected, _OWN_WORDS))
            case DeviationKind.POOR_PLATING:
                asked = speak.said(deviation.expected.rstrip("."), _OWN_WORDS)
                return speak.say("do_plating", asked=asked)
            case _:
                return speak.say("do_film", step=name)

    def _ingredient_correction(self, deviation: Deviation) -> str:
        ingredient = self._ingredient(deviation)
        if ingredient is None:
            return self.speaker.say("do_without", name=deviation.subject)
        name = self.speaker.ingredient(ingredient.ingredient_id)
        if not ingredient.amount:
            return self.speaker.say("do_ingredient", name=name)
        if re.search("[A-Za-z]", ingredient.amount):
            self.speaker.lacks("amounts")
        return self.speaker.say("do_ingredient_amount", name=name, amount=ingredient.amount)

    def _ingredient(self, deviation: Deviation) -> Ingredient | None:
        return next((i for i in self.dish.ingredients if i.ingredient_id == deviation.subject), None)

    def _step(self, deviation: Deviation) -> ExpectedStep | None:
        return self.graph.steps.get(deviation.step_id or "")

    def _pair(self, deviation: Deviation) -> tuple[str, str]:
        """The step that belongs first and the one that was begun before it."""
        this, other = self.named(deviation.step_id), self.named(deviation.related_step_id)
        return (other, this) if deviation.subject == "begun too early" else (this, other)

    def _needed_for(self, step_id: str) -> str:
        for later in self.graph.steps.values():
            for edge in later.must_come_after:
                if edge.step_id == step_id and edge.reason and edge.reason not in self._said_of_all:
                    return edge.reason
        return next((point.why for point in self.graph.steps[step_id].technique), "")

    def _later(self, step_id: str | None) -> ExpectedStep | None:
        for later in self.graph.steps.values():
            if any(edge.step_id == step_id for edge in later.must_come_after):
                return later
        return None

    def _times(self, step: ExpectedStep | None) -> str:
        count = step.required_count if step else 1
        return self.speaker.say("once") if count == 1 else self.speaker.say("times", n=count)

    def _whole(self, text: str) -> str:
        """A dish's own words as a sentence of their own."""
        text = text.strip()
        return text if text[-1:] in ".!?।" else f"{text}{self.speaker.texts.file.joins.stop}"


def _first(fitting: tuple[Fitting, ...], fit: Fit) -> Tip | None:
    """The words of which tip are used: the best of that fit that has words of its own.

    A tip that names no action, ingredient, step or dish holds for most dishes, and may be untrue of this one:
    it is cited, and its words are not used.
    """
    return next(
        (
            f.tip
            for f in fitting
            if f.fit is fit
            and f.tip.why
            and f.tip.correction
            and (fit is Fit.EXACT or f.tip.actions or f.tip.ingredients or f.tip.steps or f.tip.dishes)
        ),
        None,
    )


def _limit_s(step: ExpectedStep | None, kind: DeviationKind) -> float | None:
    """The limit that a step that was too long or too short went past; ``None`` where it has none."""
    if step is None or step.duration is None:
        return None
    return step.duration.max_s if kind is DeviationKind.TOO_LONG else step.duration.min_s
