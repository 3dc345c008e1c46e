"""What `--cassette-faults[=NAMES]` asks for: which faults, on which exchanges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmcassette.errors import ConfigError
from pytest_llmcassette.plugin import options

if TYPE_CHECKING:
    from pytest_llmcassette.cassette.model import Interaction
    from pytest_llmcassette.faults.fault import Fault

ALL = "all"
EACH = "each"
_GROUPS = ("stream", "response", "recover", "notice", "show")
_PATHS = ("/", "\\", "::", ".py")


@dataclass(frozen=True, slots=True)
class Day:
    """One fault on one exchange of a test. `on` is the exchange's number, from 0; `asked` names both, for a command."""

    fault: Fault
    on: int
    asked: str


def words_of(config: pytest.Config) -> tuple[str, ...]:
    """The words behind the option; raises `pytest.UsageError` for what can be seen before any fault is known."""
    given: str = config.getoption(options.FAULTS)
    flag, mode = options.command_line(config)
    if mode not in (None, "none"):
        raise pytest.UsageError(
            f"{options.FAULTS} takes tests through faults that are made of their recordings, so that it is for "
            f"replay: leave {flag}={mode} out, and record in a run of its own."
        )
    if any(part in given for part in _PATHS):
        raise pytest.UsageError(_is_a_path(given))
    return tuple(word.strip() for word in given.split(",") if word.strip()) or (ALL,)


def _is_a_path(word: str) -> str:
    return (
        f"{options.FAULTS} takes names of faults, not {word!r}. To take tests through all of them, put "
        f"{options.FAULTS} after the test paths."
    )


class Wanted:
    """The faults that were asked for. Made when tests are collected: a conftest may have registered its own."""

    def __init__(self, words: Sequence[str]) -> None:
        """Raises `pytest.UsageError` for a name that neither a fault nor a group has."""
        self.each = EACH in words
        self._faults: dict[str, Fault] = {}
        self._places: dict[str, set[int]] = {}
        for word in [word for word in words if word != EACH] or [ALL]:
            name, at, place = word.partition("@")
            if at and not place.isdecimal():
                raise pytest.UsageError(f"{options.FAULTS}={word}: behind the @ is an exchange's number, from 0.")
            for fault in _named(name):
                self._faults[fault.name] = fault
                if at:
                    self._places.setdefault(fault.name, set()).add(int(place))

    def days(self, exchanges: Sequence[Interaction]) -> Iterator[Day]:
        """What a test with these exchanges is taken through."""
        for name, fault in self._faults.items():
            fitting = [place for place, one in enumerate(exchanges) if fault.fits(one)]
            for place in self._chosen(name, fitting):
                yield Day(fault, place, name if place == fitting[0] else f"{name}@{place}")

    def _chosen(self, name: str, fitting: Sequence[int]) -> Iterable[int]:
        if name in self._places:
            return sorted(self._places[name].intersection(fitting))
        return fitting if self.each else fitting[:1]


def _named(name: str) -> Sequence[Fault]:
    from pytest_llmcassette.faults import registry

    if name == ALL:
        return registry.all_faults()
    if name in _GROUPS:
        return [one for one in registry.all_faults() if name in (str(one.moment), str(one.expect))]
    try:
        return [registry.fault(name)]
    except ConfigError as problem:
        if Path(name).exists():
            raise pytest.UsageError(_is_a_path(name)) from None
        raise pytest.UsageError(
            f"{options.FAULTS}: {problem} Groups are {', '.join((ALL, *_GROUPS))}; {EACH} takes each exchange."
        ) from None
