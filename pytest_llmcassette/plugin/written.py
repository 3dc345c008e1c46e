"""Files that a run writes where its command line says: what cannot be written is told, and no traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def written(what: str, file: Path, write: Callable[[Path], object]) -> str:
    """Have it written; why it could not be, `""` where it was."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file)
    except OSError as problem:
        return f"The {what} could not be written to {file}: {problem.strerror}. Name another file."
    return ""
