"""The runs of Prefect that were about a person: parameters, states, artifacts and logs, through its API.

Prefect deletes the logs of a deleted run by itself, a little later; events name runs by pseudonym and end by
Prefect's own rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from bharatchef.erasing.person import Found, Traces

_PAGE = 200
_EVALUATES = "evaluate-video"
_DEFAULT_USER = "me"


@dataclass(frozen=True)
class RunsPlace:
    """Runs on the server of ``PREFECT_API_URL``.

    ``all_of_person``: also those that are about none of the evaluations and films, but name the person.
    """

    place: str = "runs of Prefect, with their artifacts"
    all_of_person: bool = True

    def find(self, traces: Traces) -> Found:
        from prefect.client.orchestration import get_client

        with get_client(sync_client=True) as client:
            evaluating = _evaluating(client)
            found = [
                run["id"]
                for run in _runs(client)
                if _is_about_work(run, traces)
                or (self.all_of_person and _is_about_person(run, evaluating, traces))
            ]
        return Found(things=tuple(sorted(found)))

    def erase(self, traces: Traces, things: Sequence[str]) -> None:  # noqa: ARG002 - what was found
        from prefect.client.orchestration import get_client
        from prefect.exceptions import ObjectNotFound

        with get_client(sync_client=True) as client:
            for run_id in things:
                for artifact_id in _artifacts(client, run_id):
                    try:
                        client.delete_artifact(UUID(artifact_id))
                    except ObjectNotFound:
                        continue
                try:
                    client.delete_flow_run(UUID(run_id))
                except ObjectNotFound:
                    continue


def _evaluating(client: Any) -> str:
    """The id of the flow that evaluates; empty where it never ran."""
    named = {"flows": {"name": {"any_": [_EVALUATES]}}, "sort": "NAME_ASC"}
    return next((flow["id"] for flow in _pages(client, "/flows/filter", named)), "")


def _runs(client: Any) -> Iterator[dict[str, Any]]:
    yield from _pages(client, "/flow_runs/filter", {"sort": "ID_DESC"})


def _pages(client: Any, path: str, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    # Asked plainly: what the client sends of itself holds nulls that the server refuses.
    offset = 0
    while True:
        page = client.request("POST", path, json={**asked, "limit": _PAGE, "offset": offset}).json()
        yield from page
        if len(page) < _PAGE:
            return
        offset += _PAGE


def _is_about_work(run: Mapping[str, Any], traces: Traces) -> bool:
    own = (*traces.evaluations, *traces.keys)
    return any(mark in text for text in _texts(run["parameters"]) for mark in own)


def _is_about_person(run: Mapping[str, Any], evaluating: str, traces: Traces) -> bool:
    request = (run["parameters"] or {}).get("request")
    asked = request if isinstance(request, Mapping) else {}
    if run["flow_id"] == evaluating and asked.get("user_id", _DEFAULT_USER) == traces.user_id:
        return True
    return any(traces.named_in(text) for text in (run["name"] or "", *_texts(run["parameters"])))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from _texts(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _texts(entry)


def _artifacts(client: Any, run_id: str) -> list[str]:
    of_run = {"artifacts": {"flow_run_id": {"any_": [run_id]}}, "sort": "ID_DESC"}
    return [artifact["id"] for artifact in _pages(client, "/artifacts/filter", of_run)]
