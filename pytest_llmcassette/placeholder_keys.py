"""Stand-ins for API keys, so that SDK constructors work on replay, and how to know one again before it is sent."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable

PLACEHOLDER_PREFIX = "llmcassette-placeholder-"
"""Every stand-in starts with this; the variable that it stands for follows, so that a refusal can name it."""

_PLACEHOLDER = re.compile(re.escape(PLACEHOLDER_PREFIX) + r"([A-Za-z0-9_]*)")
_MARK = PLACEHOLDER_PREFIX.encode()

PLACEHOLDER = re.compile(_PLACEHOLDER.pattern.encode())
"""A stand-in in bytes."""


def placeholder_for(variable: str) -> str:
    """The stand-in for the environment variable named, e.g. `llmcassette-placeholder-OPENAI_API_KEY`."""
    return PLACEHOLDER_PREFIX + variable


def is_placeholder(value: str) -> bool:
    """Whether a key or a header's value is, or contains, a stand-in."""
    return PLACEHOLDER_PREFIX in value


def variable_of(value: str) -> str | None:
    """The variable that the stand-in in `value` stands for; None without one, `""` when it names none."""
    found = _PLACEHOLDER.search(value)
    return found[1] if found else None


def find_placeholder(url: str, headers: Iterable[tuple[bytes, bytes]], body: bytes = b"") -> tuple[str, str] | None:
    """Where a request carries a stand-in: `("the header 'Authorization'", "OPENAI_API_KEY")`, or None.

    Looks into every header (Basic credentials decoded), the URL and the body (a token exchange has a secret there).
    """
    variable = variable_of(url)
    if variable is not None:
        return "the URL's query", variable
    for name, value in headers:
        shown = value if _MARK in value else _basic(value)
        variable = variable_of(shown.decode("latin-1"))
        if variable is not None:
            return f"the header {name.decode('latin-1')!r}", variable
    if _MARK in body:
        return "the body", variable_of(body.decode("latin-1")) or ""
    return None


def _basic(value: bytes) -> bytes:
    if value[:6].lower() != b"basic ":
        return b""
    try:
        return base64.b64decode(value[6:])
    except binascii.Error:
        return b""
