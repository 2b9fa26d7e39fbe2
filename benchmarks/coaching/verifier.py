"""How many planted faults the verifier catches and how many good answers it refuses.

``python -m benchmarks.coaching.verifier`` prints the test half; ``--half dev --show`` is for work on it.

The first time the test half was read, all 50 faults by hand and 815 of 819 by program were caught, and 8 of
32 good answers refused. The rules were loosened after that with those 8 in view: what the test half says of
good answers has since been no unseen figure. ``--half unseen`` is 12 answers on 4 briefs that came later.

64 further answers on 19 briefs of the rules coach were committed before the verifier read them; at first
sight 5 were refused. 34 of them (``--half later``) may be tuned on; the other 30 (``--half held``) are never
looked at: 3 were refused at first sight, and 3 after the first tuning. Then 71 answers were written to be
tuned on (``more``, and 11 that went to ``later``): at first sight 12 of the first 60 were refused, and 4 of
the last 11 after these had been mended. All 71 pass now, and of the 30 held ones 2 are refused.

Then 66 answers on 22 briefs were written and committed before the verifier read them (two that put a mistake
on safety last, which models are told not to do, were put right before the half that they lie in was judged).
Of 36 (``fresh``) 2 were refused at first sight, and mended. Of the other 30 (``kept``), judged once after
that, 1: 3.3 %. That one has been mended since, so that ``kept`` is no unseen figure any more.

At last somebody who had not read the verifier wrote 100 answers on 25 briefs. Of the 40 that may be tuned on
(``seventh``) 7 were refused at first sight, 3 of them for their order alone, which costs no word and which
their author put right then: 4 of 40. All pass now. The other 60 (``seventh-kept``) were judged once, after
the tuning: 5 were refused, 8.3 %, the very ones that the verifier before the tuning refuses. Two of these
tell a length that is true and in no source ("less than two minutes" of 1:40), three were misread. All five
have been mended since, so that ``seventh-kept`` is no unseen figure any more.

Over what no rule was made for when it was judged, 8 of 132 (``unseen``, ``held``, ``kept``,
``seventh-kept``) were refused, 6.1 %: three times what was asked; the true share may lie between 3 and 12 %.

Then 112 answers were written by a language model that was given the very prompt (``eighth``, on 28 briefs of
the rules coach). Of the 56 in Hindi and Tamil 5 were refused at first sight. One told of "many weeks" that no
source has, and was put right. The other four named how something was made ready (crushed ginger, soaked rice,
a garnish), which the rules took for a step of their own; by itself that had caught 5 of 892 planted faults of
the half to develop with, so such words are free now (lists 1.4): the rule went, not only those four words.
After that the 56 in English and Hinglish were read for the first time: 2 were refused, 3.6 % (0.4 to 12 %).
One was misread ("ho paati", named as tea), one told the same reason for two mistakes, as its brief does;
both are mended, so that these too are to tune on now.

60 further answers in all four languages (``eighth-kept``, on 15 briefs) were written in the same way and
judged once after that: 4 were refused, 6.7 %; with those 56, 6 of 116, 5.2 %. Two had been heard as leaving
the stove ("chhod kar jaanchiye", a longer word that ends in the letters of TV), one named a tool in a reason:
mended (lists 1.5), at the cost of no planted fault. One is still refused, as words on another mistake.

80 answers in all four languages (``ninth-kept``, on 20 briefs) by one who had not seen the verifier were
judged once after that: none was refused. With the 30 of ``held``, on which nothing was ever tuned
either, it is 2 of 110.

A refused answer costs one more question, and then the rules' own words are told.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from benchmarks.coaching.verifier_cases import Case, Half, by_hand, good
from benchmarks.coaching.verifier_mutants import mutated
from bharatchef.coaching.brief import Verdict
from bharatchef.coaching.verifier import lists_version, verify

LEAST_BY_HAND, LEAST_MUTATED, MOST_GOOD_REFUSED = 0.95, 0.97, 0.02


@dataclass(frozen=True)
class Figures:
    """Shares of one half's cases, and the cases behind what is missing from them."""

    by_hand: int
    by_hand_caught: int
    mutated: int
    mutated_caught: int
    good: int
    good_refused: int
    missed: tuple[tuple[Case, Verdict], ...]
    refused: tuple[tuple[Case, Verdict], ...]

    @property
    def holds(self) -> bool:
        """Whether all three bars are reached."""
        return (
            self.by_hand_caught >= LEAST_BY_HAND * self.by_hand
            and self.mutated_caught >= LEAST_MUTATED * self.mutated
            and self.good_refused <= MOST_GOOD_REFUSED * self.good
        )


def caught(case: Case, verdict: Verdict) -> bool:
    """Whether a fault was named and nothing that is faulty is left among what would be shown."""
    if not verdict.faults:
        return False
    return not verdict.usable or not any(_left(case, place, verdict) for place in case.places)


def _left(case: Case, place: str, verdict: Verdict) -> bool:
    part, _, number = place.partition(".")
    if part == "order":
        told = [m.deviation_id for m in verdict.kept.mistakes]
        return told == [m.deviation_id for m in case.wording.mistakes]
    if part == "encouragement":
        return bool(verdict.kept.encouragement) and verdict.kept.encouragement == case.wording.encouragement
    if part == "next":
        return case.wording.next_steps[int(number)] in verdict.kept.next_steps
    mistake = case.wording.mistakes[int(number)]
    return verdict.kept.mistakes.count(mistake) >= case.wording.mistakes.count(mistake)


def figures(half: Half) -> Figures:
    """The figures of one half."""
    hand = [(case, verify(case.wording, case.brief)) for case in by_hand() if case.half == half]
    made = [(case, verify(case.wording, case.brief)) for case in mutated(half)]
    fine = [(case, verify(case.wording, case.brief)) for case in good() if case.half == half]
    missed = [(case, verdict) for case, verdict in (*hand, *made) if not caught(case, verdict)]
    refused = [(case, verdict) for case, verdict in fine if verdict.faults or not verdict.usable]
    return Figures(
        by_hand=len(hand),
        by_hand_caught=sum(caught(*row) for row in hand),
        mutated=len(made),
        mutated_caught=sum(caught(*row) for row in made),
        good=len(fine),
        good_refused=len(refused),
        missed=tuple(missed),
        refused=tuple(refused),
    )


def main() -> int:
    """Print the figures of a half; the exit status is 1 where a bar is missed."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--half", choices=get_args(Half), default="test")
    asked.add_argument("--show", action="store_true", help="print each case that is missed")
    args = asked.parse_args()
    began = time.perf_counter()
    got = figures(args.half)
    took_s = time.perf_counter() - began
    version, sha256 = lists_version()
    cases = got.by_hand + got.mutated + got.good
    print(
        f"Half: {args.half}; lists {version}, sha256 {sha256[:12]}; {1000 * took_s / cases:.1f} ms a wording"
    )
    if got.by_hand:
        print(_row("planted by hand, caught", got.by_hand_caught, got.by_hand, f">= {LEAST_BY_HAND:.0%}"))
    print(_row("planted by a program, caught", got.mutated_caught, got.mutated, f">= {LEAST_MUTATED:.0%}"))
    print(_row("good answers, refused", got.good_refused, got.good, f"<= {MOST_GOOD_REFUSED:.0%}"))
    _print_kinds(args.half, got)
    if args.show:
        _print_cases(got)
    return 0 if got.holds else 1


def _row(name: str, part: int, whole: int, bar: str) -> str:
    return f"  {name:<30} {part:>4} of {whole:<4} {part / max(1, whole):>6.1%}   asked {bar}"


def _print_kinds(half: Half, got: Figures) -> None:
    missed = Counter(case.kind for case, _ in got.missed)
    counted: dict[str, int] = defaultdict(int)
    for case in (*(c for c in by_hand() if c.half == half), *mutated(half)):
        counted[case.kind] += 1
    print("  caught by kind: " + ", ".join(f"{k} {n - missed[k]}/{n}" for k, n in sorted(counted.items())))


def _print_cases(got: Figures) -> None:
    for title, rows in (("MISSED", got.missed), ("REFUSED", got.refused)):
        for case, verdict in rows:
            print(f"\n{title} {case.name} ({case.kind}) at {', '.join(case.places)}")
            for place in case.places:
                print("   ", _said(case, place))
            for fault in verdict.faults:
                print(f"    {fault.code} {fault.where}: {fault.said}")


def _said(case: Case, place: str) -> str:
    part, _, number = place.partition(".")
    parts: Iterable[object] = {
        "mistakes": case.wording.mistakes,
        "next": case.wording.next_steps,
    }.get(part, ())
    rows = list(parts)
    return str(rows[int(number)]) if number else case.wording.encouragement


if __name__ == "__main__":
    sys.exit(main())
