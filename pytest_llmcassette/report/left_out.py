"""What this run's recordings do without, although the code under test has met it: said where nobody may miss it."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_llmcassette.report.advice import plural
from pytest_llmcassette.report.records import TestRecord

_MOST_NAMED = 3
_COOKIES = "set-cookie"


def left_out_lines(records: Sequence[TestRecord]) -> list[str]:
    """Retried failures, counted, with the switch that keeps them; headers and cookies that were read, by name."""
    saved = [record for record in records if record.saved]
    lines = []
    attempts = sum(record.left_out for record in saved)
    if attempts:
        lines.append(
            f"{plural(attempts, 'failed attempt')} that an equal request followed: taken for retried and left out of "
            "the recordings. record_errors=True keeps them"
        )
    readers: dict[tuple[str, ...], list[str]] = {}
    for record in saved:
        if record.unkept_headers:
            readers.setdefault(tuple(sorted(record.unkept_headers)), []).append(record.nodeid)
    return lines + [_headers_line(headers, nodeids) for headers, nodeids in sorted(readers.items())]


def _headers_line(headers: tuple[str, ...], nodeids: Sequence[str]) -> str:
    named = ", ".join(nodeids[:_MOST_NAMED]) + (", ..." if len(nodeids) > _MOST_NAMED else "")
    kept = [name for name in headers if name != _COOKIES]
    parts = []
    if kept:
        listed = ", ".join(f'"{name}"' for name in kept)
        parts.append(
            f"response header{'s' if len(kept) > 1 else ''} {', '.join(kept)}, which the recording leaves out: "
            f"keep_response_headers=[{listed}]"
        )
    if _COOKIES in headers:
        parts.append("cookies, which no recording holds")
    return f"{named} read {'; and '.join(parts)}"
