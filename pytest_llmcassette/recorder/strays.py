"""Threads that a cassette's owner left running: what they send belongs to nobody, and is refused."""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Collection, Sequence
from typing import NoReturn

from pytest_llmcassette.errors import RequestRefused

known: weakref.WeakKeyDictionary[threading.Thread, tuple[str, bool]] = weakref.WeakKeyDictionary()
"""The owner of each, and whether it must not send anything ever after."""

told: dict[str, None] = {}
"""What was refused and nobody may have seen, each once: a task's exception is often never looked at."""

SERVICE_MODULES = frozenset(
    {
        "concurrent.futures.thread",
        "multiprocessing.pool",
        "anyio._backends._asyncio",
        "trio._core._thread_cache",
        "trio._core._run",
        "asyncio.base_events",
        "asyncio.runners",
        "uvloop",
        "grpc._server",
    }
)
"""Threads with a frame of one of these serve one test after another: worker pools, event loops and servers."""


def refuse(*, among_tests: bool) -> None:
    """Raise `RequestRefused` when the calling thread is one of them; `among_tests`: a cassette is in force now."""
    owner, for_good = known.get(threading.current_thread(), ("", False))
    if owner and (among_tests or for_good):
        what = f"left the thread {threading.current_thread().name!r} running"
        refuse_one(owner, what, "Join the thread, or stop it,", among_tests)


def refuse_one(owner: str, what: str, remedy: str, among_tests: bool) -> NoReturn:
    """Raise `RequestRefused` for what `owner` left running. Its test has been reported: the run's end says it."""
    when = "while another test's cassette is in force" if among_tests else "although it only replays"
    said = f"{owner} {what}, and it has just sent a request {when}"
    told.setdefault(f"{owner} {what}: the request that it sent after that test was refused", None)
    raise RequestRefused(f"{said}.\nThe request was not sent. {remedy} before its test ends.")


def note(
    alive: Sequence[threading.Thread], before: Collection[threading.Thread], owner: str, *, for_good: bool
) -> None:
    """Remember those of the threads `alive` that were not there `before`, apart from what serves many tests."""
    new = [thread for thread in alive if thread not in before and thread is not threading.current_thread()]
    if not new:
        return
    frames = sys._current_frames()
    for thread in new:
        frame = frames.get(thread.ident or 0)
        while frame is not None and frame.f_globals.get("__name__") not in SERVICE_MODULES:
            frame = frame.f_back
        if frame is None:
            known[thread] = owner, for_good
