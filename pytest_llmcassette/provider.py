"""One row of a provider suite's table."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_llmcassette.placeholder_keys import is_placeholder, placeholder_for


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
