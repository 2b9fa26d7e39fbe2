"""Stage 4: what the models see. One task an analyser, side by side; one cached task a piece of film.

An answer is kept by the model's weights and the piece's content, so a flow that was killed asks again only
for the pieces that were in flight.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.context import TaskRunContext

from bharatchef.errors import ConfigurationError
from bharatchef.observed import (
    ActionProbabilities,
    Analyser,
    Chunk,
    Detections,
    HeatTrace,
    ModelIdentity,
    PlatedDish,
    Prepared,
    Still,
    Unavailable,
)
from bharatchef.perception.analysers import analyse_actions, analyse_heat, analyse_objects, analyse_plate
from bharatchef.ports import Models
from bharatchef.records import Dish
from tasks.runtime import ports_here, report_progress

Seen = ActionProbabilities | Detections | HeatTrace | PlatedDish | Unavailable


def _key(_context: TaskRunContext, parameters: dict[str, Any]) -> str:
    model: ModelIdentity = parameters["model"]
    return f"answer-{model.analyser.value}-{model.weights_sha256}-{parameters['piece_sha256']}"


@task(
    name="ask-model",
    task_run_name="ask {model.name} about {piece_sha256:.8}",
    persist_result=True,
    result_serializer="json",
    cache_key_fn=_key,
)
def ask_model(model: ModelIdentity, piece_sha256: str, content_type: str, body: bytes) -> dict[str, Any]:  # noqa: ARG001 - part of the key
    """The model's answer to one piece of film.

    Raises:
        EndpointError: it did not answer; whoever asks decides whether to ask again.
    """
    return dict(ports_here().models.invoke(model.analyser, body, content_type))


class _KeptAnswers:
    """The models port, each answer a Prefect task whose result is kept."""

    def __init__(self, models: Models) -> None:
        self._models = models

    def identify(self, analyser: Analyser) -> ModelIdentity | Unavailable:
        return self._models.identify(analyser)

    def invoke(self, analyser: Analyser, body: bytes, content_type: str) -> Mapping[str, Any]:
        model = self._models.identify(analyser)
        if isinstance(model, Unavailable):
            raise ConfigurationError(model.reason, model.remedy)
        return ask_model(model, hashlib.sha256(body).hexdigest(), content_type, body)


@task(name="analyse", task_run_name="analyse {analyser.value}", cache_policy=NO_CACHE, persist_result=False)
def analyse(analyser: Analyser, prepared: Prepared, dish: Dish) -> Seen:
    """What one analyser saw in a prepared film, or ``Unavailable`` with the reason."""
    ports = ports_here()
    models = _KeptAnswers(ports.models)

    def load(piece: Chunk | Still) -> bytes:
        return ports.objects.get_bytes(piece.key)

    def progress(done: int, total: int) -> None:
        report_progress(analyser.value, done, total)

    match analyser:
        case Analyser.ACTIONS:
            return analyse_actions(prepared.action_chunks, load, models, progress)
        case Analyser.OBJECTS:
            return analyse_objects(prepared.object_chunks, load, models, progress)
        case Analyser.HEAT:
            return analyse_heat(prepared.object_chunks, load, models, progress)
        case Analyser.PLATE:
            duration_s = prepared.media.duration_s
            return analyse_plate(prepared.stills, load, models, dish, duration_s, progress)
