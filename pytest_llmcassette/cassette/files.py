"""Cassette files on disk: what format a file is in, and the one way in which a file is written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pytest_llmcassette.cassette import go_vcr_lines
from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.errors import CassetteFileError


def load(path: Path | str) -> list[Interaction]:
    """The interactions of a go-vcr 2 or VCR.py 1 file, told apart by content.

    Raises `CassetteFileError` for everything that is neither, or broken; the file is never touched.
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CassetteFileError(
            path, f"it cannot be read: {error.strerror or error}", remedy="Check the path and its permissions."
        ) from None
    interactions = go_vcr_lines.read(raw)
    if interactions is None:
        # Imported here: a suite whose cassettes are all in our own layout never pays for a YAML parser.
        from pytest_llmcassette.cassette.formats import read

        interactions = read(path, raw)
    return interactions


def save(path: Path | str, interactions: Sequence[Interaction]) -> None:
    """Write go-vcr 2 in one atomic step, making the folders; a file that is there keeps its permissions.

    Raises `CassetteFileError`; the old file is then untouched and nothing is left beside it.
    """
    from pytest_llmcassette.cassette.go_vcr import dumps

    path = Path(path)
    content = dumps(interactions)
    # Through a link, so that it is the file that is replaced and not the link to it.
    target = Path(os.path.realpath(path))
    temporary: str | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=target.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(temporary, mode)
        os.replace(temporary, target)
        temporary = None
    except OSError as error:
        raise CassetteFileError(
            path,
            f"the recording cannot be written: {error.strerror or error}",
            remedy="Check the folder's permissions and the disk's free space, then record again.",
        ) from None
    finally:
        if temporary is not None:
            os.unlink(temporary)


def _umask() -> int:
    # There is no way to read it but to set it.
    mask = os.umask(0)
    os.umask(mask)
    return mask
