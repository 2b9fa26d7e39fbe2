"""What an expert's film says beyond its steps: the heat of each step, the finished plate as a vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bharatchef.errors import EndpointError
from bharatchef.experts.records import PlateLook, StepHeat
from bharatchef.observed import Analyser, Chunk, HeatMark, ModelIdentity, PlatedDish, Unavailable
from bharatchef.perception.examples import embedded_film
from bharatchef.records import ActionSegment
from bharatchef.vocabulary import HeatLevel

PLATE_S = 3.0
"""How far around the moment at which the plate was seen best it is looked at, seconds."""


def heat_profile(
    actions: Sequence[ActionSegment], heat: tuple[HeatMark, ...] | Unavailable
) -> tuple[StepHeat, ...] | Unavailable:
    """The heat of each step that was done while something is known of it, in the order of the film.

    A step that was done several times is taken as one; its time without a word for the heat does not count.
    """
    if isinstance(heat, Unavailable):
        return heat
    spent: dict[str, dict[HeatLevel, float]] = {}
    for action in actions:
        if action.step_id is None:
            continue
        for mark in heat:
            shared_s = min(action.end_s, mark.end_s) - max(action.start_s, mark.start_s)
            if shared_s > 0:
                levels = spent.setdefault(action.step_id, {})
                levels[mark.level] = levels.get(mark.level, 0.0) + shared_s
    return tuple(
        StepHeat(step_id=step_id, level=level, share=min(1.0, levels[level] / sum(levels.values())))
        for step_id, levels in spent.items()
        for level in (max(levels, key=lambda one: (levels[one], one)),)
    )


def chunks_of_plate(chunks: Sequence[Chunk], plate: PlatedDish | Unavailable) -> tuple[Chunk, ...]:
    """The pieces of a film in which the finished plate is looked at; none where it was not seen."""
    if isinstance(plate, Unavailable) or plate.time_s is None:
        return ()
    from_s, to_s = plate.time_s - PLATE_S, plate.time_s + PLATE_S
    return tuple(chunk for chunk in chunks if chunk.end_s >= from_s and chunk.start_s <= to_s)


def plate_look(
    model: ModelIdentity,
    plate: PlatedDish | Unavailable,
    chunks: Sequence[Chunk],
    answers: Sequence[Mapping[str, Any] | EndpointError],
) -> PlateLook | Unavailable:
    """The finished plate as a vector, from the embeddings of the pieces that show it, one answer a piece."""
    if isinstance(plate, Unavailable):
        return plate
    if plate.time_s is None or not chunks:
        return Unavailable(analyser=Analyser.PLATE, reason="At no moment was the finished plate seen.")
    film = embedded_film(model, chunks, answers)
    if isinstance(film, Unavailable):
        return Unavailable(analyser=Analyser.PLATE, reason=film.reason)
    times = np.asarray(film.times_s)
    near = np.abs(times - plate.time_s) <= PLATE_S
    if not near.any():
        return Unavailable(analyser=Analyser.PLATE, reason=f"{model.name} embeds no moment of the plate.")
    mean = film.vectors[near].mean(axis=0, dtype=np.float64)
    length = float(np.linalg.norm(mean))
    if length == 0.0:
        return Unavailable(analyser=Analyser.PLATE, reason=f"{model.name} gave an empty vector of the plate.")
    return PlateLook(
        model=model,
        embedded_by=str(answers[0]["model"]) if not isinstance(answers[0], EndpointError) else model.name,
        time_s=plate.time_s,
        moments=int(near.sum()),
        vector=tuple(round(float(value), 6) for value in mean / length),
    )


def likeness(one: PlateLook, other: PlateLook) -> float | None:
    """The cosine of two plates' vectors, -1 to 1; ``None`` where they were not made alike."""
    if one.embedded_by != other.embedded_by or len(one.vector) != len(other.vector):
        return None
    return float(np.dot(one.vector, other.vector))
