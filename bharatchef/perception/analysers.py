"""Asks the models about a film, piece by piece, through the models port, and joins their answers.

Each analyser ends as its result or as ``Unavailable``. One piece that stays without an answer makes the
whole analyser unavailable, and the reason names the seconds of film: a result with a hole would be kept
under the same name as a whole one and be judged as if all of it had been looked at; an unavailable one
is asked again at the next run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bharatchef.errors import EndpointError
from bharatchef.observed import (
    ActionProbabilities,
    Analyser,
    Chunk,
    Detection,
    Detections,
    HeatSample,
    HeatTrace,
    ModelIdentity,
    PlatedDish,
    Prepared,
    Still,
    Unavailable,
)
from bharatchef.perception.answers import check_answer, plate_answer
from bharatchef.perception.plate import plated_dish, stills_of_the_end
from bharatchef.ports import Models
from bharatchef.records import Dish

Piece = Chunk | Still
Seen = ActionProbabilities | Detections | HeatTrace | PlatedDish | Unavailable
VIDEO, PICTURE = "video/mp4", "image/jpeg"


@dataclass(frozen=True)
class Retry:
    """How often and how patiently a model that may answer later is asked again.

    ``pauses_s`` are the seconds before the second, third, ... try; their number bounds the tries.
    """

    pauses_s: tuple[float, ...] = (0.5, 2.0, 8.0)
    sleep: Callable[[float], None] = time.sleep


def pieces_of(analyser: Analyser, prepared: Prepared) -> tuple[Chunk | Still, ...]:
    """The pieces of a film that one analyser is asked about, in order; the plate is looked for at the end."""
    match analyser:
        case Analyser.ACTIONS:
            return prepared.action_chunks
        case Analyser.OBJECTS | Analyser.HEAT:
            return prepared.object_chunks
        case Analyser.PLATE:
            return stills_of_the_end(prepared.stills, prepared.media.duration_s)


def answer_of(
    analyser: Analyser,
    piece: Piece,
    body: bytes,
    models: Models,
    retry: Retry | None = None,
) -> Mapping[str, Any]:
    """The checked answer to one piece; times in it are seconds from the piece's start.

    Raises:
        EndpointError: no answer within the tries, or one that does not keep the contract.
    """
    retry = retry or Retry()
    content_type = VIDEO if isinstance(piece, Chunk) else PICTURE
    for pause_s in (*retry.pauses_s, None):
        try:
            answer = models.invoke(analyser, body, content_type)
        except EndpointError as error:
            if not error.retryable or pause_s is None:
                raise
            retry.sleep(pause_s)
            continue
        check_answer(analyser, answer, piece if isinstance(piece, Chunk) else None)
        return answer
    raise AssertionError("the last try returns or raises")


def seen_by(
    model: ModelIdentity,
    pieces: Sequence[Piece],
    answers: Sequence[Mapping[str, Any] | EndpointError],
    dish: Dish,
) -> Seen:
    """What an analyser saw in a whole film, from its checked answers, one a piece.

    Where one piece has an error for an answer, the analyser is ``Unavailable``.
    """
    analyser = model.analyser
    if not pieces:
        return Unavailable(
            analyser=analyser,
            reason=f"There was no part of the film for the {analyser.value} model to look at.",
            remedy="Give a film that is long enough, up to the end of the dish.",
        )
    good: list[Mapping[str, Any]] = []
    for number, (piece, answer) in enumerate(zip(pieces, answers, strict=True)):
        if isinstance(answer, EndpointError):
            return Unavailable(
                analyser=analyser,
                reason=f"{model.name} gave no answer for {_where(piece)} of the film"
                f" (piece {number + 1} of {len(pieces)}): {answer.message}",
                remedy=answer.remedy or "Evaluate the film again later.",
            )
        good.append(answer)
    if analyser is Analyser.PLATE:
        stills = [piece for piece in pieces if isinstance(piece, Still)]
        read = [(still.time_s, plate_answer(answer)) for still, answer in zip(stills, good, strict=True)]
        return plated_dish(read, model, dish)
    chunks = [piece for piece in pieces if isinstance(piece, Chunk)]
    join = {
        Analyser.ACTIONS: joined_actions,
        Analyser.OBJECTS: joined_objects,
        Analyser.HEAT: joined_heat,
    }[analyser]
    return join(model, chunks, good)


def joined_actions(
    model: ModelIdentity, chunks: Sequence[Chunk], answers: Sequence[Mapping[str, Any]]
) -> ActionProbabilities | Unavailable:
    """Checked answers, one a chunk, as one on the film's clock; labels must not change on the way."""
    labels = tuple(answers[0]["labels"])
    times: list[float] = []
    rows: list[tuple[float, ...]] = []
    for chunk, answer in zip(chunks, answers, strict=True):
        if tuple(answer["labels"]) != labels:
            return _changed(Analyser.ACTIONS, chunk)
        for moment, row in zip(answer["times"], answer["probabilities"], strict=True):
            film_s = _on_film(chunk, moment)
            # The last moment of a chunk may lie past its end: the next chunk's own word goes before it.
            if not times or film_s > times[-1]:
                times.append(film_s)
                rows.append(tuple(float(value) for value in row))
    return ActionProbabilities(model=model, labels=labels, times_s=tuple(times), probabilities=tuple(rows))


def joined_objects(
    model: ModelIdentity, chunks: Sequence[Chunk], answers: Sequence[Mapping[str, Any]]
) -> Detections | Unavailable:
    """Checked answers, one a chunk, as one on the film's clock; labels must not change on the way."""
    labels = tuple(answers[0]["labels"])
    times: list[float] = []
    items: list[Detection] = []
    for chunk, answer in zip(chunks, answers, strict=True):
        if tuple(answer["labels"]) != labels:
            return _changed(Analyser.OBJECTS, chunk)
        new = [t for t in answer["times"] if not times or _on_film(chunk, t) > times[-1]]
        times += [_on_film(chunk, t) for t in new]
        kept = set(new)
        items += [
            Detection(
                time_s=_on_film(chunk, item["time"]),
                label=item["label"],
                confidence=item["confidence"],
                box=_box(item["box"]),
            )
            for item in answer["detections"]
            if item["time"] in kept
        ]
    return Detections(model=model, times_s=tuple(times), items=tuple(items), labels=labels)


def joined_heat(
    model: ModelIdentity, chunks: Sequence[Chunk], answers: Sequence[Mapping[str, Any]]
) -> HeatTrace | Unavailable:
    """Checked answers, one a chunk, as one on the film's clock."""
    samples: list[HeatSample] = []
    for chunk, answer in zip(chunks, answers, strict=True):
        for sample in answer["samples"]:
            film_s = _on_film(chunk, sample["time"])
            if samples and film_s <= samples[-1].time_s:
                continue
            samples.append(
                HeatSample(
                    time_s=film_s,
                    flame=sample["flame"],
                    level=sample["level"],
                    confidence=sample["confidence"],
                    burning_risk=sample.get("burningRisk"),
                )
            )
    return HeatTrace(model=model, samples=tuple(samples))


def _where(piece: Chunk | Still) -> str:
    if isinstance(piece, Chunk):
        return f"{piece.start_s:.0f} to {piece.end_s:.0f} s"
    return f"the picture at {piece.time_s:.0f} s"


def _on_film(chunk: Chunk, moment_s: float) -> float:
    # A millionth of a second is finer than any frame; more digits would only be rounding noise.
    return round(chunk.start_s + moment_s, 6)


def _box(box: Sequence[float]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (min(1.0, max(0.0, float(v))) for v in box)
    return x0, y0, x1, y1


def _changed(analyser: Analyser, chunk: Chunk) -> Unavailable:
    return Unavailable(
        analyser=analyser,
        reason=f"The {analyser.value} model's labels changed at {chunk.start_s:.0f} s of the film.",
        remedy="Evaluate the film again while nobody changes the model.",
    )
