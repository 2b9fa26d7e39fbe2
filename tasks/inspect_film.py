"""Stage 2: facts of an uploaded film, or a clear error; reads the film, writes nothing."""

from __future__ import annotations

import hashlib
from typing import Any

from prefect import task
from prefect.context import TaskRunContext

from bharatchef.media.probe import probe
from bharatchef.observed import MediaInfo
from bharatchef.settings import load_settings
from tasks.runtime import film_limits, ports_here, stopping


def _key(_context: TaskRunContext, parameters: dict[str, Any]) -> str:
    # Keys of films are made of their content or carry its version: the same key is the same film.
    named = hashlib.sha256(parameters["film_key"].encode()).hexdigest()
    return f"inspect-{named}"


@task(name="inspect", persist_result=True, result_serializer="json", cache_key_fn=_key)
def inspect_film(film_key: str) -> MediaInfo:
    """The facts of the film under ``film_key``; ``MediaError`` where it cannot be used."""
    with ports_here().objects.as_file(film_key) as path:
        return probe(path, film_limits(load_settings()), stopping)
