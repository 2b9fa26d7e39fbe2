"""Stage 4: what the models see: one cached task a piece of film, called by the flow itself.

An answer is kept by the model's name, version and weights and by the piece's content, so that a flow that
was killed asks again only for what was in flight. **A task called from within another task keeps its result
only when the outer one ends**: such a flow asked for all pieces again, so the flow submits these itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from prefect import task
from prefect.context import TaskRunContext
from prefect.futures import PrefectFuture

from bharatchef.errors import EndpointError
from bharatchef.observed import Analyser, Chunk, ModelIdentity
from bharatchef.perception.analysers import Piece, answer_of
from bharatchef.retraining.rescoring import kept_answer
from tasks.runtime import Stopped, check_stop, ports_here, report_progress


def _key(_context: TaskRunContext, parameters: dict[str, Any]) -> str:
    model: ModelIdentity = parameters["model"]
    piece: Piece = parameters["piece"]
    content = piece.sha256 if isinstance(piece, Chunk) else hashlib.sha256(piece.key.encode()).hexdigest()
    named = hashlib.sha256(f"{model.name} {model.version} {model.weights_sha256}".encode()).hexdigest()
    return f"answer-{model.analyser.value}-{named[:32]}-{content}"


@task(
    name="ask-model",
    task_run_name="ask {model.name} about {piece.key}",
    persist_result=True,
    result_serializer="json",
    cache_key_fn=_key,
)
def ask_model(model: ModelIdentity, piece: Piece) -> dict[str, Any]:
    """The model's checked answer to one piece of film; an answer that breaks the contract is not kept.

    One that was asked for in bulk is taken as it was checked then.

    Raises:
        EndpointError: it did not answer within the tries, or not as its contract asks.
    """
    check_stop()
    ports = ports_here()
    if isinstance(piece, Chunk) and (kept := kept_answer(ports.objects, model, piece)) is not None:
        return kept
    return dict(answer_of(model.analyser, piece, ports.objects.get_bytes(piece.key), ports.models))


def in_turn(pieces: Mapping[Analyser, Sequence[Piece]]) -> Iterator[tuple[Analyser, Piece]]:
    """Each analyser's pieces in their order: the first of each, then the second of each, and so on.

    A package answers one piece at a time, on one core for part of it. Asked in turn, each uses what the
    others leave, up to the end; asked one after another, the last has the machine for itself.
    """
    for row in zip_longest(*pieces.values()):
        yield from ((a, piece) for a, piece in zip(pieces, row, strict=True) if piece is not None)


def answers_of(
    model: ModelIdentity, asked: Sequence[PrefectFuture[Any]]
) -> list[dict[str, Any] | EndpointError]:
    """What came of each piece, in order: an answer or an error; every future is resolved.

    Raises:
        Stopped: the process was asked to stop.
    """
    answers: list[dict[str, Any] | EndpointError] = []
    for number, future in enumerate(asked, start=1):
        future.wait()
        found = future.state.result(raise_on_failure=False)
        if isinstance(found, Stopped):
            raise found
        if isinstance(found, BaseException) and not isinstance(found, EndpointError):
            found = EndpointError(
                f"the call ended in an error ({type(found).__name__}: {found}).",
                "Evaluate the film again; Prefect's log of this run holds the whole error.",
            )
        answers.append(found)
        report_progress(model.analyser.value, number, len(asked))
    return answers
