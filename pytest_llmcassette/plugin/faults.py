"""The faults of a test: its marks `llm_fault`, its parameters that are faults, the fixture `llm_faults`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmcassette.errors import ConfigError
from pytest_llmcassette.plugin.markers import parameters_of
from pytest_llmcassette.plugin.stash import FAULTS, GIVEN_FAULTS

if TYPE_CHECKING:
    from pytest_llmcassette.faults.fault import Fault
    from pytest_llmcassette.faults.injection import Injection, Injections

FIXTURE = "llm_faults"
NOTHING_IS_RECORDED = (
    "Nothing is recorded under a fault: take it away for as long, or let a test without one record this cassette."
)


def injections_of(item: pytest.Item) -> Injections | None:
    """Those of a test in this run of it, made at the first question; None for a test that asks for no fault.

    Raises `ConfigError` for a mark that names no fault.
    """
    known: Injections | None = item.stash.get(FAULTS, None)
    if known is None:
        known = item.stash.get(GIVEN_FAULTS, None) or (_asked_for(item) if _asks(item) else None)
        if known is not None:
            item.stash[FAULTS] = known
    return known


def forget(item: pytest.Item) -> None:
    """Another run of the test begins."""
    if FAULTS in item.stash:
        del item.stash[FAULTS]


def _asked_for(item: pytest.Item) -> Injections:
    from pytest_llmcassette.faults.injection import Injections, injection

    found = Injections(injection(fault) for fault in parameters(item))
    for mark in reversed(list(item.iter_markers("llm_fault"))):
        try:
            if len(mark.args) != 1:
                raise ConfigError("it takes the name of one fault, and options by keyword.")
            found.add(injection(*mark.args, **mark.kwargs))
        except ConfigError as error:
            raise ConfigError(f"{item.nodeid}: @pytest.mark.llm_fault: {error}") from None
    return found


def _asks(item: pytest.Item) -> bool:
    marked = item.get_closest_marker("llm_fault") is not None
    return marked or FIXTURE in getattr(item, "fixturenames", ()) or bool(parameters(item))


def parameters(item: pytest.Item) -> list[Fault | Injection]:
    """The test's parameters that are faults: each is in force."""
    return [value for value in parameters_of(item).values() if is_fault(value)]


def is_fault(value: object) -> bool:
    """Whether a parameter is a fault, without an import where nobody uses any."""
    return type(value).__module__ in ("pytest_llmcassette.faults.fault", "pytest_llmcassette.faults.injection")


def skip_what_does_not_fit(item: pytest.Item, injections: Injections) -> None:
    """Skip a test whose parameter is a fault that fits nothing of its cassette; by a mark that is an error."""
    if parameters(item) and (misfit := injections.misfit()):
        raise pytest.skip.Exception(misfit, _use_item_location=True)


class LlmFaults:
    """What the fixture `llm_faults` is: faults for a part of a test."""

    def __init__(self, injections: Injections) -> None:
        self._injections = injections

    def add(self, fault: str | Fault, **options: Any) -> Injection:
        """From now to the end of the test, on the first exchange that it fits unless `on` says otherwise."""
        from pytest_llmcassette.faults.injection import injection

        return self._injections.add(injection(fault, **options))

    def next(self, fault: str | Fault, **options: Any) -> Injection:
        """On the next exchange that is made, whichever it is; a request is refused where the fault does not fit it."""
        return self.add(fault, **{"on": "next", **options})

    @contextmanager
    def __call__(self, fault: str | Fault, **options: Any) -> Iterator[Injection]:
        """For a block; raises `CassetteError` at its end when nothing was struck."""
        from pytest_llmcassette.errors import CassetteError

        one = self.add(fault, **options)
        try:
            yield one
        finally:
            self._injections.remove(one)
        if not one.has_struck:
            raise CassetteError(one.why_not())

    @property
    def struck(self) -> tuple[str, ...]:
        """Where faults have struck so far, in words."""
        return tuple(f"{one.fault.name}: {where}" for one in self._injections.all for where in one.strikes)
