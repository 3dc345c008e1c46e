"""A file is replaced all at once: a reader sees the old one or the new one, also after a kill or a power cut."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows, where nobody can remove a file that another process has open
    fcntl = None  # type: ignore[assignment]

_PREFIX, _SUFFIX = ".llmcassette-", ".tmp"


def replace(target: str, content: Iterable[bytes], check: Callable[[], None]) -> None:
    """Put `content` in place of `target`, the real path of a file, which keeps its permissions.

    `check` is called while no other process replaces a file of this folder, right before it happens: what it raises
    leaves the old file. So does every other exception, and nothing is left beside it. What a process that was killed
    has left in the folder goes.
    """
    folder = os.path.dirname(target)
    try:
        mode = os.stat(target).st_mode & 0o7777
    except FileNotFoundError:
        mode = None
    with _temporary(folder) as (stream, temporary):
        stream.writelines(content)
        stream.flush()
        if mode is not None:
            os.chmod(temporary, mode)
        # Before the rename: else a power cut may leave a file with the new name and nothing in it.
        os.fsync(stream.fileno())
        with _alone_in(folder) as descriptor:
            check()
            _remove_of_the_dead(folder, temporary)
            os.replace(temporary, target)
            if descriptor is not None:
                with suppress(OSError):
                    os.fsync(descriptor)


@contextmanager
def _temporary(folder: str) -> Iterator[tuple[BinaryIO, str]]:
    """A new file in the same folder, since only within one file system is a rename atomic."""
    while True:
        path = os.path.join(folder, f"{_PREFIX}{os.urandom(8).hex()}{_SUFFIX}")
        stream = open(path, "xb")  # noqa: SIM115 - closed below
        # Somebody may have taken it for a dead process's before it was locked, and be about to remove it.
        _lock(stream.fileno(), waits=True)
        if os.path.lexists(path):
            break
        stream.close()
    try:
        with stream:
            yield stream, path
    except BaseException:
        # Also for Ctrl-C: nothing but the old file may stay behind.
        with suppress(FileNotFoundError):
            os.unlink(path)
        raise


@contextmanager
def _alone_in(folder: str) -> Iterator[int | None]:
    """While no other process of ours replaces a file there; gives the folder's descriptor, where there is one."""
    if fcntl is None:  # pragma: no cover
        yield None
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _lock(descriptor, waits=True)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, *, waits: bool) -> bool:
    """Lock what is open, until it is closed or its process ends; False where another process has locked it."""
    if fcntl is None:  # pragma: no cover
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:
        # Some network file systems have no locks. What is left then is the check alone.
        return waits
    return True


def _remove_of_the_dead(folder: str, own: str) -> None:
    """Their locks went with their processes, so that whoever gets one may remove the file."""
    with suppress(OSError):
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if not (name.startswith(_PREFIX) and name.endswith(_SUFFIX)) or path == own:
                continue
            with suppress(OSError), open(path, "rb") as stream:
                if _lock(stream.fileno(), waits=False):
                    os.unlink(path)
