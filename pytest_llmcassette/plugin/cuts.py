"""Below a failure: where the bodies were cut that its replay delivered, and the command that cuts them there again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import accumulate, takewhile
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmcassette.plugin.commands import test_argument
from pytest_llmcassette.replay.chunking import sizes_of
from pytest_llmcassette.replay.plan import Delivery

if TYPE_CHECKING:
    from pytest_llmcassette.plugin.lifecycle import TestRun
    from pytest_llmcassette.recorder.recorder import Recorder

_FIRST_CUTS = 6
_LAST_ANSWERS = 3
_AROUND = 24
"""Bytes that are shown before a cut, and behind it."""


def explain(run: TestRun, made: pytest.TestReport) -> None:
    """Add to a failed report how the answers were cut, for the answers that were delivered last."""
    shown: Any = made.longrepr
    if not hasattr(shown, "addsection"):
        return
    for recorder in run.recorders:
        chunking = recorder.config.chunking
        if chunking != "event":
            lines = list(_told(recorder))
            test = test_argument(run.item.config, run.item.nodeid)
            lines.append(f"To repeat it: pytest {test} --cassette-chunking={chunking}")
            shown.addsection(f"replayed with chunking {chunking}", "\n".join(lines))


def _told(recorder: Recorder) -> Iterator[str]:
    deliveries: list[Delivery] = recorder.cut_deliveries
    if not deliveries:
        yield "Nothing was cut otherwise than behind events: no answer, or none with recorded chunks (record_timing)."
    if len(deliveries) > _LAST_ANSWERS:
        yield f"The last {_LAST_ANSWERS} of {len(deliveries)} answers:"
    for delivery in deliveries[-_LAST_ANSWERS:]:
        request = delivery.interaction.request
        yield f"{request.method} {request.url.partition('?')[0]}: {_cuts(delivery, recorder.config.chunking)}"


def _cuts(delivery: Delivery, chunking: str) -> str:
    """How far the body was delivered, and where it was cut until then."""
    handed_out, body = delivery.handed_out or 0, delivery.interaction.response.body
    offsets = accumulate(sizes_of(delivery.interaction, chunking) or ())
    end = min(handed_out, len(body) - 1)
    first, last = _ends(takewhile(lambda offset: offset <= end, offsets))
    extent = f"{handed_out} of {len(body)} bytes" if handed_out < len(body) else f"all {handed_out} bytes"
    if not first:
        return f"{extent} handed out, not cut."
    named = ", ".join(map(str, first)) + (f", ..., {last}" if last > first[-1] else "")
    before, behind = body[max(0, last - _AROUND) : last], body[last : last + _AROUND]
    return f"{extent} handed out, cut at {named}.\n  The last cut, at {last}: {before!r} | {behind!r}"


def _ends(offsets: Iterator[int]) -> tuple[list[int], int]:
    """The first few, and the last of them all."""
    first = [offset for offset, _ in zip(offsets, range(_FIRST_CUTS), strict=False)]
    rest = deque(offsets, maxlen=1)
    return first, rest[0] if rest else (first or [0])[-1]
