"""The coach's sentences, one set a kind of deviation; knows nothing of which of them will be told."""

from __future__ import annotations

from bharatchef.judgement.findings import clock, length, words_for
from bharatchef.judgement.graph import StepGraph
from bharatchef.records import Deviation, Dish, ExpectedStep
from bharatchef.vocabulary import DeviationKind, HeatLevel

_PLAIN_IMPACT = {
    DeviationKind.MISSING: "Without it the dish is not the one that was asked for.",
    DeviationKind.EXTRA: "It takes time and may change the taste of the dish.",
    DeviationKind.REPEATED: "Doing it more often than needed can change the taste and costs time.",
    DeviationKind.OUT_OF_ORDER: "The dish asks for this order.",
    DeviationKind.TOO_LONG: "Longer than the dish allows can overdo it, and delays what follows.",
    DeviationKind.TOO_SHORT: "Shorter than the dish asks for may leave it undone.",
    DeviationKind.WRONG_HEAT: "Heat decides how fast it cooks, and whether it burns or stays raw.",
    DeviationKind.WRONG_INGREDIENT: "The ingredients make the dish's taste.",
    DeviationKind.POOR_TECHNIQUE: "Good technique makes the step come out the same every time.",
    DeviationKind.POOR_PLATING: "The plate is the first thing a guest sees.",
}


class Words:
    """Sentences about the deviations of one dish."""

    def __init__(self, dish: Dish, graph: StepGraph) -> None:
        self.dish, self.graph = dish, graph

    def description(self, deviation: Deviation) -> str:
        """What happened, in one sentence with its moment in the film."""
        at = f" (at {clock(deviation.span.start_s)})" if deviation.span else ""
        step = self.named(deviation.step_id)
        match deviation.kind:
            case DeviationKind.MISSING:
                return f"You left out {deviation.expected}."
            case DeviationKind.OUT_OF_ORDER:
                first, then = self._pair(deviation)
                return f"You began {then} before you had finished {first}{at}."
            case DeviationKind.EXTRA:
                return f"You did something that this dish does not ask for: {deviation.seen}."
            case DeviationKind.REPEATED:
                return f"You did {step} again{at}; the dish asks for it {_times(self._step(deviation))}."
            case DeviationKind.TOO_LONG:
                return f"You took too long over {step}: {deviation.seen}{at}."
            case DeviationKind.TOO_SHORT:
                return f"You did {step} too briefly: {deviation.seen}{at}."
            case DeviationKind.WRONG_HEAT:
                return f"The heat was wrong for {step}: {deviation.seen}{at}."
            case DeviationKind.WRONG_INGREDIENT:
                return f"An ingredient was wrong: {deviation.seen}."
            case DeviationKind.POOR_TECHNIQUE:
                return f"The technique in {step} was not right: {deviation.seen}{at}."
            case DeviationKind.POOR_PLATING:
                return f"The plate differs from the expert's: {deviation.seen}."
            case _:
                return f"{step} was not seen: {deviation.seen}."

    def impact(self, deviation: Deviation) -> str:
        """Why it matters: the dish's own reason where it gives one."""
        step = self._step(deviation)
        reason = ""
        if deviation.kind is DeviationKind.OUT_OF_ORDER:
            reason = deviation.expected_source.partition("order of the dish: ")[2]
        elif deviation.kind is DeviationKind.POOR_TECHNIQUE:
            reason = deviation.expected_source.partition("technique of the step: ")[2]
        elif deviation.kind is DeviationKind.MISSING and deviation.step_id:
            reason = self._needed_for(deviation.step_id)
        elif deviation.kind in (DeviationKind.TOO_LONG, DeviationKind.TOO_SHORT, DeviationKind.WRONG_HEAT):
            reason = next((point.why for point in step.technique), "") if step else ""
        return reason or _PLAIN_IMPACT.get(deviation.kind, "")

    def correction(self, deviation: Deviation) -> str:
        """What to do next time, in one sentence."""
        step = self._step(deviation)
        name = self.named(deviation.step_id)
        match deviation.kind:
            case DeviationKind.MISSING:
                return f"Do it: {deviation.expected}{self._when(deviation.step_id)}."
            case DeviationKind.OUT_OF_ORDER:
                first, then = self._pair(deviation)
                return f"Finish {first} first, then begin {then}."
            case DeviationKind.EXTRA:
                return "Leave it out, and keep to the steps of the dish."
            case DeviationKind.REPEATED:
                return f"Do {name} {_times(step)}."
            case DeviationKind.TOO_LONG | DeviationKind.TOO_SHORT:
                allowed = step.duration if step else None
                if allowed is None:
                    return f"Watch the clock during {name}."
                if deviation.kind is DeviationKind.TOO_LONG:
                    return f"Keep {name} to {length(allowed.max_s)} at most."
                return f"Give {name} at least {length(allowed.min_s)}."
            case DeviationKind.WRONG_HEAT:
                heat = step.heat if step else None
                if heat is HeatLevel.OFF:
                    return f"Turn the heat off for {name}."
                return f"Set the heat to {heat} for {name}." if heat else f"Watch the heat during {name}."
            case DeviationKind.WRONG_INGREDIENT:
                return self._ingredient_correction(deviation)
            case DeviationKind.POOR_TECHNIQUE:
                return deviation.expected if deviation.expected.endswith(".") else f"{deviation.expected}."
            case DeviationKind.POOR_PLATING:
                return f"Aim for this: {deviation.expected.rstrip('.')}."
            case _:
                return f"Keep hands and pan in view during {name}, so that it can be judged."

    def query(self, deviation: Deviation) -> str:
        """English words to look up a tip with."""
        step = self._step(deviation)
        words = [str(deviation.kind).replace("_", " ")]
        if step:
            words += [step.action.replace("-", " "), step.description]
        words.append(deviation.subject.replace("-", " "))
        return " ".join(word for word in words if word)

    def safety(self, deviation: Deviation) -> str:
        """The dish's safety rule that this deviation touches, word for word, with its source."""
        for point in self.dish.safety:
            if point.safety_id == deviation.safety_id:
                return f"{point.rule} ({point.source})"
        return ""

    def _step(self, deviation: Deviation) -> ExpectedStep | None:
        return self.graph.steps.get(deviation.step_id or "")

    def named(self, step_id: str | None) -> str:
        """A step as it stands inside a sentence."""
        step = self.graph.steps.get(step_id or "")
        return words_for(step) if step else "a step"

    def _pair(self, deviation: Deviation) -> tuple[str, str]:
        """The step that belongs first and the one that was begun before it."""
        this, other = self.named(deviation.step_id), self.named(deviation.related_step_id)
        return (other, this) if deviation.subject == "begun too early" else (this, other)

    def _needed_for(self, step_id: str) -> str:
        for later in self.graph.steps.values():
            for edge in later.must_come_after:
                if edge.step_id == step_id and edge.reason:
                    return edge.reason
        step = self.graph.steps[step_id]
        return next((point.why for point in step.technique), "")

    def _when(self, step_id: str | None) -> str:
        for later in self.graph.steps.values():
            if any(edge.step_id == step_id for edge in later.must_come_after):
                return f", before {words_for(later)}"
        return ""

    def _ingredient_correction(self, deviation: Deviation) -> str:
        for ingredient in self.dish.ingredients:
            if ingredient.ingredient_id == deviation.subject:
                amount = f" ({ingredient.amount})" if ingredient.amount else ""
                return f"Use {ingredient.name}{amount}."
        return f"Leave {deviation.subject} out; lay out the dish's ingredients before you begin."


def _times(step: ExpectedStep | None) -> str:
    count = step.required_count if step else 1
    return "once" if count == 1 else f"{count} times"
