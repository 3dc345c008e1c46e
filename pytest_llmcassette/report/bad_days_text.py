"""The matrix of tests and faults on a terminal: what is bad is named, what is good is counted."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from pytest_llmcassette.report.advice import plural
from pytest_llmcassette.report.bad_days import (
    KNOWN,
    BadDay,
    FaultMatrix,
    Verdict,
    command,
    counted,
    findings,
    matrix_of,
)

_MOST_NAMED = 10


def lines(days: Sequence[BadDay], *, width: int, argument: Callable[[str], str], conversations: int = 0) -> list[str]:
    """All that a run says of its bad days, for a terminal of `width` columns.

    `argument` makes a test's id one of a command line. So many tests that passed hold nothing but `conversations`.
    """
    words = "not taken through faults: conversations (WebSockets, gRPC calls), of which no fault can be made"
    notes = textwrap.wrap(f"{plural(conversations, 'test')} {words}", width) if conversations else []
    if not days:
        return notes or ["no test that replays has passed, so that none was taken through a fault"]
    matrix = matrix_of(days)
    runs = (
        f"{plural(len(days), 'run')} of {plural(len(matrix.tests), 'test')} under {plural(len(matrix.faults), 'fault')}"
    )
    return [
        *textwrap.wrap(f"{runs}: {counted(days)}", width),
        *_matrix(matrix, width),
        *_findings(days, width, argument),
        *notes,
    ]


def _matrix(matrix: FaultMatrix, width: int) -> Iterator[str]:
    """A row for each fault with a finding, a column for each test with one."""
    faults, tests = matrix.found
    if faults:
        label = max(map(len, faults))
        room = max(width - label - 2, 10)
        shown = tests[:room]
        yield ""
        yield from _heads(len(shown), label)
        for fault in faults:
            cells = [matrix.mark(test, fault) for test in shown]
            yield f"{fault.ljust(label)}  {''.join(cells)}".rstrip()
        yield from textwrap.wrap(_legend(matrix, faults, shown), width)
        yield from _numbered(matrix, shown, len(tests))
    fine = [fault for fault in matrix.faults if fault not in faults]
    if fine:
        yield ""
        yield from textwrap.wrap(f"as expected in every test: {', '.join(sorted(fine))}", width, break_on_hyphens=False)


def _heads(count: int, label: int) -> Iterator[str]:
    """The tests' numbers, read from top to bottom."""
    digits = len(str(count))
    for place in range(digits):
        numbers = (str(number).rjust(digits)[place] for number in range(1, count + 1))
        yield f"{' ' * label}  {''.join(numbers)}".rstrip()


def _legend(matrix: FaultMatrix, faults: Sequence[str], tests: Sequence[str]) -> str:
    there = {matrix.mark(test, fault) for test in tests for fault in faults}
    words = [f"{one.mark} {one}" for one in Verdict if one.mark in there and one.mark != "."]
    words += [f"{KNOWN} known"] if KNOWN in there else []
    return ", ".join([*words, *([". as expected"] if "." in there else [])])


def _numbered(matrix: FaultMatrix, shown: Sequence[str], count: int) -> Iterator[str]:
    digits = len(str(len(shown)))
    for number, test in enumerate(shown[:_MOST_NAMED], 1):
        yield f"{str(number).rjust(digits)}  {test}"
        yield f"{' ' * digits}  {counted(matrix.of_test(test))}"
    if count > _MOST_NAMED:
        yield f"... and {plural(count - _MOST_NAMED, 'test')} more with findings; --cassette-faults-json=FILE has all"


def _findings(days: Sequence[BadDay], width: int, argument: Callable[[str], str]) -> Iterator[str]:
    """What fails the run, then what is only told: of each fault one run, with the command that repeats it."""
    for verdict, runs in findings(days):
        found = [day for day in runs if not day.known]
        if not found:
            continue
        yield ""
        yield f"{len(found)} {verdict}: {verdict.meaning}"
        counts = Counter(day.fault for day in found)
        shown = counts.most_common(_MOST_NAMED if verdict.fails else 1)
        for fault, count in shown:
            yield from _example(next(day for day in found if day.fault == fault), count, width, argument)
        left = len(found) - sum(count for _, count in shown)
        if left:
            yield f"  ... and {left} more under {plural(len(counts) - len(shown), 'other fault')}"


def _example(day: BadDay, count: int, width: int, argument: Callable[[str], str]) -> Iterator[str]:
    sentence = f": {day.sentence.rstrip('.')}" if day.sentence else ""
    yield f"  {day.asked}{f', {count} times' if count > 1 else ''}{sentence}"
    if day.detail:
        yield f"    {textwrap.shorten(day.detail, width - 4, placeholder=' ...')}"
    yield f"    {command(day, argument)}"
