"""Jobs of thread pools belong to the test that submitted them. Tasks inherit that by their context, threads do not."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.transports.on_import import after_import

MODULE = "concurrent.futures.thread"

_installed: list[tuple[Any, Callable[..., Any], Callable[..., Any]]] = []


def install() -> None:
    """Patch `ThreadPoolExecutor.submit`, which asyncio's `run_in_executor` calls too, once it is imported."""
    if not _installed or _installed[0][0] is not getattr(sys.modules.get(MODULE), "ThreadPoolExecutor", None):
        after_import(MODULE, _patch)


def _patch(module: str) -> None:
    pool = sys.modules[module].ThreadPoolExecutor
    original = pool.submit

    @wraps(original)
    def submit(self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return original(self, in_force.carried(fn), *args, **kwargs)

    pool.submit = submit
    _installed[:] = [(pool, original, submit)]


def uninstall() -> None:
    """Put the pool's own function back where nobody has patched over ours."""
    while _installed:
        pool, original, submit = _installed.pop()
        if pool.__dict__.get("submit") is submit:
            pool.submit = original
