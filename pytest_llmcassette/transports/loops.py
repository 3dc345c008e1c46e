"""What has to wait in a running event loop, asyncio's (uvloop too) or trio's."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import FunctionType
from typing import TypeVar

T = TypeVar("T")


async def pause(seconds: float) -> None:
    """Sleep; 0 lets the other tasks run once."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None and asyncio._get_running_loop() is not None:
        # The loop's own clock would never get there where a test has frozen it (freezegun).
        frozen = seconds and isinstance(time.monotonic, FunctionType)
        await (asyncio.to_thread(time.sleep, seconds) if frozen else asyncio.sleep(seconds))
        return
    import trio

    await trio.sleep(seconds)


async def in_thread(function: Callable[[], T]) -> T:
    """What blocks (files, imports), off the loop. It sees this task's context variables; what it sets stays there."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None and asyncio._get_running_loop() is not None:
        done: T = await asyncio.to_thread(function)
        return done
    import trio

    return await trio.to_thread.run_sync(function)
