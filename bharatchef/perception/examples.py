"""Makes a performance's steps out of the embeddings of a film and of experts' films; asks no model itself.

This is the way for real films before there is an action model for them: a plate package that embeds films
stands in, and the dish's segmented expert films say what its steps look like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bharatchef.errors import EndpointError
from bharatchef.observed import Analyser, Chunk, ModelIdentity, SegmentSource, Unavailable
from bharatchef.perception.by_example import Embedded, Example, recognise_by_example
from bharatchef.perception.steps import Recognition
from bharatchef.records import Dish, ExpertPerformance

MOST_FILMS = 3


@dataclass(frozen=True)
class SeenByExample:
    """The steps that were found by likeness, and who is named as their source."""

    source: SegmentSource
    found: Recognition


def filmed_experts(dish: Dish) -> tuple[ExpertPerformance, ...]:
    """The dish's expert performances that have a film and say what is done in it, at most three.

    They come from ``expert_performances``, or from ``expert_action_sequence`` where there are none.
    """
    known = list(dish.expert_performances)
    if not known:
        known = [
            ExpertPerformance(
                performance_id="expert",
                actions=dish.expert_action_sequence,
                video_s3_key=dish.expert_video_s3_key,
            )
        ]
    return tuple(one for one in known if one.video_s3_key and one.actions)[:MOST_FILMS]


def embedded_film(
    model: ModelIdentity, chunks: Sequence[Chunk], answers: Sequence[Mapping[str, Any] | EndpointError]
) -> Embedded | Unavailable:
    """The embeddings of a whole film, on its own clock, from checked answers, one a chunk.

    A chunk without an answer, or one that is embedded otherwise than the first, makes all of it unavailable.
    """
    if not chunks:
        return _unavailable(f"There was no part of the film for {model.name} to look at.")
    times: list[float] = []
    rows: list[Sequence[float]] = []
    name = None
    for chunk, answer in zip(chunks, answers, strict=True):
        where = f"{chunk.start_s:.0f} to {chunk.end_s:.0f} s"
        if isinstance(answer, EndpointError):
            return _unavailable(
                f"{model.name} gave no embeddings of {where}: {answer.message}", answer.remedy
            )
        if name is not None and answer["model"] != name:
            return _unavailable(f"What {model.name} embeds with changed at {where} of the film.")
        name = answer["model"]
        for moment, row in zip(answer["times"], answer["embeddings"], strict=True):
            film_s = round(chunk.start_s + moment, 6)
            # The last moment of a chunk may lie past its end: the next chunk's own word goes before it.
            if not times or film_s > times[-1]:
                times.append(film_s)
                rows.append(row)
    widths = sorted({len(row) for row in rows})
    if len(widths) != 1:
        return _unavailable(f"{model.name} gave embeddings of {len(widths)} widths; expected one.")
    return Embedded(tuple(times), np.asarray(rows, np.float32))


def seen_by_example(
    model: ModelIdentity,
    film: Embedded,
    experts: Sequence[tuple[ExpertPerformance, Embedded]],
    dish: Dish,
) -> SeenByExample | Unavailable:
    """The dish's steps in ``film`` by likeness to one to three experts' films, embedded by ``model`` too."""
    examples = [Example(embedded, expert.actions) for expert, embedded in experts]
    try:
        found = recognise_by_example(film, examples, dish)
    except ValueError as error:
        return _unavailable(f"{model.name}'s embeddings cannot be compared: {error}.")
    names = ", ".join(expert.performance_id for expert, _ in experts)
    return SeenByExample(
        SegmentSource(
            kind="example",
            name=f"{names} (looked at by {model.name} {model.version})",
            sha256=model.weights_sha256,
        ),
        found,
    )


def _unavailable(reason: str, remedy: str = "") -> Unavailable:
    return Unavailable(
        analyser=Analyser.ACTIONS,
        reason=reason,
        remedy=remedy or "Register an action model, or give what was done with --segments.",
    )
