"""Threads, and jobs of thread pools, belong to the test that started them. Tasks inherit that by their context.

The same for an `asyncio.Runner` that serves several tests: it keeps the context of the first.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.strays import SERVICE_MODULES
from pytest_llmcassette.transports.patching import patches_of


def _carrying(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def submit(self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return original(self, in_force.carried(fn), *args, **kwargs)

    return submit


def _starting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def start(self: Any) -> None:
        own = self.run
        # Those of pools and loops serve one test after another.
        code = getattr(self, "_target", None) or own
        carried = own if getattr(code, "__module__", "") in SERVICE_MODULES else in_force.carried(own, is_thread=True)
        if carried is not own:

            def run() -> None:
                del self.run
                carried()

            self.run = run
        original(self)

    return start


def _joining(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def run(self: Any, coro: Any, *, context: Any = None) -> Any:
        __tracebackhide__ = True
        import asyncio

        # In a running loop it may not be called, as it says itself.
        if context is None and asyncio._get_running_loop() is None:
            self.get_loop()
            in_force.join_caller(self._context)
        return original(self, coro, context=context)

    return run


_SUBMITTING = ("apply_async", "_map_async", "imap", "imap_unordered")
PATCHES = patches_of(
    {
        # asyncio's `run_in_executor` calls it too.
        "concurrent.futures.thread": {"ThreadPoolExecutor.submit": _carrying},
        "multiprocessing.pool": {f"ThreadPool.{name}": _carrying for name in _SUBMITTING},
        "asyncio.runners": {"Runner.run": _joining},
        "threading": {"Thread.start": _starting},
    }
)
"""One that is gone carries nothing."""
