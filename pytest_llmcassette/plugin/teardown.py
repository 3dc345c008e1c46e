"""A teardown goes on after a group in which requests were refused, as it does after any other failure."""

from __future__ import annotations

from collections.abc import Callable, Generator

import pytest

from pytest_llmcassette.plugin.groups import settled


def around_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
    """Let finalizers raise no group that has a refusal.

    pytest goes on after an `Exception` or an outcome of its own. After any other it leaves out what is left of the
    teardown, and then every later test is given the fixtures of this one: among them ours, which opened its cassette,
    so that no other would be opened.
    """
    needed = set(nextitem.listchain()) if nextitem is not None else set()
    # A test that is run once more comes next itself.
    needed.discard(item)
    for node, (finalizers, _) in item.session._setupstate.stack.items():
        if node not in needed:
            finalizers[:] = [_settling(finalizer) for finalizer in finalizers]
    return (yield)


def _settling(finalizer: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        try:
            finalizer()
        except BaseExceptionGroup as group:
            # Of a task group, or several of one fixture's own finalizers.
            error = settled(group)
            raise error from error.__cause__

    return run
