"""Moments as every record store keeps them; knows no store."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(value: datetime) -> str:
    """A moment as text of one width in UTC, so that texts sort as the moments do."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")
