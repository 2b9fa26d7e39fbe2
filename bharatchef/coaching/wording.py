"""A brief into words by a language model, held to what the rules found; knows no vendor and no network.

The rules' feedback is there before any model is asked, and stands wherever a model's words do not: which
mistakes are told, in which order, of which moment, with which tips and safety lines is never the model's.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bharatchef.coaching.brief import Brief, Fault, Verdict, Wording
from bharatchef.coaching.budget import Limits, Planned, planned
from bharatchef.coaching.prompt import CUT_OFF, AnswerError, Prompt, load_prompt, read_answer
from bharatchef.cost import PriceTable
from bharatchef.errors import EndpointError
from bharatchef.ports import ChatAnswer, ChatFacts, ChatModel
from bharatchef.records import Feedback, WordingNote
from bharatchef.vocabulary import Language

Verifier = Callable[[Wording, Brief], Verdict]
_TRIES_EACH = 2
_SHORTEST_S = 0.2
_PAUSE_S = (0.2, 0.5)


@dataclass(frozen=True)
class ChatUsage:
    """What one answer used, as the model's host counted it."""

    facts: ChatFacts
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True)
class Worded:
    """Feedback in a model's words where they hold and in the rules' elsewhere, and what that used."""

    feedback: Feedback
    usage: tuple[ChatUsage, ...] = ()


def worded(
    feedback: Feedback,
    brief: Brief,
    models: Sequence[ChatModel],
    prices: PriceTable,
    verify: Verifier,
    limits: Limits | None = None,
    stills: Sequence[bytes] = (),
    prompt: Prompt | None = None,
) -> Worded:
    """The rules' feedback in the words of the first model that answers well; always answers.

    An answer is read strictly and verified. What fails is dropped; one answer in all is asked for again, with
    its faults named. A model that fails is tried once more where that may help, then the next one is asked,
    then the rules' words stand. ``feedback.wording`` says which, and why.

    Args:
        feedback: the rules', of the same evaluation as ``brief``.
        models: the first choice and its backups; none: the rules' words.
        prices: what tokens cost, for the ceiling.
        verify: what holds a wording against its brief.
        limits: what all of it may use.
        stills: JPEG pictures of at most 640x360 pixels, the most telling first.
    """
    if not models:
        return Worded(feedback)
    if not brief.deviations:
        reason = "there was no mistake to word"
        return Worded(feedback.model_copy(update={"wording": WordingNote(reason=reason)}))
    talk = _Talk(brief, prices, limits or Limits(), prompt or load_prompt(), tuple(stills), verify)
    for place, model in enumerate(models):
        found = talk.found_with(model, models_left=len(models) - place)
        if found is not None:
            return Worded(talk.merged(feedback, found), tuple(talk.usage))
        if talk.blocked:
            break
    note = talk.note("fallback", "; ".join(dict.fromkeys(talk.reasons)))
    return Worded(feedback.model_copy(update={"wording": note}), tuple(talk.usage))


@dataclass(frozen=True)
class _Found:
    """The best verdict on a model's answers, and what the model had been given."""

    model: ChatModel
    plan: Planned
    verdict: Verdict
    stills: int


@dataclass
class _Talk:
    """All calls for one feedback: how many there were, what they used, what was wrong with them."""

    brief: Brief
    prices: PriceTable
    limits: Limits
    prompt: Prompt
    stills: tuple[bytes, ...]
    verify: Verifier
    calls: int = 0
    usage: list[ChatUsage] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    reasons: list[str] = field(default_factory=list)
    asked_again: bool = False
    blocked: bool = False

    def __post_init__(self) -> None:
        self._ends = time.monotonic() + self.limits.deadline_s

    def found_with(self, model: ChatModel, models_left: int) -> _Found | None:
        """The best usable wording that a model gives; ``None`` where it gives none."""
        plan = planned(self.brief, self.stills, self.prompt, model.facts, self.prices, self.limits)
        if isinstance(plan, str):
            self._failed(model, "ceiling", plan)
            return None
        # A model that does not answer must leave time for the next one.
        until = time.monotonic() + self._left_s / models_left
        best: _Found | None = None
        faults: tuple[Fault, ...] = ()
        stills = plan.stills
        while True:
            answer = self._answer(model, plan, stills, faults, until)
            if answer is None:
                return best
            verdict, faults = self._judged(model, answer, plan)
            if verdict is not None and verdict.usable:
                found = _Found(model, plan, verdict, len(stills))
                if best is None or len(verdict.faults) < len(best.verdict.faults):
                    best = found
            # Where nothing had to be dropped, asking again would cost as much and gain nothing.
            whole = verdict is not None and verdict.usable and _is_whole(verdict.kept, plan.brief)
            if self.blocked or not faults or whole or self.asked_again:
                return best
            self.asked_again = True
            stills = ()

    def _judged(
        self, model: ChatModel, answer: ChatAnswer, plan: Planned
    ) -> tuple[Verdict | None, tuple[Fault, ...]]:
        """What the verifier says of an answer, and the faults to name when asking again."""
        if answer.stop in ("refused", "blocked"):
            self.blocked = answer.stop == "blocked"
            by = "a guardrail" if self.blocked else "the model"
            self._failed(model, answer.stop, f"{by} refused")
            return None, ()
        verdict: Verdict | None = None
        faults: tuple[Fault, ...]
        try:
            if answer.stop == "cut_off":
                raise AnswerError(Fault(code=CUT_OFF, where="answer", said="an answer that broke off"))
            verdict = self.verify(read_answer(answer.text), plan.brief)
            faults = verdict.faults
        except AnswerError as error:
            faults = (error.fault,)
        self.faults.update(fault.code for fault in faults)
        if faults and (verdict is None or not verdict.usable):
            named = ", ".join(dict.fromkeys(fault.code for fault in faults))
            self.reasons.append(f"{model.facts.model_id}: its answer did not hold ({named})")
        return verdict, faults

    def _answer(
        self,
        model: ChatModel,
        plan: Planned,
        stills: tuple[bytes, ...],
        faults: tuple[Fault, ...],
        until: float,
    ) -> ChatAnswer | None:
        """One answer, the call tried again once where that may help; ``None`` where there is none."""
        for tried in range(1, _TRIES_EACH + 1):
            left_s = min(until, self._ends) - time.monotonic()
            if self.calls >= self.limits.calls or left_s < _SHORTEST_S:
                which = "calls" if self.calls >= self.limits.calls else "deadline"
                self._failed(model, which, "no calls were left" if which == "calls" else "no time was left")
                return None
            self.calls += 1
            try:
                answer = _within(
                    left_s,
                    lambda left_s=left_s: model.word(  # type: ignore[misc]
                        self.prompt.system(plan.brief.language),
                        self.prompt.user(plan.brief, faults),
                        stills,
                        self.prompt.schema,
                        plan.output_tokens,
                        left_s,
                    ),
                )
            except EndpointError as error:
                self._failed(model, "retryable" if error.retryable else "failed", error.message)
                if not error.retryable or tried == _TRIES_EACH:
                    return None
                time.sleep(max(0.0, min(random.uniform(*_PAUSE_S), self._left_s)))
            else:
                self.usage.append(ChatUsage(model.facts, answer.input_tokens, answer.output_tokens))
                return answer
        return None

    @property
    def _left_s(self) -> float:
        return self._ends - time.monotonic()

    def _failed(self, model: ChatModel, how: str, reason: str) -> None:
        self.failures[how] += 1
        self.reasons.append(f"{model.facts.model_id}: {reason.rstrip('.')}")

    def merged(self, feedback: Feedback, found: _Found) -> Feedback:
        """The rules' feedback with the words that were kept."""
        kept = found.verdict.kept
        by_id = {mistake.deviation_id: mistake for mistake in kept.mistakes}
        mistakes = []
        for mistake in feedback.mistakes:
            said = by_id.get(mistake.deviation_id)
            update = (
                {"description": said.what, "impact": said.why, "correction": said.correction} if said else {}
            )
            mistakes.append(mistake.model_copy(update=update))
        # One step for each of the rules', or the plan might have lost what lets more be judged next time.
        steps = kept.next_steps if len(kept.next_steps) == len(feedback.next_steps) else feedback.next_steps
        missing = []
        if found.plan.left_out:
            missing.append(f"{found.plan.left_out} of the mistakes, for length or ceiling")
        unworded = sum(d.deviation_id not in by_id for d in found.plan.brief.deviations)
        if unworded:
            missing.append(f"{unworded} of the mistakes, whose words did not hold")
        if not kept.encouragement and self.brief.strengths:
            missing.append("the encouragement")
        if steps is not kept.next_steps:
            missing.append("the next steps")
        reasons = [f"not worded by the model: {', '.join(missing)}"] if missing else []
        if found.plan.stills_dropped:
            reasons.append(f"{found.plan.stills_dropped} stills were not sent, for the ceiling")
        note = self.note("part" if missing else "model", "; ".join(reasons), len(by_id), found.stills)
        return feedback.model_copy(
            update={
                "mistakes": tuple(mistakes),
                "encouragement": kept.encouragement or feedback.encouragement,
                "next_steps": steps,
                "worded_by": found.model.facts.model_id,
                "prompt_version": self.prompt.version,
                "prompt_sha256": self.prompt.sha256,
                # No speaker has read what a model has just written.
                "language_reviewed": feedback.language_reviewed and feedback.language is Language.ENGLISH,
                "wording": note,
            }
        )

    def note(self, outcome: str, reason: str, worded: int = 0, stills: int = 0) -> WordingNote:
        """How the words came about."""
        return WordingNote.model_validate(
            {
                "outcome": outcome,
                "reason": reason,
                "calls": self.calls,
                "worded": worded,
                "stills": stills,
                "faults": dict(sorted(self.faults.items())),
                "failures": dict(sorted(self.failures.items())),
            }
        )


def _is_whole(kept: Wording, brief: Brief) -> bool:
    """Whether all that was asked for was kept."""
    return (
        len(kept.mistakes) == len(brief.deviations)
        and len(kept.next_steps) == len(brief.next_steps)
        and bool(kept.encouragement or not brief.strengths)
    )


def _within(seconds: float, ask: Callable[[], ChatAnswer]) -> ChatAnswer:
    """What ``ask`` returns, where it does so in time.

    A socket's time-out bounds each wait for bytes, not a whole answer that trickles in. The thread of a
    call that is given up ends with its own time-out; its answer is not used.

    Raises:
        EndpointError: it did not, or ``ask`` raised one.
    """
    answers: list[ChatAnswer] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(ask())
        except BaseException as error:  # handed to the thread that waits
            errors.append(error)

    thread = threading.Thread(target=run, name="chat-model", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not answers:
        raise EndpointError(f"It did not answer within {seconds:.1f} s.", "Give it more time.")
    return answers[0]
