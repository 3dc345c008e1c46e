"""Below a failure: the response headers and cookies that the test asked for and that no recording holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmcassette.errors import CassetteStop
from pytest_llmcassette.recorder.asked_headers import FRAMING

if TYPE_CHECKING:
    from pytest_llmcassette.plugin.lifecycle import TestRun


def explain(run: TestRun, failure: pytest.ExceptionInfo[BaseException] | None, made: pytest.TestReport) -> None:
    """Add to a failed report what a replay did not have, and the switch that keeps it."""
    asked = sorted({name for recorder in run.recorders for name in recorder.asked_headers.absent})
    if not made.failed or failure is None or isinstance(failure.value, CassetteStop):
        return
    wants_cookies = _asks_for_a_cookie(failure)
    shown: Any = made.longrepr
    if not (asked or wants_cookies) or not hasattr(shown, "addsection"):
        return
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
    if wants_cookies:
        lines.append("This test asked for a cookie. No recording holds cookies: they are credentials.")
    shown.addsection("not in the recording", "\n".join(lines))


def _asks_for_a_cookie(failure: pytest.ExceptionInfo[BaseException]) -> bool:
    """Whether it failed within httpx's cookie jar."""
    if not isinstance(failure.value, KeyError):
        return False
    last = failure.tb
    while last.tb_next is not None:
        last = last.tb_next
    return type(last.tb_frame.f_locals.get("self")).__name__ == "Cookies"
