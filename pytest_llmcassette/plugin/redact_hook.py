"""`pytest_llmcassette_redact`: what the conftests of a test make of a text, as one function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmcassette.errors import CassetteFault
from pytest_llmcassette.plugin.stash import REDACTS

if TYPE_CHECKING:
    from pytest_llmcassette.redaction import Redact

_NAME = "pytest_llmcassette_redact"


def redact_of(item: pytest.Item) -> Redact | None:
    """What the implementations for this test make of a text; None without any."""
    found = getattr(item.ihook, _NAME).get_hookimpls()
    if not found:
        return None
    # As pluggy calls them: the nearest conftest first.
    plugins = tuple(implementation.plugin for implementation in reversed(found))
    # The conftests of other folders may be loaded later, and are to be left out as well.
    everyone = tuple(one.plugin for one in getattr(item.config.pluginmanager.hook, _NAME).get_hookimpls())
    chains: dict[tuple[Any, ...], Redact] = item.config.stash.setdefault(REDACTS, {})
    if (plugins, everyone) not in chains:
        chains[plugins, everyone] = _chain(item.config.pluginmanager, plugins, everyone)
    return chains[plugins, everyone]


def _chain(manager: pytest.PytestPluginManager, plugins: tuple[Any, ...], everyone: tuple[Any, ...]) -> Redact:
    """Each gets what the one before it has left of the text."""
    callers = [
        (plugin, manager.subset_hook_caller(_NAME, [one for one in everyone if one is not plugin]))
        for plugin in plugins
    ]

    def redact(text: str, place: str) -> str:
        for plugin, caller in callers:
            for kept in caller(text=text, place=place):
                if not isinstance(kept, str):
                    raise CassetteFault(
                        f"{_NAME} of {manager.get_name(plugin)} returned {type(kept).__name__} for {place!r}. It has "
                        "to return the text that may be kept, or None for the text as it is."
                    )
                text = kept
        return text

    return redact
