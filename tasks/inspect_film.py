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
    # A key is made of its film's content, or its version is given: the same of both is the same film.
    said = "\0".join(filter(None, (parameters["film_key"], parameters.get("version"))))
    named = hashlib.sha256(said.encode()).hexdigest()
    return f"inspect-{named}"


@task(name="inspect", persist_result=True, result_serializer="json", cache_key_fn=_key)
def inspect_film(film_key: str, version: str | None = None) -> MediaInfo:  # noqa: ARG001 - by the cache key
    """The facts of the film under ``film_key``; ``MediaError`` where it cannot be used.

    ``version`` tells films apart that lay under one key one after another; it is part of the cache's key.
    """
    with ports_here().objects.as_file(film_key) as path:
        return probe(path, film_limits(load_settings()), stopping)
