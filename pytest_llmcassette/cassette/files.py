"""Cassette files on disk: the one way in which a file is read, and the one in which it is written."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from pytest_llmcassette.cassette import formats
from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.cassette.replacing import replace
from pytest_llmcassette.errors import CassetteFileError


def found_at(path: Path) -> os.stat_result | None:
    """What the file system says of the file, None when there is none."""
    try:
        return os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def state_of(file: os.stat_result | None) -> tuple[int, int, int] | None:
    """What changes when something else writes the file."""
    return None if file is None else (file.st_size, file.st_mtime_ns, file.st_ino)


def load(path: Path | str, found: os.stat_result | None = None) -> list[Interaction]:
    """The interactions of a file in any of the formats that are read, told apart by content.

    `found` is what the file system said of it just now, where somebody has asked. Raises `CassetteFileError` for
    everything that is none, or broken; the file is never touched.
    """
    try:
        raw = _bytes_of(path, found)
    except OSError as error:
        remedy = "Name a file." if error.errno == errno.EISDIR else "Check the path and its permissions."
        raise CassetteFileError(path, f"it cannot be read: {_words(error)}", remedy=remedy) from None
    return formats.read(path, raw)


def _bytes_of(path: Path | str, found: os.stat_result | None) -> bytes:
    """Without Python's file objects: half of what they cost, and every test reads a file."""
    file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        status = found or os.fstat(file)
        if stat.S_ISCHR(status.st_mode):
            # It may have no end: a link to /dev/full filled the memory.
            raise OSError(errno.ENODEV, "a device, no file")
        size = status.st_size
        # One more than there is, so that no second call has to find the end.
        pieces = [os.read(file, size + 1)]
        while pieces[-1] and len(pieces[0]) != size:
            pieces.append(os.read(file, 1 << 20))
    finally:
        os.close(file)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def save(
    path: Path | str,
    interactions: Sequence[Interaction],
    write: Callable[[Iterable[Interaction]], Iterable[bytes]] | None = None,
    *,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Write go-vcr 2 (or what a format's `write` gives) in one atomic step, making the folders.

    A file that is there keeps its permissions. Raises `CassetteFileError`, and what `check` raises, which is called
    while no other process writes there; the old file is then untouched and nothing is left beside it.
    """
    from pytest_llmcassette.cassette.go_vcr.writer import pieces

    try:
        # Through a link, so that it is the file that is replaced and not the link to it.
        target = os.path.realpath(path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        replace(target, (write or pieces)(interactions), check)
    except OSError as error:
        raise CassetteFileError(path, f"it cannot be written: {_words(error)}", remedy=_remedy(error, path)) from None


def _words(error: OSError) -> str:
    return error.strerror or str(error)


def _remedy(error: OSError, path: Path | str) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "Free some space, then record again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"Make the folder {Path(path).parent} writable, then record again."
    if error.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
        return "A file stands where a folder is needed, or the other way round: move it, or choose another path."
    return "Check the path, then record again."
