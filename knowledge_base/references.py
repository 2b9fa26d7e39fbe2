"""What a dish file refers to, and whether its order can be cooked; takes otherwise faulty files too."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from knowledge_base import graph
from knowledge_base.marked_yaml import Flaw, Marked, Path_, Tree
from knowledge_base.words import actions, objects


@dataclass(frozen=True)
class _Entry:
    path: Path_
    values: Mapping[str, Tree]

    def text(self, key: str) -> str | None:
        value = self.values.get(key)
        return value if isinstance(value, str) else None

    def count(self, key: str) -> int | None:
        value = self.text(key)
        return int(value) if value is not None and value.isascii() and value.isdigit() else None


def reference_flaws(marked: Marked) -> list[Flaw]:
    """Flaws of references and of order, in a document whose top is a mapping."""
    assert isinstance(marked.tree, dict)
    steps = list(_entries(marked.tree, (), "steps"))
    ingredients = list(_entries(marked.tree, (), "ingredients"))
    safety = list(_entries(marked.tree, (), "safety"))
    experts = list(_entries(marked.tree, (), "expert_performances"))
    flaws = [
        *_doubles(marked, steps, "id", "step"),
        *_doubles(marked, ingredients, "id", "ingredient"),
        *_doubles(marked, safety, "id", "safety rule"),
        *_doubles(marked, experts, "id", "expert performance"),
    ]
    for step in steps:
        flaws += _step_flaws(marked, step, ingredients, safety)
    flaws += _unused(marked, steps, ingredients)
    flaws += _order_flaws(marked, steps)
    names = _names(steps)
    for expert in experts:
        for done in _entries(expert.values, expert.path, "actions"):
            flaws += _unknown(marked, (*done.path, "step"), done.text("step"), names, "step of this dish")
            start, end = _number(done.text("start")), _number(done.text("end"))
            if start is not None and end is not None and end < start:
                message = f"an expert's step ends ({end:g} s) before it starts ({start:g} s)"
                flaws.append(Flaw(marked.line((*done.path, "end")), message))
    return flaws


def _entries(values: Mapping[str, Tree], path: Path_, key: str) -> Iterator[_Entry]:
    listed = values.get(key)
    if isinstance(listed, list):
        for index, entry in enumerate(listed):
            if isinstance(entry, dict):
                yield _Entry((*path, key, index), entry)


def _names(entries: Iterable[_Entry]) -> list[str]:
    return [name for entry in entries if (name := entry.text("id")) is not None]


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def _doubles(marked: Marked, entries: Iterable[_Entry], key: str, kind: str) -> Iterator[Flaw]:
    seen: dict[str, int] = {}
    for entry in entries:
        name = entry.text(key)
        if name is None:
            continue
        line = marked.line((*entry.path, key))
        if name in seen:
            yield Flaw(
                line, f"{kind} '{name}' is there already, in line {seen[name]}: each needs its own name"
            )
        seen.setdefault(name, line)


def _unknown(
    marked: Marked, path: Path_, name: str | None, known: Iterable[str], kind: str
) -> Iterator[Flaw]:
    names = list(known)
    if name is None or name in names:
        return
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f" - did you mean '{near[0]}'?" if near else ""
    yield Flaw(marked.line(path), f"'{name}' is no {kind}{hint}")


def _listed(entry: _Entry, key: str) -> Iterator[tuple[Path_, str]]:
    values = entry.values.get(key)
    if isinstance(values, list):
        for index, value in enumerate(values):
            if isinstance(value, str):
                yield (*entry.path, key, index), value


def _step_flaws(
    marked: Marked, step: _Entry, ingredients: Iterable[_Entry], safety: Iterable[_Entry]
) -> list[Flaw]:
    action = "action of knowledge_base/actions.yaml"
    said = {name: word.word for word in actions().values() for name in word.like}
    given = step.text("action")
    flaws: list[Flaw] = []
    if given in said:
        line = marked.line((*step.path, "action"))
        flaws.append(Flaw(line, f"'{given}' is no {action}; the word for it there is '{said[given]}'"))
    else:
        flaws += _unknown(marked, (*step.path, "action"), given, actions(), action)
    for key, known, kind in (
        ("objects", list(objects()), "object of knowledge_base/objects.yaml"),
        ("ingredients", _names(ingredients), "ingredient of this dish"),
        ("safety", _names(safety), "safety rule of this dish"),
    ):
        seen: set[str] = set()
        for path, name in _listed(step, key):
            flaws += _unknown(marked, path, name, known, kind)
            if name in seen:
                flaws.append(Flaw(marked.line(path), f"'{name}' is named twice in `{key}` of this step"))
            seen.add(name)
    flaws += _doubles(marked, _entries(step.values, step.path, "technique"), "id", "technique point")
    return flaws


def _unused(marked: Marked, steps: Iterable[_Entry], ingredients: Iterable[_Entry]) -> Iterator[Flaw]:
    used = {name for step in steps for _, name in _listed(step, "ingredients")}
    for entry in ingredients:
        name = entry.text("id")
        if name is not None and name not in used:
            yield Flaw(marked.line((*entry.path, "id")), f"ingredient '{name}' is used in no step")


def _order_flaws(marked: Marked, steps: list[_Entry]) -> list[Flaw]:
    """Edges to unknown steps, doubled edges, times that do not exist, cycles, steps nothing ties in."""
    counts = {name: step.count("how_often") or 1 for step in steps if (name := step.text("id"))}
    counts = {name: min(count, 20) for name, count in counts.items()}
    befores: dict[str, list[str]] = {}
    for name, count in counts.items():
        for time in range(1, count + 1):
            befores[_time(name, time, counts)] = [_time(name, time - 1, counts)] if time > 1 else []
    lines: dict[str, int] = {}
    tied: set[str] = set()
    flaws: list[Flaw] = []
    for step in steps:
        name = step.text("id")
        if name is None:
            continue
        lines.setdefault(name, marked.line((*step.path, "id")))
        seen: set[tuple[str, int, int]] = set()
        for edge in _entries(step.values, step.path, "must_come_after"):
            line = marked.line((*edge.path, "step"))
            before = edge.text("step")
            flaws += _unknown(marked, (*edge.path, "step"), before, counts, "step of this dish")
            if before is None or before not in counts:
                continue
            if before == name:
                flaws.append(Flaw(line, f"step '{name}' is said to come after itself; use `how_often`"))
                continue
            that_time = edge.count("that_time") or counts[before]
            this_time = edge.count("this_time") or 1
            tied |= {name, before}
            for key, time, of in (("that_time", that_time, before), ("this_time", this_time, name)):
                if time > counts[of]:
                    message = f"`{key}: {time}`, but step '{of}' is done {counts[of]} time(s)"
                    flaws.append(Flaw(marked.line((*edge.path, key)), message))
            if (before, that_time, this_time) in seen:
                flaws.append(
                    Flaw(line, f"step '{name}' already comes after '{before}': remove one of the two")
                )
            seen.add((before, that_time, this_time))
            if that_time <= counts[before] and this_time <= counts[name]:
                befores[_time(name, this_time, counts)].append(_time(before, that_time, counts))
    flaws += _cycle_flaws(befores, lines)
    for step in steps:
        name = step.text("id")
        lonely = name is not None and name not in tied and len(counts) > 1
        any_time = (step.text("any_time") or "").lower() in ("true", "yes", "on", "1")
        if lonely and not any_time:
            message = f"no step must come before or after '{name}'; say which, or that it is `any_time: true`"
            flaws.append(Flaw(marked.line((*step.path, "id")), message))
        elif not lonely and any_time and len(counts) > 1:
            message = f"'{name}' has `any_time: true`, but a step must come before or after it: remove one"
            flaws.append(Flaw(marked.line((*step.path, "any_time")), message))
    return flaws


def _time(name: str, time: int, counts: Mapping[str, int]) -> str:
    return name if counts[name] == 1 else f"{name} (time {time})"


def _cycle_flaws(befores: Mapping[str, list[str]], lines: Mapping[str, int]) -> Iterator[Flaw]:
    knots = graph.cycles(befores)
    on_cycle: set[str] = set()
    for knot in knots:
        on_cycle.update(knot)
        first = min(knot, key=lambda node: lines[node.split(" (")[0]])
        turn = knot.index(first)
        way = [*knot[turn:], *knot[:turn], first]
        message = f"these steps wait for each other, so none can begin: {' -> '.join(way)}; remove one edge"
        yield Flaw(lines[first.split(" (")[0]], message)
    for node in sorted(graph.blocked(befores) - on_cycle):
        yield Flaw(
            lines[node.split(" (")[0]], f"step '{node}' can never be reached: it must come after such a cycle"
        )
