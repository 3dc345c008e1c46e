"""Jobs of thread pools belong to the test that submitted them. Tasks inherit that by their context, threads do not."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.transports.patching import Patches


def _patch(module: ModuleType) -> None:
    """Patch `ThreadPoolExecutor.submit`, which asyncio's `run_in_executor` calls too."""
    PATCHES.put(module.ThreadPoolExecutor, "submit", _carrying)


def _carrying(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def submit(self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return original(self, in_force.carried(fn), *args, **kwargs)

    return submit


PATCHES = Patches(["concurrent.futures.thread"], _patch)
