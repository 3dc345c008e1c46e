"""The files that a command's arguments stand for."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pytest_llmcassette.cassette.formats import suffixes


def patterns() -> str:
    """What is looked for in a folder, for a message: `*.yaml, *.yml`."""
    return ", ".join(f"*{suffix}" for suffix in suffixes())


def cassette_files(given: str) -> Iterator[str]:
    """The files that an argument stands for: itself, or every cassette below a folder, sorted by path."""
    if not os.path.isdir(given):
        yield given
        return
    searched = suffixes()
    for folder, folders, names in os.walk(given):
        folders.sort()
        for name in sorted(names):
            if name.lower().endswith(searched):
                yield os.path.join(folder, name)
