"""All rows, and the README's table that is made of them."""

from __future__ import annotations

from sdks import rows_aiohttp, rows_frames, rows_httpx, rows_urllib3
from sdks.row import ASYNC, SYNC, Row

ROWS: tuple[Row, ...] = (*rows_httpx.rows(), *rows_aiohttp.rows(), *rows_urllib3.rows(), *rows_frames.rows())


def table() -> str:
    """The README's table in Markdown: SDKs that are called in the same ways share a line."""
    lines: dict[tuple[str, str], list[str]] = {}
    for sdk in dict.fromkeys(row.sdk for row in ROWS):
        lines.setdefault((_cell(sdk, SYNC), _cell(sdk, ASYNC)), []).append(sdk)
    body = [f"| {', '.join(names)} | {sync} | {asynchronous} |" for (sync, asynchronous), names in lines.items()]
    return "\n".join(["| SDK | sync | async |", "|---|---|---|", *body])


def _cell(sdk: str, way: str) -> str:
    found: dict[str, list[str]] = {}
    for row in ROWS:
        if (row.sdk, row.way) == (sdk, way):
            found.setdefault(row.through, []).append(row.what)
    return "; ".join(f"{through}: {', '.join(kinds)}" for through, kinds in found.items()) or "-"


if __name__ == "__main__":
    print(table())
