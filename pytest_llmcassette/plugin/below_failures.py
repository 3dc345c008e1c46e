"""Below a failure: what the test asked for and no recording holds, and where the bodies were cut that were replayed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from pytest_llmcassette.errors import CassetteStop
from pytest_llmcassette.plugin.lifecycle import TestRun
from pytest_llmcassette.recorder.asked_headers import FRAMING


def explain_absent(run: TestRun, failure: pytest.ExceptionInfo[BaseException] | None, made: pytest.TestReport) -> None:
    """Add to a failed report what a replay did not have, and the switch that keeps it."""
    if not made.failed or failure is None or isinstance(failure.value, CassetteStop):
        return
    asked = sorted({name for recorder in run.recorders for name in recorder.asked_headers.absent})
    lines = []
    if asked:
        kept = [name for name in asked if name.encode("latin-1") not in FRAMING]
        listed = ", ".join(f'"{name}"' for name in kept)
        lines = [f"This test asked for response headers that its replay did not have: {', '.join(asked)}."]
        if len(kept) < len(asked):
            lines.append("What frames or encodes a body on its way is in no recording, which holds the body itself.")
        if kept:
            lines += [
                "A recording holds those of a list that can be extended. To keep these set",
                f"keep_response_headers=[{listed}], and record again.",
            ]
    if _asks_for_a_cookie(failure):
        lines.append("This test asked for a cookie. No recording holds cookies: they are credentials.")
    add_section(made, "not in the recording", lines)


def add_section(made: pytest.TestReport, title: str, lines: Sequence[str]) -> None:
    """Add lines, if there are any, below a failure."""
    shown: Any = made.longrepr
    if made.failed and lines and hasattr(shown, "addsection"):
        shown.addsection(title, "\n".join(lines))


def _asks_for_a_cookie(failure: pytest.ExceptionInfo[BaseException]) -> bool:
    """Whether it failed within httpx's cookie jar."""
    if not isinstance(failure.value, KeyError):
        return False
    return type(failure.traceback[-1].frame.f_locals.get("self")).__name__ == "Cookies"


def explain_cuts(run: TestRun, made: pytest.TestReport) -> None:
    """Add to a failed report how the answers were cut, for the answers that were delivered last."""
    # Imported here: only where a body was cut elsewhere than behind its events.
    from pytest_llmcassette.plugin.commands import test_argument
    from pytest_llmcassette.replay.cuts import told

    for recorder in run.recorders:
        chunking = recorder.config.chunking
        lines = [] if chunking == "event" else list(told(recorder.cut_deliveries, chunking))
        if lines:
            test = test_argument(run.item.config, run.item.nodeid)
            lines.append(f"To repeat it: pytest {test} --cassette-chunking={chunking}")
            add_section(made, f"replayed with chunking {chunking}", lines)
