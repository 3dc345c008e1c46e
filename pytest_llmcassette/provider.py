"""One row of a provider suite's table, and the stand-ins for keys that are not set.

With a stand-in SDK constructors work on replay; before a live request is sent it is known again and refused.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

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


@dataclass(eq=False)
class Provider:
    """A provider that a suite runs against; what `pytest_llmcassette_providers` returns and `llm_provider` is.

    `name` is part of test ids, cassette paths and snapshot files. `api_key_env` is the environment variable that holds
    the key, None for a provider that needs none. `protocol` and `extra` are the suite's own business. May be
    subclassed. Two providers are equal only if they are the same object.
    """

    name: str
    base_url: str
    model: str
    api_key_env: str | None
    protocol: str | None = None
    capabilities: Collection[str] = frozenset()
    """What `llm_requires` can ask for; given as any collection of words, kept as a frozenset."""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for label in ("name", "base_url", "model"):
            value = getattr(self, label)
            if not isinstance(value, str) or (label == "name" and not value.strip()):
                raise TypeError(f"Provider({self.name!r}): {label} takes a text, not {value!r}.")
        if isinstance(self.capabilities, str):
            raise TypeError(
                f"Provider({self.name!r}): capabilities takes several words, not {self.capabilities!r}. "
                f"Write {{{self.capabilities!r}}}."
            )
        self.capabilities = frozenset(self.capabilities)

    @property
    def has_key(self) -> bool:
        """Whether a real key is set, or none is needed. An empty variable, as CI gives to forks, is none."""
        if self.api_key_env is None:
            return True
        value = os.environ.get(self.api_key_env, "")
        return bool(value) and not is_placeholder(value)

    @property
    def api_key(self) -> str:
        """The variable's value if it is set, else a placeholder that replays but is refused before it is sent."""
        if self.api_key_env is None:
            return "not-needed"
        return os.environ.get(self.api_key_env) or placeholder_for(self.api_key_env)

    def supports(self, *capabilities: str) -> bool:
        """Whether it declares all of these."""
        return not self.missing(*capabilities)

    def missing(self, *capabilities: str) -> tuple[str, ...]:
        """Those of these capabilities that it does not declare."""
        return tuple(name for name in capabilities if name not in self.capabilities)
