"""All places of a person's traces as the settings have them; the one list that an erasure goes through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bharatchef.erasing.person import Erasable, Found, Traces
from bharatchef.ports import Ports
from bharatchef.settings import Settings
from tasks.erasing_objects import TaskResultsPlace, places_of_ports
from tasks.erasing_runs import RunsPlace


@dataclass(frozen=True)
class AnalyticsPlace:
    """The rows of the person's evaluations in the analytics."""

    settings: Settings
    place: str = "analytics"

    def find(self, traces: Traces) -> Found:
        if not self._is_there():
            return Found()
        from sqlalchemy import select

        from adapters.analytics.schema import fact_evaluation
        from adapters.analytics.store import telling
        from tasks.analytics import analytics_here

        theirs = select(fact_evaluation.c.evaluation_id).where(fact_evaluation.c.person_key == traces.person)
        with (
            analytics_here(self.settings) as store,
            telling("look for a person"),
            store.engine.connect() as connection,
        ):
            return Found(things=tuple(sorted(connection.scalars(theirs))))

    def erase(self, traces: Traces, things: Sequence[str]) -> None:  # noqa: ARG002 - all of the person's go
        if not self._is_there():
            return
        from tasks.analytics import analytics_here

        with analytics_here(self.settings) as store:
            store.erase(traces.person, datetime.now(UTC))

    def _is_there(self) -> bool:
        # Without an address it is a file of this machine, which erasing nothing from must not make.
        return bool(self.settings.analytics_url) or (self.settings.home / "analytics.sqlite3").exists()


def erase_rest_of(ports: Ports, settings: Settings, traces: Traces) -> None:
    """Erase what else is kept of an evaluation that was deleted: runs, results of tasks, announcements.

    Args:
        traces: of that evaluation alone, found before it was deleted.
    """
    from adapters.local.erasing import places_here

    here = places_here(settings) if settings.ports == "local" else []
    for place in (TaskResultsPlace(ports.objects), RunsPlace(all_of_person=False), *here):
        place.erase(traces, place.find(traces).things)


def all_places(ports: Ports, settings: Settings) -> list[Erasable]:
    """Every place, in the order of an erasure; Prefect is asked at ``PREFECT_API_URL``."""
    from adapters.local.erasing import places_here

    here = places_here(settings) if settings.ports == "local" else []
    return [*places_of_ports(ports), AnalyticsPlace(settings), RunsPlace(), *here]
