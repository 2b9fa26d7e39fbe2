"""Asks the models piece by piece as the flow does, for tests of what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from samples import sample_dish

from bharatchef.errors import EndpointError
from bharatchef.observed import Analyser, Chunk, Still, Unavailable
from bharatchef.perception.analysers import Piece, Retry, Seen, answer_of, seen_by
from bharatchef.perception.plate import stills_of_the_end
from bharatchef.ports import Models
from bharatchef.records import Dish


def look(
    analyser: Analyser,
    pieces: Sequence[Piece],
    load: Callable[[Piece], bytes],
    models: Models,
    dish: Dish,
    retry: Retry | None = None,
) -> Seen:
    """What one analyser saw in these pieces of a film."""
    model = models.identify(analyser)
    if isinstance(model, Unavailable):
        return model
    answers = []
    for piece in pieces:
        try:
            answers.append(answer_of(analyser, piece, load(piece), models, retry))
        except EndpointError as error:
            answers.append(error)
            break
    answers += [EndpointError("it was not asked any more")] * (len(pieces) - len(answers))
    return seen_by(model, pieces, answers, dish)


def analyse_actions(chunks: Sequence[Chunk], load, models, retry=None) -> Seen:
    return look(Analyser.ACTIONS, chunks, load, models, sample_dish(), retry)


def analyse_objects(chunks: Sequence[Chunk], load, models, retry=None) -> Seen:
    return look(Analyser.OBJECTS, chunks, load, models, sample_dish(), retry)


def analyse_heat(chunks: Sequence[Chunk], load, models, retry=None) -> Seen:
    return look(Analyser.HEAT, chunks, load, models, sample_dish(), retry)


def analyse_plate(stills: Sequence[Still], load, models, dish: Dish, duration_s: float, retry=None) -> Seen:
    return look(Analyser.PLATE, stills_of_the_end(stills, duration_s), load, models, dish, retry)
