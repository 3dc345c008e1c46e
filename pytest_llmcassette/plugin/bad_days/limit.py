"""How long a run under a fault may take: a signal ends it, in whatever it hangs."""

from __future__ import annotations

import faulthandler
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

import pytest

from pytest_llmcassette.cassette.clock import Clock
from pytest_llmcassette.errors import CassetteStop

SECONDS = 10.0
"""For a test without a mark `timeout`."""
_AGAIN = 1.0
"""Seconds until the next signal, for code that has swallowed one."""
_GRACE = 5.0
"""Seconds for what is left to do after the time is over: a teardown."""


class RanTooLong(CassetteStop):
    """The time of a run under a fault is over. One of our stops, so that neither SDKs nor task groups keep it."""


def seconds_of(item: pytest.Item, ordinary: float) -> float:
    """The test's mark `timeout`; else ten seconds, or twice what its `ordinary` run took."""
    mark = item.get_closest_marker("timeout")
    given = None if mark is None else mark.args[0] if mark.args else mark.kwargs.get("timeout")
    if isinstance(given, int | float) and given > 0:
        return float(given)
    return max(SECONDS, 2 * ordinary)


def can_stop() -> bool:
    """Whether a signal can end what runs here: where there is SIGALRM, and in the main thread alone."""
    return hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread()


class Limit:
    """The time of one run, over all its phases. `is_over` says whether it was reached."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.is_over = False
        self._end = Clock.perf_counter() + seconds
        self._is_armed = False

    def around(self, phase: Callable[[], object]) -> None:
        """Run setup, call or teardown with the time that is left, and after the end with a little.

        Armed anew for each: a neighbour (pytest-timeout with func_only) may have taken the signal.
        """
        left = self.left()
        if not can_stop():
            # In a process of its own, which ends with it: nobody waits for what it leaves behind.
            faulthandler.dump_traceback_later(max(left, _GRACE), exit=True)
            phase()
            faulthandler.cancel_dump_traceback_later()
            return
        before = signal.signal(signal.SIGALRM, self._stop)
        self._is_armed = True
        timer = signal.setitimer(signal.ITIMER_REAL, left or _GRACE, _AGAIN)
        try:
            phase()
        finally:
            self._is_armed = False
            signal.setitimer(signal.ITIMER_REAL, *timer)
            signal.signal(signal.SIGALRM, signal.SIG_DFL if before is None else before)

    def left(self) -> float:
        """The seconds until its end."""
        left: float = self._end - Clock.perf_counter()
        return max(0.0, left)

    def over(self) -> RanTooLong:
        """Note that the time is over, and what to raise for it."""
        self.is_over = True
        return RanTooLong(f"not at its end within {self.seconds:g} s")

    def _stop(self, number: int, frame: FrameType | None) -> None:
        # Between the end of a phase and the end of the timer nobody would catch it; at a prompt somebody is thinking.
        if self._is_armed and not _is_debugged():
            raise self.over()


def _is_debugged() -> bool:
    return str(getattr(sys.gettrace(), "__module__", "")).startswith(("bdb", "pdb", "pydevd", "_pydev"))
