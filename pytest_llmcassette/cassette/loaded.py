"""Files read once: tests that share a cassette, or replay it again, share what was parsed."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from pytest_llmcassette.cassette.clock import Clock
from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.cassette.model import Interaction

_SETTLED_NS = 2_000_000_000
"""File systems tell two writes apart by clocks as coarse as 2 s (FAT): what was written just now may be written again
without its time telling so."""

_State = tuple[int, int, int, int, int]
"""Size first: what tells a file from any other and from itself at another time."""


class Kept:
    """Parsed files of `room` bytes at most, the ones used last; more would hold memory long after its tests."""

    def __init__(self, room: int) -> None:
        self._largest = room // 2
        self._room = room
        self._files: OrderedDict[_State, tuple[Interaction, ...]] = OrderedDict()
        self._lock = Lock()

    def get(self, state: _State) -> tuple[Interaction, ...] | None:
        """What was parsed of the file in that state; None when it is not here (any more)."""
        with self._lock:
            found = self._files.get(state)
            if found is not None:
                self._files.move_to_end(state)
            return found

    def add(self, state: _State, interactions: tuple[Interaction, ...]) -> None:
        """Keep it, unless the file is very large or was written just now."""
        size, changed = state[0], max(state[1], state[2])
        if size > self._largest or Clock.time_ns() - changed <= _SETTLED_NS:
            return
        with self._lock:
            if state not in self._files:
                self._files[state] = interactions
                self._room -= size
            while self._room < 0:
                self._room += self._files.popitem(last=False)[0][0]


_kept = Kept(8 << 20)


def load_shared(path: Path, found: os.stat_result) -> Sequence[Interaction]:
    """The interactions of a file, parsed once for as long as it does not change; never to be modified.

    `found` is what the file system said of it just now. Raises `CassetteFileError`, as `cassette.files.load` does.
    """
    state = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev)
    interactions = _kept.get(state)
    if interactions is None:
        interactions = tuple(load(path, found))
        _kept.add(state, interactions)
    return interactions
