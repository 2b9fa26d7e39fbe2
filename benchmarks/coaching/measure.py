"""How right, how readable and how fast the rules coach is; it changes nothing that it measures."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.coaching.performances import LabelKind, Labelled
from bharatchef.coaching import coached
from bharatchef.judgement import judge, load_thresholds
from bharatchef.ports import TipStore
from bharatchef.records import Deviation, Feedback, Mistake
from bharatchef.scoring import load_rubric, score
from bharatchef.vocabulary import DeviationKind, Language

_LABEL_OF: Mapping[DeviationKind, LabelKind] = {
    DeviationKind.MISSING: "missing",
    DeviationKind.OUT_OF_ORDER: "order",
    DeviationKind.TOO_LONG: "timing",
    DeviationKind.TOO_SHORT: "timing",
}
RECALLED: tuple[LabelKind, ...] = ("order", "missing", "timing", "other")
_VOWELS = re.compile(r"[aeiouy]+")


_COUNTERS = ("named", "at_step", "of_kind", "labelled", "found", "explained", "with_label", "with_found")


@dataclass
class Tally:
    """What was named, what of it was labelled, and what of the labels was named."""

    performances: int = 0
    clean: int = 0
    clean_told: int = 0
    named: Counter[str] = field(default_factory=Counter)
    at_step: Counter[str] = field(default_factory=Counter)
    of_kind: Counter[str] = field(default_factory=Counter)
    labelled: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    explained: Counter[str] = field(default_factory=Counter)
    with_label: Counter[str] = field(default_factory=Counter)
    with_found: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Add another tally to this one."""
        self.performances += other.performances
        self.clean += other.clean
        self.clean_told += other.clean_told
        for name in _COUNTERS:
            getattr(self, name).update(getattr(other, name))

    @property
    def precision(self) -> float | None:
        """Of the mistakes named, the share at a step with a labelled error, 0 to 1."""
        return _share(self.at_step.total(), self.named.total())

    @property
    def precision_of_kind(self) -> float | None:
        """Of the mistakes named, the share at a step with a labelled error of the same kind, 0 to 1."""
        return _share(self.of_kind.total(), self.named.total())

    def recall(self, *kinds: LabelKind) -> float | None:
        """Of the labelled steps of these kinds, the share that the named mistakes name, 0 to 1."""
        return _share(sum(self.found[k] for k in kinds), sum(self.labelled[k] for k in kinds))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


@dataclass(frozen=True)
class Coaching:
    """The coach's words on one performance, how long they took, and how right they are."""

    name: str
    feedback: Feedback
    wall_s: float
    cpu_s: float
    tally: Tally


def coaching(
    entry: Labelled,
    tips: TipStore | None,
    language: Language = Language.ENGLISH,
    forget: Callable[[], None] | None = None,
) -> Coaching:
    """Judge, score and coach one performance; only the coach, its search for tips included, is timed.

    Args:
        forget: called before, so that no question was asked already.
    """
    if forget is not None:
        forget()
    judgement = judge(entry.dish, entry.performance, load_thresholds())
    card = score(entry.dish, entry.performance, judgement, load_rubric())
    wall, cpu = time.perf_counter(), time.process_time()
    made = coached("measured", entry.dish, judgement, card, entry.performance, None, tips, language)
    wall_s, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    by_id = {deviation.deviation_id: deviation for deviation in judgement.deviations}
    tally = _tally(entry, made.feedback.mistakes, by_id)
    return Coaching(entry.name, made.feedback, wall_s, cpu_s, tally)


def _tally(entry: Labelled, told: Iterable[Mistake], by_id: Mapping[str, Deviation]) -> Tally:
    tally = Tally(performances=1, clean=int(not entry.faulty))
    covered: dict[LabelKind, set[str]] = {}
    explained: set[str] = set()
    for mistake in told:
        deviation = by_id[mistake.deviation_id]
        kind = _LABEL_OF.get(deviation.kind, "other")
        steps = {step for step in (deviation.step_id, deviation.related_step_id) if step}
        covered.setdefault(kind, set()).update(steps)
        # One mistake is told a cause; that it moved other steps with it is said by the report.
        tally.named[kind] += 1
        of_no_step = not steps and deviation.kind in entry.planted
        tally.at_step[kind] += of_no_step or bool(steps & entry.steps)
        tally.of_kind[kind] += of_no_step or bool(steps & entry.wrong.get(kind, frozenset()))
        explained |= {d.step_id for d in by_id.values() if d.cause_id == deviation.deviation_id and d.step_id}
    tally.clean_told = int(not entry.faulty and bool(covered))
    for kind, steps in entry.wrong.items():
        tally.labelled[kind] += len(steps)
        tally.found[kind] += len(steps & covered.get(kind, set()))
        tally.explained[kind] += len(steps & (covered.get(kind, set()) | explained))
        if steps:
            tally.with_label[kind] += 1
            tally.with_found[kind] += bool(steps & covered.get(kind, set()))
    return tally


def least_times(rounds: Sequence[Sequence[Coaching]]) -> list[tuple[float, float]]:
    """For each performance the least time by the clock and of the processor of all rounds, seconds."""
    return [
        (min(one.wall_s for one in same), min(one.cpu_s for one in same))
        for same in zip(*rounds, strict=True)
    ]


def text_of(feedback: Feedback) -> str:
    """All that a learner is told, sentence by sentence."""
    parts = [feedback.encouragement]
    for mistake in feedback.mistakes:
        parts += [mistake.description, mistake.impact, mistake.correction, mistake.safety]
    return "\n".join(part for part in (*parts, *feedback.next_steps) if part)


def reading_grade(text: str) -> float:
    """The Flesch-Kincaid grade of an English text (Kincaid and others 1975), in years of school.

    Sentences end in ``.``, ``!``, ``?`` or a new line; a word's syllables are its groups of vowels, less a
    silent final e, one at least.
    """
    sentences = [s for s in re.split(r"[.!?]+[\s\"”)]+|\n+", text) if re.search("[A-Za-z]", s)]
    words = re.findall(r"[A-Za-z]+(?:'[a-z]+)?", text)
    if not words:
        return 0.0
    syllables = sum(_syllables(word.lower()) for word in words)
    return 0.39 * len(words) / max(1, len(sentences)) + 11.8 * syllables / len(words) - 15.59


def _syllables(word: str) -> int:
    groups = len(_VOWELS.findall(word))
    silent = word.endswith("e") and not word.endswith(("le", "ee")) and groups > 1
    return max(1, groups - silent)


def words_in(text: str) -> int:
    """How many words a text has."""
    return len(text.split())


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least ``share`` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, -int(-share * len(ordered) // 1) - 1))]
