"""Record modes, named as VCR.py and go-vcr name them."""

from __future__ import annotations

from enum import StrEnum


class RecordMode(StrEnum):
    """What may go to the network and what happens to the file."""

    NONE = "none"
    """Replay only; a request without a recording is an error (go-vcr: ReplayOnly)."""
    ONCE = "once"
    """Record only when there is no file yet, else replay (go-vcr: RecordOnce)."""
    NEW_EPISODES = "new_episodes"
    """Replay what is recorded, append the rest (go-vcr: ReplayWithNewEpisodes)."""
    ALL = "all"
    """Everything goes live; an equal recorded request is replaced in place, the rest of the file stays."""
    REWRITE = "rewrite"
    """Everything goes live; afterwards the file is exactly this run (go-vcr: RecordOnly)."""
