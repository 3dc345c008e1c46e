"""anyio's portals outlive a refusal: Starlette's test client keeps one loop, in a thread, for many tests.

A job that ends in what is no `Exception` ends its portal, after it has told whoever waits for it. A refusal is for that
one alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from pytest_llmcassette.errors import CassetteStop
from pytest_llmcassette.transports.patching import patches_of


def _outliving(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def _call_func(*args: Any, **kwargs: Any) -> None:
        try:
            await original(*args, **kwargs)
        except CassetteStop:
            pass
        except BaseExceptionGroup as group:
            if group.split(CassetteStop)[1] is not None:
                raise

    return _call_func


PATCHES = patches_of({"anyio.from_thread": {"BlockingPortal._call_func": _outliving}})
"""Without it a portal ends as anyio lets it end: nothing goes unseen where a newer one has no such method."""
