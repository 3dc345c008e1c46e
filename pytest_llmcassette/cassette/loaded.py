"""Files read once: tests that share a cassette, or replay it again, share what was parsed."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.cassette.model import Interaction

_MOST_BYTES = 8 << 20
"""Of files whose interactions are kept, all together: more would hold memory long after its tests."""
_LARGEST = _MOST_BYTES // 2
_SETTLED_NS = 2_000_000_000
"""File systems tell two writes apart by clocks as coarse as 2 s (FAT): what was written just now may be written again
without its time telling so."""

_State = tuple[int, int, int, int, int]
_kept: OrderedDict[_State, tuple[Interaction, ...]] = OrderedDict()
_lock = Lock()


def load_shared(path: Path) -> Sequence[Interaction]:
    """The interactions of a file, parsed once for as long as it does not change; never to be modified.

    Raises `CassetteFileError`, as `cassette.files.load` does.
    """
    state = _state(path)
    if state is None:
        return load(path)
    with _lock:
        kept = _kept.get(state)
        if kept is not None:
            _kept.move_to_end(state)
            return kept
    interactions = tuple(load(path))
    if state[0] <= _LARGEST and time.time_ns() - max(state[1], state[2]) > _SETTLED_NS:
        with _lock:
            _kept[state] = interactions
            while sum(size for size, *_ in _kept) > _MOST_BYTES:
                _kept.popitem(last=False)
    return interactions


def _state(path: Path) -> _State | None:
    """What tells a file from any other and from itself at another time; None when there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev
