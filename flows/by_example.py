"""Steps by likeness to the dish's expert films, where no action model answers; the flow's part of it.

Films go the way that every film goes: inspected and prepared once, kept by their content. The plate package
is asked for embeddings of the action proxy's chunks, a cached task a chunk.
"""

from __future__ import annotations

from collections.abc import Sequence

from bharatchef.errors import BharatChefError
from bharatchef.observed import Analyser, ModelIdentity, Prepared, Unavailable
from bharatchef.perception.by_example import Embedded
from bharatchef.perception.examples import SeenByExample, embedded_film, seen_by_example
from bharatchef.ports import Ports
from bharatchef.records import Dish, ExpertPerformance
from tasks.inspect_film import inspect_film
from tasks.perceive import answers_of, ask_model
from tasks.prepare_film import is_whole, prepare_film
from tasks.runtime import Stopped


def steps_by_example(
    ports: Ports,
    model: ModelIdentity | Unavailable,
    examples: Sequence[ExpertPerformance],
    dish: Dish,
    film: Prepared,
) -> SeenByExample | Unavailable | None:
    """What likeness to expert films says was done, or why it says nothing; ``None``: not asked.

    An expert's film that cannot be used is left out while another can.

    Raises:
        Stopped: the process was asked to stop.
    """
    if not examples or isinstance(model, Unavailable):
        return None
    seen = _embedded(model, film)
    if isinstance(seen, Unavailable):
        return seen
    experts: list[tuple[ExpertPerformance, Embedded]] = []
    why = Unavailable(analyser=Analyser.ACTIONS, reason="no expert's film could be used")
    for expert in examples:
        found = _expert_film(ports, model, expert)
        if isinstance(found, Unavailable):
            why = found
        else:
            experts.append((expert, found))
    return seen_by_example(model, seen, experts, dish) if experts else why


def _expert_film(ports: Ports, model: ModelIdentity, expert: ExpertPerformance) -> Embedded | Unavailable:
    assert expert.video_s3_key is not None
    try:
        media = inspect_film.submit(expert.video_s3_key).result()
        prepared = prepare_film.submit(expert.video_s3_key, media).result()
        if not is_whole(ports, prepared):
            again = prepare_film.with_options(refresh_cache=True)
            prepared = again.submit(expert.video_s3_key, media).result()
    except Stopped:
        raise
    except BharatChefError as error:
        return Unavailable(
            analyser=Analyser.ACTIONS,
            reason=f"The film of the dish's expert '{expert.performance_id}' cannot be used: {error.message}",
            remedy=error.remedy,
        )
    return _embedded(model, prepared)


def _embedded(model: ModelIdentity, film: Prepared) -> Embedded | Unavailable:
    chunks = film.action_chunks
    return embedded_film(model, chunks, answers_of(model, [ask_model.submit(model, c) for c in chunks]))
