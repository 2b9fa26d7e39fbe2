"""Stage 3: one decode of a film into two proxies and stills, kept in the object store by the film's hash."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.context import TaskRunContext

from bharatchef.media.prepare import prepare
from bharatchef.media.recipe import proxy_recipe
from bharatchef.observed import MediaInfo, Prepared
from bharatchef.ports import Ports
from bharatchef.settings import load_settings
from tasks.runtime import film_limits, ports_here, report_progress, stopping


def media_prefix(sha256: str) -> str:
    """Where what was made of a film lies."""
    return f"media/{sha256}/"


def _key(_context: TaskRunContext, parameters: dict[str, Any]) -> str:
    return f"prepare-{parameters['media'].sha256}-{proxy_recipe().sha256[:16]}"


@task(name="prepare", persist_result=True, result_serializer="json", cache_key_fn=_key)
def prepare_film(film_key: str, media: MediaInfo) -> Prepared:
    """The proxies and stills of the film under ``film_key``, whose facts are ``media``."""
    objects = ports_here().objects
    with objects.as_file(film_key) as path:
        return prepare(
            path,
            media,
            objects,
            prefix=media_prefix(media.sha256),
            limits=film_limits(load_settings()),
            progress=lambda done, total: report_progress("prepare", done, total),
            cancelled=stopping,
        )


def is_whole(ports: Ports, prepared: Prepared) -> bool:
    """Whether all that was made of a film is still there; a person may have deleted an evaluation of it."""
    made = (*prepared.action_chunks, *prepared.object_chunks, *prepared.stills)
    return all(ports.objects.exists(item.key) for item in made)
