"""Below a failure: where the bodies were cut that its replay delivered, and the command that cuts them there again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmcassette.plugin.commands import test_argument
from pytest_llmcassette.replay.cuts import told

if TYPE_CHECKING:
    from pytest_llmcassette.plugin.lifecycle import TestRun


def explain(run: TestRun, made: pytest.TestReport) -> None:
    """Add to a failed report how the answers were cut, for the answers that were delivered last."""
    shown: Any = made.longrepr
    if not hasattr(shown, "addsection"):
        return
    for recorder in run.recorders:
        chunking = recorder.config.chunking
        lines = [] if chunking == "event" else list(told(recorder.cut_deliveries, chunking))
        if lines:
            test = test_argument(run.item.config, run.item.nodeid)
            lines.append(f"To repeat it: pytest {test} --cassette-chunking={chunking}")
            shown.addsection(f"replayed with chunking {chunking}", "\n".join(lines))
