"""Clocks that tests do not freeze: durations and timings of a recording are real, whatever the test says the time is.

freezegun replaces the functions of `time` in every module that has them as attributes, so they are kept in a class;
time-machine changes `time.time_ns` itself, and has a way out.
"""

from __future__ import annotations

import sys
import time
from typing import Any


def _real(name: str) -> Any:
    # This module may be imported when the clock is frozen already.
    freezegun = sys.modules.get("freezegun.api")
    return staticmethod(getattr(freezegun, f"real_{name}", None) or getattr(time, name))


class Clock:
    """The functions of `time`, as they were."""

    perf_counter = _real("perf_counter")
    """Seconds, for durations."""
    perf_counter_ns = _real("perf_counter_ns")
    """Nanoseconds, for durations."""
    _time_ns = _real("time_ns")

    @classmethod
    def time_ns(cls) -> int:
        """Nanoseconds since 1970."""
        hatch = getattr(sys.modules.get("time_machine"), "escape_hatch", None)
        now: int = hatch.time.time_ns() if hatch is not None and hatch.is_travelling() else cls._time_ns()
        return now
