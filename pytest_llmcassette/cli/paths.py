"""The files that a command's arguments stand for."""

from __future__ import annotations

import os
from collections.abc import Iterator

_SUFFIXES = (".yaml", ".yml")


def cassette_files(given: str) -> Iterator[str]:
    """The files that an argument stands for: itself, or every *.yaml and *.yml below a folder, sorted by path."""
    if not os.path.isdir(given):
        yield given
        return
    for folder, folders, names in os.walk(given):
        folders.sort()
        for name in sorted(names):
            if name.lower().endswith(_SUFFIXES):
                yield os.path.join(folder, name)
