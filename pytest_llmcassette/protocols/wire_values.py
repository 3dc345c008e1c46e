"""Reading values of decoded JSON without trusting them: each function gives the value in its type, or None or empty."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any


def as_int(value: object) -> int | None:
    """A count: an integer, an integral float, or an integer-like string (`"35"`, as Gemini sends it); never a bool."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value == int(value) else None
    if isinstance(value, str):
        try:
            # Bounded: int() refuses texts of more than 4,300 digits with a ValueError of its own.
            return int(value)
        except ValueError:
            return None
    return None


def as_float(value: object) -> float | None:
    """A number (a cost, a time), also as a numeric string; never a bool, never NaN or infinite."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_time(value: object) -> float | None:
    """Seconds since 1970, as a number that every calendar can hold (years 1970 to 9999), else None."""
    seconds = as_float(value)
    return seconds if seconds is not None and 0 <= seconds < 253_402_300_800 else None


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


def as_str(value: object) -> str | None:
    """A text as it is (`""` too), else None."""
    return value if isinstance(value, str) else None


def as_dict(value: object) -> dict[str, Any]:
    """An object as it is, else a new empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """An array as it is, else a new empty one."""
    return value if isinstance(value, list) else []


def dict_list(value: object) -> list[dict[str, Any]]:
    """The objects of an array, in order; everything else in it is left out."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def as_json_text(value: object) -> str:
    """A value as JSON text: a text stays as it is, None is `""`, anything else is written compactly.

    For arguments: most wires send JSON text, some an object.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def first_int(*values: object) -> int | None:
    """The first of the values that is a count; None when none is."""
    return next((number for value in values if (number := as_int(value)) is not None), None)


def index_of(entry: dict[str, Any], position: int) -> int:
    """The number that an entry of a list says it has, else its position there."""
    index = as_int(entry.get("index"))
    return position if index is None else index


def counts_in(value: object) -> dict[str, int]:
    """The counts of an object by name; everything else in it is left out."""
    return {name: count for name, entry in as_dict(value).items() if (count := as_int(entry)) is not None}


def counts_anything(usage: dict[str, Any]) -> bool:
    """Whether any count of a usage object is more than 0: a last one of zeros replaces no real one."""
    return any((as_int(entry) or 0) > 0 for entry in usage.values())


def sum_known(*values: int | None) -> int | None:
    """The sum of the values that are known; None when none is (absent is not 0)."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def first_str(*values: object) -> str | None:
    """The first of the values that is a text with something in it; None when none is."""
    return next((value for value in values if isinstance(value, str) and value), None)
