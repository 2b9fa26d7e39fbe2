"""What is done with the analytics of this installation: loaded, asked, and a person erased from them.

Knows nothing of how figures are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bharatchef.pseudonyms import pseudonym, pseudonym_key
from bharatchef.settings import Settings, load_settings
from tasks.runtime import ports_here

if TYPE_CHECKING:
    from adapters.analytics.loader import Loaded
    from adapters.analytics.store import AnalyticsStore


@contextmanager
def analytics_here(settings: Settings | None = None) -> Iterator[AnalyticsStore]:
    """The analytics that the settings name, for as long as the context lasts.

    Raises:
        ConfigurationError: their address does not fit, or the driver is not installed.
        StoreError: the database is not reached.
    """
    from adapters.analytics.opening import open_store

    store = open_store(settings or load_settings())
    try:
        yield store
    finally:
        store.engine.dispose()


def refresh(afresh: bool = False) -> tuple[Loaded, int]:
    """Load what has changed since the last load, and tell the groups whose month has closed.

    Args:
        afresh: forget what was loaded and read everything again; benchmarks that were told stay.

    Returns:
        What was loaded, and how many groups were told or suppressed.

    Raises:
        StoreError: the records, their results or the database cannot be used; the next refresh goes on.
    """
    from adapters.analytics.benchmarks import tell_closed_groups
    from adapters.analytics.loader import Loader
    from adapters.analytics.opening import open_source

    settings, ports = load_settings(), ports_here()
    with analytics_here(settings) as store:
        source = open_source(settings, ports.objects, ports.clock)
        if afresh:
            store.rewind(source.name, None)
        loader = Loader(store, ports.objects, pseudonym_key(settings), ports.clock.now)
        loaded = loader.load(source)
        return loaded, tell_closed_groups(store, ports.clock.now())


def erase_from_analytics(person: str) -> int:
    """Remove all rows of a person from the analytics, and load none of their earlier evaluations again.

    Args:
        person: the pseudonym.

    Returns:
        How many evaluations were removed; 0 where it was done before.

    Raises:
        StoreError: the database cannot be used; it may be asked again.
    """
    with analytics_here() as store:
        return store.erase(person, ports_here().clock.now())


def person_key(user_id: str) -> str:
    """The pseudonym under which a user is known to the analytics."""
    return pseudonym(user_id, pseudonym_key(load_settings()))
