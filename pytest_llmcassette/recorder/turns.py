"""xdist's workers that set up the same fixture at one time: the first records its file, the others wait for it."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from pathlib import Path

_RUN = "PYTEST_XDIST_TESTRUNUID"
"""The environment variable that all workers of one run have in common."""
_POLL_SECONDS = 0.02
_held: dict[Path, str] = {}


def take(path: Path) -> None:
    """Return when this process may record the file, or when it is there; without xdist at once. Blocks.

    Whoever has taken a turn ends it. A process that died has ended it, too.
    """
    run = os.environ.get(_RUN)
    if not run or path in _held:
        return
    name = hashlib.sha256(os.path.realpath(path).encode("utf-8", "surrogateescape")).hexdigest()
    lock = os.path.join(tempfile.gettempdir(), f"llmcassette-{run}-{name}")
    while not path.exists():
        if _has_locked(lock):
            _held[path] = lock
            if path.exists():
                end(path)
            return
        time.sleep(_POLL_SECONDS)


def end(path: Path) -> None:
    """Let the next one look: the recording is written, or failed. Safe to call without a turn."""
    lock = _held.pop(path, None)
    if lock is not None:
        os.unlink(lock)


def _has_locked(lock: str) -> bool:
    try:
        descriptor = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        _remove_of_the_dead(lock)
        return False
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(str(os.getpid()))
    return True


def _remove_of_the_dead(lock: str) -> None:
    if os.name != "posix":
        return
    try:
        owner = Path(lock).read_text("ascii")
        if owner:
            os.kill(int(owner), 0)
    except ProcessLookupError:
        Path(lock).unlink(missing_ok=True)
    except OSError:
        # It is gone by now, or another user's.
        pass
