"""The analytics of an installation: their store, and the history that it is loaded from."""

from __future__ import annotations

from adapters.analytics.engine import analytics_url, migrate, open_engine
from adapters.analytics.store import AnalyticsStore, telling
from bharatchef.analytics.changes import ChangeSource
from bharatchef.ports import Clock, ObjectStore
from bharatchef.settings import Settings


def open_store(settings: Settings) -> AnalyticsStore:
    """The store, at this release's version.

    Raises:
        ConfigurationError: its address does not fit, or its driver is not installed.
        StoreError: it is not reached.
    """
    url = analytics_url(settings)
    if settings.analytics_login:
        from adapters.aws.secrets import login

        # Read at each opening: RDS changes the password by itself.
        url = url.set(**login(settings, settings.analytics_login))
    if url.get_backend_name() == "sqlite" and url.database:
        settings.home.mkdir(parents=True, exist_ok=True)
    engine = open_engine(url)
    with telling("open what is kept"):
        migrate(engine)
    return AnalyticsStore(engine)


def open_source(settings: Settings, objects: ObjectStore, clock: Clock) -> ChangeSource:
    """The history of evaluations on the side that ``settings.ports`` names."""
    if settings.ports == "aws":
        from adapters.aws.changes import DynamoChanges

        return DynamoChanges(settings, objects, clock)
    from adapters.local.changes import SqliteChanges
    from adapters.local.evaluations import SqliteEvaluations

    return SqliteChanges(SqliteEvaluations(settings.database, clock))
