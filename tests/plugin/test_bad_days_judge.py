"""The verdict on a run under a fault."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import httpx
import pytest

from pytest_llmcassette.errors import RequestNotRecorded
from pytest_llmcassette.plugin.bad_days.clock import ClientClock
from pytest_llmcassette.plugin.bad_days.judge import Ending, verdict
from pytest_llmcassette.plugin.bad_days.limit import Limit, RanTooLong


class SdkError(Exception):
    """A library's: what it is made of lies where packages are installed."""


SdkError.__module__ = "openai"


class GreetingError(Exception):
    """A user's own."""


def raised(action: Callable[[], object]) -> BaseException:
    try:
        action()
    except BaseException as error:
        return error
    raise AssertionError


def wrapped() -> None:
    try:
        raise httpx.ReadError("")
    except httpx.ReadError as error:
        raise GreetingError("no greeting") from error


def hidden() -> None:
    try:
        raise httpx.ReadError("")
    except httpx.ReadError:
        raise GreetingError("no greeting") from None


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (AssertionError("1 == 2"), "noticed"),
        (pytest.fail.Exception("no"), "noticed"),
        (SdkError("x"), "noticed"),
        (httpx.ReadError(""), "noticed"),
        (raised(wrapped), "noticed"),
        (BaseExceptionGroup("of a task group", [raised(wrapped)]), "noticed"),
        (GreetingError("acme.example gave no greeting"), "noticed"),
        (GreetingError("overloaded, try later"), "noticed"),
        (ValueError("the stream ended early"), "noticed"),
        (TimeoutError(), "noticed"),
        (raised(hidden), "masked"),
        (GreetingError("no greeting"), "masked"),
        (raised(lambda: json.loads('{"a": "b')), "masked"),
        (raised(lambda: json.loads("")), "masked"),
        (raised(lambda: b"\xe2".decode()), "masked"),
        (raised(lambda: {}["response"]), "masked"),  # type: ignore[index]
        (raised(lambda: None.choices), "masked"),  # type: ignore[attr-defined]
        (raised(lambda: [][0]), "masked"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_an_exception_names_the_provider_or_the_cause(error: BaseException, expected: str) -> None:
    ending = Ending(errors=[error], passed=False, struck=True, providers=["acme.example", ""])
    assert verdict("notice", ending) == expected


@pytest.mark.parametrize(
    ("expects", "ending", "expected"),
    [
        ("recover", Ending(struck=True), "recovered"),
        ("recover", Ending(struck=True, passed=False), "not recovered"),
        ("notice", Ending(struck=True), "swallowed"),
        ("notice", Ending(struck=True, snapshots_differ=True), "not asserted"),
        ("notice", Ending(struck=True, recovered=True, snapshots_differ=True), "recovered"),
        ("notice", Ending(struck=True, hung=True), "hung"),
        ("show", Ending(struck=True, hung=True, passed=False), "hung"),
        ("show", Ending(struck=True), "passes"),
        ("show", Ending(struck=True, passed=False), "fails"),
        ("recover", Ending(passed=False), "not met"),
        ("recover", Ending(struck=True, passed=False, misses=[RequestNotRecorded("")]), "not recorded"),
    ],
)
def test_what_is_expected_decides(expects: str, ending: Ending, expected: str) -> None:
    assert verdict(expects, ending) == expected


def test_a_client_that_has_met_a_fault_waits_by_its_own_clock() -> None:
    real, began = time.sleep, time.monotonic()
    with ClientClock(Limit(30)) as clock:
        time.sleep(0.02)
        assert time.monotonic() - began >= 0.02
        clock.fault_met()
        for _ in range(3):
            time.sleep(900)
        with pytest.raises(RanTooLong):
            time.sleep(901)
    assert time.sleep is real
    assert time.monotonic() - began < 10
