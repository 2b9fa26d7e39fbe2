"""The machine's clock, in UTC; knows nothing of who asks."""

from datetime import UTC, datetime


class SystemClock:
    """Wall-clock time. A lease therefore assumes that the machine's clock does not jump by minutes."""

    def now(self) -> datetime:
        return datetime.now(UTC)
