"""`python -m benchmarks.cassetter_transports`: the same calls over each transport, recorded by both, as a table.

cassetter must be installed beside what `tox run -e sdks` installs. Both run by their defaults.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from sdks.row import Row
from sdks.table import ROWS

COMPARED = ("aiohttp", "requests", "urllib3", "grpcio", "xai-sdk", "websockets", "boto3", "httpx", "httpx2")
"""cassetter's own list, and httpx."""
Opened = Callable[[Path, str], AbstractContextManager[Any]]


def _ours(path: Path, mode: str) -> AbstractContextManager[Any]:
    from pytest_llmcassette import use_cassette

    return use_cassette(path, record_mode=mode)


def _theirs(library: str) -> Opened:
    def opened(path: Path, mode: str) -> AbstractContextManager[Any]:
        import cassetter

        # One library: with several, requests is recorded twice.
        return cassetter.use_cassette(path, record_mode=mode, intercept=[library])  # type: ignore[no-any-return]

    return opened


class Found(NamedTuple):
    """What came of one row: was it recorded, live, equal on replay; the file's bytes."""

    recorded: bool
    live: bool
    equal: bool
    size: int
    problem: str = ""


def run(row: Row, opened: Opened, folder: Path) -> Found:
    """Record from the row's server, stop it, replay."""
    path = folder / "it.yaml"
    problem = ""
    replayed: Any = None
    with row.serve() as server:
        url = server.url
        try:
            with opened(path, "once"):
                live = row.ask(url, server.gate.open)
        except BaseException as error:
            return Found(False, False, False, 0, f"{type(error).__name__}: {error}"[:90])
        is_live = not server.gate.waited_in_vain
    was_recorded = path.exists()
    try:
        with opened(path, "none"):
            replayed = row.ask(url, lambda: None)
    except BaseException as error:
        problem = f"{type(error).__name__}: {error}"[:90]
    size = path.stat().st_size if was_recorded else 0
    return Found(was_recorded, is_live, was_recorded and replayed == live, size, problem)


def _cell(found: Found) -> str:
    if not found.recorded:
        return "not recorded" + (f" ({found.problem})" if found.problem else "")
    live = "live" if found.live else "buffered"
    equal = "equal" if found.equal else f"differs{f' ({found.problem})' if found.problem else ''}"
    return f"{live}, {equal}, {found.size} bytes"


def main() -> None:
    """Print the table."""
    print("| call | ours | cassetter |\n|---|---|---|")
    for row in ROWS:
        if row.sdk in COMPARED and not row.missing():
            cells = []
            # Whoever needs urllib3 is recorded there, but for requests, which has an interceptor of its own.
            library = "requests" if row.sdk == "requests" else row.through
            if row.sdk == "aiohttp" and row.what == "WebSocket":
                library = "websockets"
            for opened in (_ours, _theirs(library)):
                with tempfile.TemporaryDirectory() as name:
                    cells.append(_cell(run(row, opened, Path(name))))
            print(f"| {row.name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
