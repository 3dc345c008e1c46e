"""Times as answers write them."""

from __future__ import annotations

from datetime import UTC, datetime


def seconds_of(value: object) -> float | None:
    """Seconds since 1970 of an RFC 3339 text (`2024-09-16T02:41:57.128675Z`); a time without zone counts as UTC.

    None when the value is no such text.
    """
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
