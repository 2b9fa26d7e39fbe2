"""Makes dish files and segments out of CaptainCook4D recipes: real cooking, labelled by people elsewhere.

One recipe is one JSON file with its steps, its authored task graph and its labelled recordings. Reads
bytes and returns text; knows no disk.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import combinations
from statistics import median
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bharatchef.errors import KnowledgeError
from knowledge_base import graph
from knowledge_base.expert_times import duration_ranges
from knowledge_base.units import time_text
from knowledge_base.words import action_for, objects_in

REASON = "the recipe's authored task graph"
SOURCE = (
    "CaptainCook4D annotations 1.0 (github.com/CaptainCook4D/annotations), recipe {number}. Peddi et al., "
    "CaptainCook4D: A Dataset for Understanding Errors in Procedural Activities, NeurIPS 2024 Datasets and "
    "Benchmarks, arXiv 2312.14556. Its LICENSE is MIT, Copyright (c) 2023 Error-Dataset; its README says "
    "Apache-2.0; both notices are kept."
)
MAX_TIMES = 10
# A range that reaches further than this factor beyond the shortest or longest time seen says nothing.
MOST_WIDENING = 30.0


class _Source(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class _Graph(_Source):
    nodes: dict[str, int | None]
    edges: list[tuple[int, int]]


class _Done(_Source):
    step: int
    start: Annotated[float, Field(ge=0)]
    end: Annotated[float, Field(ge=0)]
    has_error: bool = False


class _Recording(_Source):
    id: str
    role: Literal["expert", "trainee"]
    duration_s: Annotated[float, Field(gt=0)]
    steps: list[_Done]


class _Recipe(_Source):
    activity_id: int
    name: Annotated[str, Field(min_length=1)]
    steps: Annotated[dict[str, str], Field(min_length=1)]
    required_count: dict[str, Annotated[int, Field(ge=0, le=MAX_TIMES)]] = Field(default_factory=dict)
    optional_steps: list[int] = Field(default_factory=list)
    task_graph: _Graph
    recordings: list[_Recording]


def step_id(number: int | str) -> str:
    """The step's name in our dish: ``step-183`` for the dataset's step 183."""
    return f"step-{number}"


def dish_id_of(name: str) -> str:
    """The dish's name: ``captaincook4d-cucumber-raita`` for the recipe Cucumber Raita."""
    slug = "-".join(re.findall(r"[a-z0-9]+", name.lower()))
    return f"captaincook4d-{slug}"[:64].rstrip("-")


def dish_from_captaincook4d(
    data: bytes, *, created: date, dish_id: str | None = None, leave_out: Sequence[str] = ()
) -> str:
    """A dish file (YAML) of a recipe: its steps, counts, order, durations and expert performances.

    A step that the graph holds several times becomes one step done that often; an edge then says which
    time of one comes before which time of the other, and only what holds in every order that the graph
    allows is said. Durations come from the correct performances (``duration_ranges``), where these agree
    well enough to say anything.

    Args:
        data: the bytes of a recipe's JSON.
        created: the day to write into the file.
        dish_id: the dish's name; ``captaincook4d-<name>`` without it.
        leave_out: ids of recordings to make no use of, so that they can be judged fairly.

    Raises:
        KnowledgeError: the bytes are no such recipe, or its graph cannot be cooked.
    """
    recipe = _read(data)
    counts, edges = _step_order(recipe)
    experts = [r for r in recipe.recordings if r.role == "expert" and r.id not in leave_out]
    lengths: dict[str, list[float]] = defaultdict(list)
    for recording in experts:
        for done in recording.steps:
            if not done.has_error:
                lengths[step_id(done.step)].append(done.end - done.start)
    ranges = duration_ranges(lengths)
    steps = []
    for name in graph.in_order(_first_times(counts, edges)):
        number = name.removeprefix("step-")
        text = _sentence(recipe.steps[number])
        entry: dict[str, Any] = {"id": name, "action": _action(recipe.steps[number])}
        entry["text"] = text
        if found := objects_in(text):
            entry["objects"] = _Inline(found)
        if name in ranges and _plausible(ranges[name], lengths[name]):
            shortest, longest = ranges[name]
            entry["time"] = f"{time_text(shortest)} - {time_text(longest)}"
            entry["time_from"] = f"{len(lengths[name])} times by experts of CaptainCook4D"
        if counts[name] > 1:
            entry["how_often"] = counts[name]
        if int(number) in recipe.optional_steps or recipe.required_count.get(number) == 0:
            entry["optional"] = True
        if edges[name]:
            entry["must_come_after"] = [_edge(edge, counts, name) for edge in edges[name]]
        elif len(counts) > 1 and all(name != before for rest in edges.values() for before, _, _ in rest):
            entry["any_time"] = True
        steps.append(entry)
    durations = [r.duration_s for r in experts] or [r.duration_s for r in recipe.recordings] or [60.0]
    content = {
        "dish": dish_id or dish_id_of(recipe.name),
        "name": f"{recipe.name} (CaptainCook4D)",
        "version": "1.0",
        "created": created.isoformat(),
        "total_time": time_text(median(durations)),
        "source": SOURCE.format(number=recipe.activity_id),
        "steps": steps,
    }
    if experts:
        content["expert_performances"] = [_expert(recording) for recording in experts]
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def segments_from_captaincook4d(
    data: bytes, recording_id: str, *, dish_id: str | None = None
) -> dict[str, Any]:
    """One recording of a recipe as the JSON that ``--segments`` takes, without any of its error labels.

    Raises:
        KnowledgeError: the bytes are no such recipe, or it has no recording of that id.
    """
    recipe = _read(data)
    recording = next((r for r in recipe.recordings if r.id == recording_id), None)
    if recording is None:
        known = ", ".join(r.id for r in recipe.recordings)
        raise KnowledgeError(f"{recipe.name} has no recording '{recording_id}'.", f"It has: {known}.")
    end = max([recording.duration_s, *(done.end for done in recording.steps)])
    return {
        "format": "bharatchef-segments",
        "version": 1,
        "source": {"kind": "person", "name": f"CaptainCook4D annotators, recording {recording.id}"},
        "dish": dish_id or dish_id_of(recipe.name),
        "durationSeconds": end,
        "segments": [
            {
                "stepId": step_id(done.step),
                "actionType": _action(recipe.steps[str(done.step)]),
                "startTime": done.start,
                "endTime": done.end,
                "confidence": 1.0,
            }
            for done in recording.steps
        ],
    }


def recordings_of(data: bytes) -> list[tuple[str, str]]:
    """(id, role) of each recording of a recipe; the role is ``expert`` or ``trainee``."""
    return [(r.id, r.role) for r in _read(data).recordings]


def _plausible(found: tuple[float, float], lengths_s: Sequence[float]) -> bool:
    """Whether a range says something: it begins above 0 as written, and lies near what was seen.

    A few experts who differ widely give a range of no time at all to days.
    """
    shortest, longest = found
    return (
        round(shortest, 1) > 0
        and shortest * MOST_WIDENING >= min(lengths_s)
        and longest <= MOST_WIDENING * max(lengths_s)
    )


def _read(data: bytes) -> _Recipe:
    try:
        recipe = _Recipe.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise KnowledgeError(
            f"This is no CaptainCook4D recipe: {place}: {first['msg']}.",
            "Expected one recipe's JSON, as described in the README of the benchmark's folder.",
        ) from error
    nodes = set(recipe.task_graph.nodes)
    known = set(recipe.steps)
    unknown = [str(s) for s in recipe.task_graph.nodes.values() if s is not None and str(s) not in known]
    unknown += [str(d.step) for r in recipe.recordings for d in r.steps if str(d.step) not in known]
    unknown += [f"node {n}" for edge in recipe.task_graph.edges for n in edge if str(n) not in nodes]
    if unknown:
        raise KnowledgeError(f"{recipe.name} speaks of what it does not have: {', '.join(unknown[:5])}.")
    for recording in recipe.recordings:
        if any(done.end < done.start for done in recording.steps):
            raise KnowledgeError(f"Recording {recording.id} has a step that ends before it starts.")
    return recipe


Edge = tuple[str, int, int]


def _step_order(recipe: _Recipe) -> tuple[dict[str, int], dict[str, list[Edge]]]:
    """How often each step is done, and of each step the edges (step before, its time, this one's time)."""
    above, nodes_of = _node_order(recipe)
    counts: dict[str, int] = {}
    for number in recipe.steps:
        in_graph = len(nodes_of[number])
        counts[step_id(number)] = max(in_graph, recipe.required_count.get(number, 1), 1)
    befores: dict[str, list[str]] = {}
    meaning: dict[str, tuple[str, int]] = {}
    for name, count in counts.items():
        for time in range(1, count + 1):
            befores[f"{name} {time}"] = [f"{name} {time - 1}"] if time > 1 else []
            meaning[f"{name} {time}"] = (name, time)
    for number, mine in nodes_of.items():
        for time in range(1, len(mine) + 1):
            for before, count in _sure_before(mine, time, above, nodes_of).items():
                if before != number:
                    befores[f"{step_id(number)} {time}"].append(f"{step_id(before)} {count}")
    edges: dict[str, list[Edge]] = {name: [] for name in counts}
    for node, direct in graph.reduced(befores).items():
        name, time = meaning[node]
        for before in direct:
            other, other_time = meaning[before]
            if other != name:
                edges[name].append((other, other_time, time))
    return counts, edges


def _node_order(recipe: _Recipe) -> tuple[dict[str, set[str]], dict[str, list[str]]]:
    """All nodes above each node of the authored graph, and the nodes of each step."""
    nodes = recipe.task_graph.nodes
    befores: dict[str, list[str]] = {node: [] for node in nodes}
    for before, after in recipe.task_graph.edges:
        befores[str(after)].append(str(before))
    if found := graph.cycles(befores):
        raise KnowledgeError(f"The task graph of {recipe.name} runs in a circle: {' -> '.join(found[0])}.")
    nodes_of: dict[str, list[str]] = {number: [] for number in recipe.steps}
    for node, number in nodes.items():
        if number is not None:
            nodes_of[str(number)].append(node)
    crowded = [number for number, listed in nodes_of.items() if len(listed) > MAX_TIMES]
    if crowded:
        raise KnowledgeError(f"{recipe.name} has step {crowded[0]} more than {MAX_TIMES} times.")
    return graph.ancestors(befores), nodes_of


def _sure_before(
    mine: Sequence[str], time: int, above: Mapping[str, set[str]], nodes_of: Mapping[str, Sequence[str]]
) -> dict[str, int]:
    """How many times each other step is done before this step's ``time``-th, in every order allowed.

    A film shows a step, not which node of it: the ``time``-th doing is that of whichever ``time`` nodes
    came first, so the least over all such sets of nodes is what can be asked.
    """
    least: dict[str, int] = {}
    for chosen in combinations(mine, time):
        needed = set().union(*(above[node] for node in chosen))
        if any(node in needed and node not in chosen for node in mine):
            continue
        counted = Counter({step: len(needed.intersection(listed)) for step, listed in nodes_of.items()})
        least = {s: min(n, least[s]) for s, n in counted.items() if s in least} if least else dict(counted)
    return {step: count for step, count in least.items() if count > 0}


def _first_times(counts: Mapping[str, int], edges: Mapping[str, Sequence[Edge]]) -> dict[str, list[str]]:
    """The steps' order by their first times alone, which is acyclic where the whole order is."""
    return {name: [before for before, _, time in edges[name] if time == 1] for name in counts}


def _edge(edge: Edge, counts: Mapping[str, int], name: str) -> dict[str, Any]:
    before, that_time, this_time = edge
    written: dict[str, Any] = {"step": before, "because": REASON}
    if counts[before] > 1:
        written["that_time"] = that_time
    if counts[name] > 1:
        written["this_time"] = this_time
    return _InlineMap(written)


def _expert(recording: _Recording) -> dict[str, Any]:
    return {
        "id": f"recording-{re.sub('[^a-z0-9-]', '-', recording.id.lower())}",
        "actions": [
            _InlineMap({"step": step_id(d.step), "start": round(d.start, 2), "end": round(d.end, 2)})
            for d in recording.steps
        ],
    }


def _action(text: str) -> str:
    return action_for((_sentence(text), text), otherwise="handle")


def _sentence(text: str) -> str:
    """The dataset's ``Verb-sentence`` as one sentence: the part after the dash where it says the verb."""
    verb, dash, rest = text.partition("-")
    verb, rest = verb.strip(), rest.strip()
    if not dash or not rest:
        sentence = text.strip()
    elif verb.lower().split()[0] in rest.lower():
        sentence = rest
    else:
        sentence = f"{verb} {rest[0].lower()}{rest[1:]}" if rest[1:2].islower() else f"{verb} {rest}"
    return f"{sentence[0].upper()}{sentence[1:]}".rstrip(".") + "."


class _Inline(tuple[str, ...]):
    """A list that is written on one line."""


class _InlineMap(dict[str, Any]):
    """A mapping that is written on one line."""


class _Dumper(yaml.SafeDumper):
    """Writes without aliases, which our reader refuses."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


_Dumper.add_representer(
    _Inline, lambda dumper, data: dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True)
)
_Dumper.add_representer(
    _InlineMap, lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=True)
)
