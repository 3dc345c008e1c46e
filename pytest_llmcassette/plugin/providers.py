"""Provider suites: the hook's table becomes the parameters of `llm_provider`."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmcassette.plugin.naming import argnames_of, safe
from pytest_llmcassette.plugin.stash import CAPABILITIES, PROVIDER_PROBLEM

FIXTURE = "llm_provider"


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Give a test that uses `llm_provider` one run for each provider of the nearest conftest's table."""
    config = metafunc.config
    if _is_theirs(metafunc):
        config.stash[CAPABILITIES] = None
        return
    providers: Any = metafunc.definition.ihook.pytest_llmcassette_providers(config=config)
    if hasattr(providers, "__iter__") and not isinstance(providers, str):
        providers = list(providers)
    problem = _problem(metafunc, providers)
    if problem is not None:
        # Raised here it would be one of many collection errors; as a usage error it is one line.
        config.stash.setdefault(PROVIDER_PROBLEM, problem)
        providers = []
    known = config.stash.setdefault(CAPABILITIES, set())
    if known is not None:
        known.update(*(provider.capabilities for provider in providers))
    ids = [provider.name for provider in providers]
    metafunc.parametrize(FIXTURE, providers, ids=ids, indirect=True, scope="session")


def _is_theirs(metafunc: pytest.Metafunc) -> bool:
    """Whether the suite itself says what `llm_provider` is: with a fixture of that name, or with `parametrize`."""
    fixtures = metafunc._arg2fixturedefs.get(FIXTURE)
    if fixtures and not fixtures[-1].func.__module__.startswith("pytest_llmcassette."):
        return True
    return any(FIXTURE in argnames_of(mark) for mark in metafunc.definition.iter_markers("parametrize"))


def _problem(metafunc: pytest.Metafunc, providers: Any) -> str | None:
    from pytest_llmcassette.provider import Provider

    test = f"{metafunc.definition.nodeid} uses llm_provider"
    if providers is None:
        return (
            f"{test}, but no conftest above it has the hook pytest_llmcassette_providers (or it returns None). "
            "Define it there and return the list of providers."
        )
    if not isinstance(providers, list):
        return f"{test}: pytest_llmcassette_providers must return a list of Provider, not {providers!r}."
    wrong = [one for one in providers if not isinstance(one, Provider)]
    if wrong:
        return f"{test}: pytest_llmcassette_providers must return a list of Provider, but it holds {wrong[0]!r}."
    if not providers:
        return f"{test}, but pytest_llmcassette_providers returns no provider, so that pytest would skip it silently."
    seen: dict[str, str] = {}
    for provider in providers:
        # As file names: that is where two would get into each other's way.
        other = seen.setdefault(safe(provider.name).casefold(), provider.name)
        if other is not provider.name or sum(one.name == provider.name for one in providers) > 1:
            return (
                f"{test}, but pytest_llmcassette_providers returns two providers named {provider.name!r}"
                f"{'' if other == provider.name else f' and {other!r}, which are one file name'}. Rename one."
            )
    return None
