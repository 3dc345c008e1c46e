"""What is left to do after a run: lines at the end of its section, each for many tests with one cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pytest_llmcassette.report.records import TestRecord


def advice_lines(records: Sequence[TestRecord]) -> list[str]:
    """One line for each cause, with its remedy."""
    return _without_keys(records)


def _without_keys(records: Sequence[TestRecord]) -> list[str]:
    """Skips are easily missed: a run that recorded nothing is green, too."""
    variables = Counter(one.no_key for one in records if one.no_key)
    return [
        f"{plural(count, 'test')} not recorded: {variable} is not set" for variable, count in sorted(variables.items())
    ]


def plural(count: int, noun: str) -> str:
    """`1 test`, `2 tests`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
