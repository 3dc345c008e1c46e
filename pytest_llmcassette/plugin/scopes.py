"""What is in force while a fixture is set up and torn down, and what its failures become.

Fixtures of a wider scope than function belong to no test, so no test's cassette may be in force in them.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from _pytest.outcomes import TEST_OUTCOME

from pytest_llmcassette.plugin import groups
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.recorder import Recorder


def around_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Generator[None, object, object]:
    """Suspend the test's cassette while a fixture of wider scope is set up and, later, torn down."""
    if fixturedef.scope == "function":
        return (yield from _settling(fixturedef, request))
    suspension = in_force.Suspension("")
    # Finalizers run last in, first out: `leave` is the last of this fixture's own, `enter` the first.
    request.addfinalizer(lambda: suspension.__exit__(None, None, None))
    _enter(suspension, fixturedef)
    try:
        return (yield from _settling(fixturedef, request))
    finally:
        suspension.__exit__(None, None, None)
        request.addfinalizer(lambda: _enter(suspension, fixturedef))


def _settling(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Generator[None, object, object]:
    """Let a group with refusals reach neither the runner of an asynchronous fixture nor pytest.

    pytest remembers a failure only of `Exception` and its own outcomes. After any other it would find, at the next
    test, that the fixture was never finished, and say `AssertionError` instead of what is wrong.
    """
    own = fixturedef.func
    if groups.is_asynchronous(own):
        fixturedef.func = groups.settling(own)  # type: ignore[misc]
    try:
        return (yield)
    except BaseExceptionGroup as group:
        error = groups.settled(group)
        if isinstance(error, TEST_OUTCOME):
            key = fixturedef.cache_key(request)  # type: ignore[arg-type]
            fixturedef.cached_result = (None, key, (error, error.__traceback__))
        raise error from error.__cause__
    finally:
        fixturedef.func = own  # type: ignore[misc]


def _enter(suspension: in_force.Suspension, fixturedef: pytest.FixtureDef[Any]) -> None:
    """Refuse requests only where a test's cassette is in force: elsewhere the fixture may do as it likes."""
    # The block of a whole run goes on, whatever is suspended.
    if not isinstance(in_force.current(), Recorder | in_force.Suspension):
        suspension.reason = ""
    else:
        suspension.reason = (
            f"The {fixturedef.scope}-scoped fixture {fixturedef.argname!r} belongs to no single test, so that no "
            "test's cassette may hold what it sends. Give it a cassette of its own, with use_cassette(path, "
            "record_mode=...) around the request, or give the fixture function scope."
        )
    suspension.__enter__()
