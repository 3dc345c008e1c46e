"""Go's `time.Duration` as text: `1.723231839s`, `412.5ms`, `12.5µs`, `999ns`, `1m0.5s`, `0s`."""

from __future__ import annotations

import re

_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_PART = re.compile(r"(?=\.?[0-9])([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)")


def format_duration(nanoseconds: int) -> str:
    """The text that Go's `Duration.String` gives."""
    if not nanoseconds:
        return "0s"
    sign, left = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    if left < 1_000:
        return f"{sign}{left}ns"
    if left < 1_000_000:
        return f"{sign}{_decimal(left, 1_000)}µs"
    if left < 10**9:
        return f"{sign}{_decimal(left, 1_000_000)}ms"
    minutes, rest = divmod(left, 60 * 10**9)
    seconds = f"{_decimal(rest, 10**9)}s"
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{sign}{hours}h{minutes}m{seconds}"
    return f"{sign}{minutes}m{seconds}" if minutes else f"{sign}{seconds}"


def _decimal(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    if not rest:
        return str(whole)
    fraction = f"{rest:0{len(str(unit)) - 1}d}".rstrip("0")
    return f"{whole}.{fraction}"


def parse_duration(text: str) -> int:
    """Nanoseconds of a Go duration; raises ValueError for any other text, and for more than Go's 64 bits hold."""
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0
    total = place = 0
    while place < len(rest):
        found = _PART.match(rest, place)
        if not found:
            raise ValueError(f"{text!r} is no duration")
        whole, fraction, unit = found.groups()
        total += int(whole or 0) * _UNITS[unit]
        if fraction:
            total += int(fraction[:18]) * _UNITS[unit] // 10 ** len(fraction[:18])
        place = found.end()
    if not rest:
        raise ValueError("an empty duration")
    nanoseconds = -total if text[0] == "-" else total
    if not -(1 << 63) <= nanoseconds < 1 << 63:
        raise ValueError(f"{text!r} is too long a time")
    return nanoseconds
