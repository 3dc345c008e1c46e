"""Fixtures of a wider scope than function belong to no test, so no test's cassette may be in force in them."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from pytest_llmcassette.recorder import in_force


def around_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Generator[None, object, object]:
    """Suspend the test's cassette while a fixture of wider scope is set up and, later, torn down."""
    if fixturedef.scope == "function":
        try:
            return (yield)
        except BaseExceptionGroup as error:
            if not isinstance(error, Exception):
                _forget(fixturedef, request)
            raise
    suspension = in_force.suspend("")
    # Finalizers run last in, first out: `leave` is the last of this fixture's own, `enter` the first.
    request.addfinalizer(lambda: suspension.__exit__(None, None, None))
    _enter(suspension, fixturedef)
    stopped = False
    try:
        return (yield)
    except BaseExceptionGroup as error:
        # A group that holds no stop is an Exception.
        stopped = not isinstance(error, Exception)
        raise
    finally:
        suspension.__exit__(None, None, None)
        request.addfinalizer(lambda: _enter(suspension, fixturedef))
        if stopped:
            _forget(fixturedef, request)


def _enter(suspension: in_force.Suspension, fixturedef: pytest.FixtureDef[Any]) -> None:
    """Refuse requests only where a test's cassette is in force: elsewhere the fixture may do as it likes."""
    if in_force.current() is None:
        suspension.reason = ""
    else:
        suspension.reason = (
            f"The {fixturedef.scope}-scoped fixture {fixturedef.argname!r} belongs to no single test, so that no "
            "test's cassette may hold what it sends. Give it a cassette of its own, with use_cassette(path, "
            "record_mode=...) around the request, or give the fixture function scope."
        )
    suspension.__enter__()


def _forget(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
    """Let pytest set the fixture up again for the next test.

    pytest remembers a failure only of `Exception` and its own outcomes. After any other it would find, at the next
    test, that the fixture was never finished, and say `AssertionError` instead of what is wrong.
    """
    fixturedef.cached_result = (None, fixturedef.cache_key(request), None)  # type: ignore[arg-type]
    fixturedef.finish(request)  # type: ignore[arg-type]
