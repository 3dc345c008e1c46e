"""The clock of a client that has met a fault: what it waits for before it tries again is not waited for.

Until a fault is met all sleeps are slept, so that the test comes to it as it always does. From then on, in the threads
that met one, a sleep lets the others run once. It is the attributes `time.sleep`, `asyncio.sleep`, `anyio.sleep` and
`trio.sleep` that are replaced, by which the SDKs, tenacity and most code of users sleep; whoever has imported the
function itself really sleeps. A server that is silent for longer than the run may take is not waited for either, once
nothing is left that could make the client give up before.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, Self

import pytest

from pytest_llmcassette.plugin.bad_days.limit import Limit

_SHORT = 0.001
"""Seconds; more than 0, so that code that waits for another thread in a loop leaves it some time."""
_PATIENCE = 3600.0
"""Seconds that a client may have waited in all, by its own clock, before it is taken for one that never ends."""
_OTHERS = 0.5
"""Seconds in which other tasks may come to what ends a wait for a silent server: another provider's answer, say."""
_SLEEPERS = ("time", "asyncio", "anyio", "trio")
_OURS = "pytest_llmcassette."


class ClientClock:
    """In force around one run, whose end is `limit`."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._threads: set[int] = set()
        self._waited = 0.0
        self._patch = pytest.MonkeyPatch()

    def fault_met(self) -> None:
        """The calling thread has just met a fault."""
        self._threads.add(threading.get_ident())

    def __enter__(self) -> Self:
        for name in _SLEEPERS:
            module: Any = sys.modules.get(name)
            real = getattr(module, "sleep", None)
            if real is not None:
                self._patch.setattr(module, "sleep", self._shortened(real))
        return self

    def __exit__(self, *error: object) -> None:
        self._patch.undo()

    def _shortened(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def sleep(*args: Any, **kwargs: Any) -> Any:
            if threading.get_ident() not in self._threads:
                return real(*self._until_the_end(args), **kwargs)
            if str(sys._getframe(1).f_globals.get("__name__", "")).startswith(_OURS):
                return self._silence(real, *args)
            if args:
                return real(self._instead_of(args[0]), *args[1:], **kwargs)
            # `delay` or `seconds`, as each of them names it.
            return real(**{name: self._instead_of(value) for name, value in kwargs.items()})

        return sleep

    def _instead_of(self, seconds: Any) -> Any:
        if not isinstance(seconds, int | float) or seconds <= _SHORT:
            return seconds
        self._waited += seconds
        if self._waited > _PATIENCE:
            raise self._limit.over()
        return _SHORT

    def _until_the_end(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """No thread that nobody can stop sleeps on for long: Python would wait for it at its end."""
        left = self._limit.left()
        is_longer = bool(args) and isinstance(args[0], int | float) and args[0] > left + 1
        return (left + 1, *args[1:]) if is_longer else args

    def _silence(self, real: Callable[..., Any], seconds: float) -> Any:
        """What the server waits. A stall lasts until the client's timeout, or the end of the run."""
        left = self._limit.left()
        if seconds < left:
            return real(seconds)
        asyncio: Any = sys.modules.get("asyncio")
        loop = None if asyncio is None else asyncio._get_running_loop()
        if loop is not None:
            return self._silence_in(loop, real, left)
        if real.__module__ == "time" and threading.current_thread() is threading.main_thread():
            raise self._limit.over()
        return real(left + 1)

    async def _silence_in(self, loop: Any, sleep: Callable[[float], Any], left: float) -> None:
        await sleep(min(_OTHERS, left))
        timers = getattr(loop, "_scheduled", None)
        if timers is not None and not any(one.when() < loop.time() + left for one in timers if not one.cancelled()):
            raise self._limit.over()
        await sleep(left + 1)
