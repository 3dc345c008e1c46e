"""anyio's portals outlive a refusal: Starlette's test client keeps one loop, in a thread, for many tests.

A job that ends in what is no `Exception` ends its portal, after it has told whoever waits for it. A refusal is for that
one alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from pytest_llmcassette.errors import CassetteStop
from pytest_llmcassette.transports.on_import import after_import

MODULE = "anyio.from_thread"

_installed: list[tuple[Any, Callable[..., Any], Callable[..., Any]]] = []


def install() -> None:
    """Patch `BlockingPortal` once it is imported."""
    if not _installed or _installed[0][0] is not getattr(sys.modules.get(MODULE), "BlockingPortal", None):
        after_import(MODULE, _patch)


def _patch(module: str) -> None:
    portal: Any = getattr(sys.modules[module], "BlockingPortal", None)
    original = getattr(portal, "_call_func", None)
    if original is None:
        return

    @wraps(original)
    async def _call_func(*args: Any, **kwargs: Any) -> None:
        try:
            await original(*args, **kwargs)
        except CassetteStop:
            pass
        except BaseExceptionGroup as group:
            if group.split(CassetteStop)[1] is not None:
                raise

    portal._call_func = _call_func
    _installed[:] = [(portal, original, _call_func)]


def uninstall() -> None:
    """Put anyio's own function back where nobody has patched over ours."""
    while _installed:
        portal, original, replacement = _installed.pop()
        if portal.__dict__.get("_call_func") is replacement:
            portal._call_func = original
