"""A teardown goes on after requests were refused in a group of its tasks, as it does after any other failure."""

from __future__ import annotations

from collections.abc import Callable, Generator

import pytest

from pytest_llmcassette.errors import CassetteStop


def around_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
    """Hold a group that has a `CassetteStop` back until every finalizer has run, then raise it.

    pytest goes on after an `Exception` or an outcome of its own. After any other it leaves out what is left of the
    teardown, and then every later test is given the fixtures of this one: among them ours, which opened its cassette,
    so that no other would be opened.
    """
    held: list[BaseException] = []
    needed = set(nextitem.listchain()) if nextitem is not None else set()
    for node, (finalizers, _) in item.session._setupstate.stack.items():
        if node not in needed:
            finalizers[:] = [_holding_back(finalizer, held) for finalizer in finalizers]
    try:
        return (yield)
    finally:
        if len(held) == 1:
            raise held[0]
        if held:
            raise BaseExceptionGroup("errors during test teardown", held)


def _holding_back(finalizer: Callable[[], object], held: list[BaseException]) -> Callable[[], None]:
    def run() -> None:
        try:
            finalizer()
        except BaseExceptionGroup as group:
            # Of a task group, or several of one fixture's own finalizers.
            if group.subgroup(CassetteStop) is None:
                raise
            held.append(group)

    return run
