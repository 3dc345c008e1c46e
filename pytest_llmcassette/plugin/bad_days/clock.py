"""The clock of a client that has met a fault: what it waits for before it tries again is not waited for.

Until a fault is met all sleeps are slept, so that the test comes to it as it always does. From then on, in the threads
that met one, a sleep lets the others run once. It is the attributes `time.sleep`, `asyncio.sleep`, `anyio.sleep` and
`trio.sleep` that are replaced, by which the SDKs, tenacity and most code of users sleep; whoever has imported the
function itself really sleeps.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, Self

_SHORT = 0.001
"""Seconds; more than 0, so that code that waits for another thread in a loop leaves it some time."""
_PATIENCE = 3600.0
"""Seconds that a client may have waited in all, by its own clock, before it is taken for one that never ends."""
_SLEEPERS = ("time", "asyncio", "anyio", "trio")


class ClientClock:
    """In force around one run. `too_long` makes the exception for a client that waits for ever."""

    def __init__(self, too_long: Callable[[], BaseException]) -> None:
        self._too_long = too_long
        self._threads: set[int] = set()
        self._waited = 0.0
        self._real: list[tuple[Any, Any]] = []

    def fault_met(self) -> None:
        """The calling thread has just met a fault."""
        self._threads.add(threading.get_ident())

    def __enter__(self) -> Self:
        for name in _SLEEPERS:
            module: Any = sys.modules.get(name)
            real = getattr(module, "sleep", None)
            if real is not None:
                self._real.append((module, real))
                module.sleep = self._shortened(real)
        return self

    def __exit__(self, *error: object) -> None:
        for module, real in self._real:
            module.sleep = real
        self._real.clear()

    def _shortened(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def sleep(*args: Any, **kwargs: Any) -> Any:
            caller = sys._getframe(1).f_globals
            if args:
                args = (self._instead_of(args[0], caller), *args[1:])
            else:
                # `delay` or `seconds`, as each of them names it.
                kwargs = {name: self._instead_of(value, caller) for name, value in kwargs.items()}
            return real(*args, **kwargs)

        return sleep

    def _instead_of(self, seconds: Any, caller: dict[str, Any]) -> Any:
        if threading.get_ident() not in self._threads or not isinstance(seconds, int | float) or seconds <= _SHORT:
            return seconds
        # Our own waits are the server's, not the client's: a stall is to last until the client's timeout.
        if str(caller.get("__name__", "")).startswith("pytest_llmcassette."):
            return seconds
        self._waited += seconds
        if self._waited > _PATIENCE:
            raise self._too_long()
        return _SHORT
