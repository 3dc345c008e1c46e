"""What the channels of grpc's core were made for, which most of them do not tell."""

from __future__ import annotations

import weakref
from typing import Any

known: dict[int, tuple[bytes | str, str]] = {}
"""Target, and `https` or `http`, by the id of a core's channel, as long as it is there."""


def note(channel: Any, target: bytes | str, credentials: Any) -> None:
    """Remember a channel that has been made."""
    core = channel._channel
    known[id(core)] = target, "http" if credentials is None else "https"
    # What its calls keep alive, should the channel itself be let go.
    weakref.finalize(getattr(channel, "_call_state", channel), known.pop, id(core), None)
