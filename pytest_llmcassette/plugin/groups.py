"""Groups of exceptions in which requests were refused: what becomes of them before a runner or pytest sees them.

A task group wraps whatever ends one of its tasks. A group that holds what is no `Exception` ends anyio's runner and
pytest's teardown, and with them tests that have done nothing wrong. A refusal alone does not: it is one of pytest's
own outcomes. Here too the code joins its test, whatever the runner's task was made for.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import contextmanager
from functools import wraps
from types import MethodType, TracebackType
from typing import Any

import pytest

from pytest_llmcassette.errors import CassetteStop
from pytest_llmcassette.recorder import in_force

_SETTLES = "_llmcassette_settles"


def settled(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """What to raise in place of a group: its first refusal where it holds nothing else, else the group of the rest.

    What is left out is noted on what is raised. A group without a refusal is returned as it is.
    """
    stops, rest = group.split(CassetteStop)
    if stops is None:
        return group
    first, *others = _leaves(stops, None)
    if rest is None:
        for other in others:
            first.add_note(f"In the same group: {other}")
        return first
    for stop in (first, *others):
        rest.add_note(f"In the same group: {type(stop).__name__}: {stop}")
    return rest


def _leaves(error: BaseException, above: TracebackType | None) -> list[BaseException]:
    """The exceptions in a group. The traceback of each begins where the group was raised, in the test."""
    trace = _joined(above, error.__traceback__)
    if isinstance(error, BaseExceptionGroup):
        return [leaf for one in error.exceptions for leaf in _leaves(one, trace)]
    return [error.with_traceback(trace)]


def _joined(above: TracebackType | None, below: TracebackType | None) -> TracebackType | None:
    if above is None:
        return below
    return TracebackType(_joined(above.tb_next, below), above.tb_frame, above.tb_lasti, above.tb_lineno)


def settle_report(item: pytest.Item, call: pytest.CallInfo[Any]) -> pytest.ExceptionInfo[BaseException] | None:
    """The same for what ended a phase of a test, wherever it came from: pytest makes groups of its own, too.

    Returns what the report will be made of, None where nothing failed.
    """
    # Failures of unittest's wait there until pytest makes the report.
    held: list[pytest.ExceptionInfo[BaseException]] = getattr(item, "_excinfo", None) or []
    failure = held[0] if held else call.excinfo
    if failure is None or not isinstance(failure.value, BaseExceptionGroup):
        return failure
    raised = settled(failure.value)
    if raised is not failure.value:
        failure = pytest.ExceptionInfo.from_exception(raised)
        if held:
            held[0] = failure
        else:
            call.excinfo = failure
    return failure


@contextmanager
def settled_test(item: pytest.Item) -> Iterator[None]:
    """While a test is called: the same for its coroutine, and for the one that Hypothesis calls many times."""
    own: Any = getattr(item, "obj", None)
    if is_asynchronous(getattr(getattr(own, "hypothesis", None), "inner_test", None)):
        # For good: other plugins keep what they find there.
        own.hypothesis.inner_test = settling(own.hypothesis.inner_test)
    if not is_asynchronous(own):
        yield
        return
    item.obj = settling(own)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        item.obj = own  # type: ignore[attr-defined]


def is_asynchronous(function: Any) -> bool:
    """Whether calling it gives a coroutine or an asynchronous generator, which somebody has to run."""
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def settling(function: Any) -> Any:
    """An asynchronous function of a test or fixture, as a runner is to see it: no group with refusals comes out."""
    if hasattr(function, _SETTLES):
        return function
    if isinstance(function, MethodType):
        # pytest binds it anew to the instance of each test.
        return MethodType(settling(function.__func__), function.__self__)
    made = _coroutine(function) if inspect.iscoroutinefunction(function) else _generator(function)
    setattr(made, _SETTLES, True)
    return made


def _coroutine(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    async def coroutine(*args: Any, **kwargs: Any) -> Any:
        in_force.join_test()
        try:
            return await function(*args, **kwargs)
        except BaseExceptionGroup as group:
            error = settled(group)
            raise error from error.__cause__

    return coroutine


def _generator(function: Callable[..., AsyncGenerator[Any, Any]]) -> Callable[..., AsyncGenerator[Any, Any]]:
    @wraps(function)
    async def generator(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        inner = function(*args, **kwargs)
        step = inner.asend(None)
        try:
            while True:
                in_force.join_test()
                try:
                    value = await step
                except StopAsyncIteration:
                    return
                try:
                    step = inner.asend((yield value))
                except GeneratorExit:
                    await inner.aclose()
                    raise
                except BaseException as thrown:
                    step = inner.athrow(thrown)
        except BaseExceptionGroup as group:
            error = settled(group)
            raise error from error.__cause__

    return generator


def around_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
    """Let finalizers raise no group that has a refusal: a teardown goes on after it, as after any other failure.

    pytest goes on after an `Exception` or an outcome of its own. After any other it leaves out what is left of the
    teardown, and then every later test is given the fixtures of this one: among them ours, which opened its cassette,
    so that no other would be opened.
    """
    needed = set(nextitem.listchain()) if nextitem is not None else set()
    # A test that is run once more comes next itself.
    needed.discard(item)
    for node, (finalizers, _) in item.session._setupstate.stack.items():
        if node not in needed:
            finalizers[:] = [_settled_finalizer(finalizer) for finalizer in finalizers]
    return (yield)


def _settled_finalizer(finalizer: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        try:
            finalizer()
        except BaseExceptionGroup as group:
            # Of a task group, or several of one fixture's own finalizers.
            error = settled(group)
            raise error from error.__cause__

    return run
