"""A suite under faults: what became of each test under each, as plain JSON types, and in which order it is told."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self


class Verdict(StrEnum):
    """What a run under a fault shows, the worst first: its word, its mark in a matrix, and what it means."""

    mark: str
    meaning: str

    SWALLOWED = "swallowed", "S", "the test passed although its answer was not whole"
    HUNG = "hung", "H", "still running when its time was over"
    NOT_RECOVERED = "not recovered", "R", "a fault that passes when it is tried again has failed the test"
    NOT_ASSERTED = "not asserted", "a", "nothing but a snapshot would have noticed"
    MASKED = "masked", "m", "its exception names neither the provider nor the cause"
    NOT_RECORDED = "not recorded", "n", "asked for what is not recorded, so that nobody knows how it ends"
    NOT_MET = "not met", "-", "did not ask for the answer that was to go wrong"
    FAILS = "fails", "f", "the test failed on an answer that is another one"
    PASSES = "passes", "p", "the test passed on an answer that is another one"
    RECOVERED = "recovered", ".", "the test passed, as it should"
    NOTICED = "noticed", ".", "the test failed, as it should"

    def __new__(cls, word: str, mark: str = "", meaning: str = "") -> Self:
        """A member, which is its word."""
        verdict = str.__new__(cls, word)
        verdict._value_, verdict.mark, verdict.meaning = word, mark, meaning
        return verdict

    @property
    def fails(self) -> bool:
        """Whether it fails the run, unless a baseline knows it."""
        return self in FAILING


KNOWN = "k"
"""The mark of what a baseline knows."""

FAILING = (Verdict.SWALLOWED, Verdict.HUNG, Verdict.NOT_RECOVERED)
"""These fail the run, unless a baseline knows them."""

LISTED = (Verdict.NOT_ASSERTED, Verdict.MASKED, Verdict.NOT_RECORDED, Verdict.NOT_MET)
"""These are told, and fail nothing."""

SHOWN = (Verdict.FAILS, Verdict.PASSES)
"""What a test made of an answer that is whole, but another one: nobody can say what is right."""


@dataclass(slots=True, kw_only=True)
class BadDay:
    """One run of one test under one fault.

    `asked` is the fault as `--cassette-faults` takes it, so that exactly this run is repeated; `exchange` is 1-based.
    `expects` is `recover`, `notice` or `show`, `sentence` what the fault does, `detail` what the test said, `seconds`
    how long it took. `known`: a baseline accepts it.
    """

    nodeid: str
    fault: str
    asked: str
    exchange: int
    expects: str
    verdict: str
    sentence: str = ""
    detail: str = ""
    seconds: float = 0.0
    known: bool = False

    @property
    def fails(self) -> bool:
        """Whether it fails the run."""
        return self.verdict in FAILING and not self.known


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultMatrix:
    """Tests and faults, each the worst first, and of each pair the worst run."""

    tests: tuple[str, ...]
    faults: tuple[str, ...]
    cells: dict[tuple[str, str], BadDay]

    @property
    def found(self) -> tuple[list[str], list[str]]:
        """The faults with a finding, and the tests with one."""
        found = [place for place, day in self.cells.items() if is_finding(day)]
        tests, faults = {test for test, _ in found}, {fault for _, fault in found}
        return [fault for fault in self.faults if fault in faults], [test for test in self.tests if test in tests]

    def mark(self, test: str, fault: str) -> str:
        """The one character for a cell, a space for one that is empty."""
        day = self.cells.get((test, fault))
        return " " if day is None else KNOWN if day.known else Verdict(day.verdict).mark

    def of_test(self, test: str) -> list[BadDay]:
        """The runs that a test's cells show."""
        return [self.cells[test, fault] for fault in self.faults if (test, fault) in self.cells]


_RANKS = {verdict.value: rank for rank, verdict in enumerate(Verdict)}
_FINE = _RANKS[Verdict.FAILS]


def rank(day: BadDay) -> int:
    """The lower the worse; what a baseline knows is worse only than what is as it should be."""
    return _FINE - 1 if day.known else _RANKS[day.verdict]


def is_finding(day: BadDay) -> bool:
    """Whether there is anything to tell."""
    return rank(day) < _FINE


def worst_first(days: Iterable[BadDay]) -> list[BadDay]:
    """Sorted, so that a run with workers tells the same."""
    return sorted(days, key=lambda day: (rank(day), day.fault, day.nodeid, day.exchange))


def findings(days: Iterable[BadDay]) -> Iterator[tuple[Verdict, list[BadDay]]]:
    """What fails the run, then what is only told, each with its runs; those too that a baseline knows."""
    for verdict in (*FAILING, *LISTED):
        found = [day for day in worst_first(days) if day.verdict == verdict]
        if found:
            yield verdict, found


def matrix_of(days: Sequence[BadDay]) -> FaultMatrix:
    """The runs by test and by fault; of several exchanges of one test the worst is shown."""
    cells: dict[tuple[str, str], BadDay] = {}
    for day in worst_first(days):
        cells.setdefault((day.nodeid, day.fault), day)
    return FaultMatrix(
        tests=_ordered(cells.values(), lambda day: day.nodeid),
        faults=_ordered(cells.values(), lambda day: day.fault),
        cells=cells,
    )


def _ordered(days: Iterable[BadDay], name: Callable[[BadDay], str]) -> tuple[str, ...]:
    """The names, first the one with most of the worst."""
    found: dict[str, Counter[int]] = {}
    for day in days:
        found.setdefault(name(day), Counter())[min(rank(day), _FINE)] += 1
    weights = {one: tuple(-counts[place] for place in range(_FINE)) for one, counts in found.items()}
    return tuple(sorted(found, key=lambda one: (weights[one], one)))


def counted(days: Sequence[BadDay]) -> str:
    """`2 swallowed, 1 masked, 12 as expected`."""
    counts = Counter(day.verdict for day in days if is_finding(day) and not day.known)
    words = [f"{counts[verdict]} {verdict}" for verdict in (*FAILING, *LISTED) if counts[verdict]]
    known = sum(day.known for day in days)
    shown = sum(day.verdict in SHOWN for day in days)
    fine = len(days) - counts.total() - known - shown
    words += [f"{known} known"] if known else []
    words += [f"{fine} as expected"] if fine else []
    return ", ".join(words + ([f"{shown} only shown"] if shown else []))


def command(day: BadDay, argument: Callable[[str], str]) -> str:
    """What repeats exactly this run; `argument` makes a test's id one of a command line."""
    return f"pytest {argument(day.nodeid)} --cassette-faults={shlex.quote(day.asked)}"


def as_json(days: Sequence[BadDay], argument: Callable[[str], str], *, complete: bool) -> dict[str, Any]:
    """The file's content: counts by verdict, then each run with its command, the worst first.

    `complete`: the run came to its end. Fields are added, never renamed.
    """
    return {
        "complete": complete,
        "tests": len({day.nodeid for day in days}),
        "faults": len({day.fault for day in days}),
        "verdicts": dict(sorted(Counter(day.verdict for day in days).items(), key=lambda item: _RANKS[item[0]])),
        "runs": [{**asdict(day), "command": command(day, argument)} for day in worst_first(days)],
    }
