"""The keys that this process has in its environment: whatever carries one of them carries a secret."""

from __future__ import annotations

import os

from pytest_llmcassette.provider import is_placeholder

_ENDINGS = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD", "_KEY_ID")
_SHORTEST = 16
"""Anything shorter may be a word, or a stand-in that somebody made up."""


def keys_of_environment() -> frozenset[str]:
    """The values of all variables that are named like keys, and long enough to be one."""
    return frozenset(
        value
        for name, value in os.environ.items()
        if name.upper().endswith(_ENDINGS) and len(value) >= _SHORTEST and not is_placeholder(value)
    )
