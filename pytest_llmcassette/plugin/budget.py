"""The mark `llm_budget`: what a test's exchanges may spend, checked from the recorded usage, offline too."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_llmcassette.answers.accounting import Budget
    from pytest_llmcassette.recorder.recorder import Recorder

_COUNTS = ("input_tokens", "output_tokens", "total_tokens")


def budget_of(item: pytest.Item) -> Budget | None:
    """The test's budget, the nearest mark's limits first; None without a mark.

    Raises `pytest.UsageError` for a limit that does not exist or is no number.
    """
    limits: dict[str, Any] = {}
    for mark in item.iter_markers("llm_budget"):
        if mark.args or not mark.kwargs:
            raise pytest.UsageError(
                f"{item.nodeid}: llm_budget takes limits by name: {', '.join(_COUNTS)}, cost. "
                "For example llm_budget(output_tokens=500)."
            )
        for name, value in mark.kwargs.items():
            limits.setdefault(name, _checked(item, name, value))
    if not limits:
        return None
    # Imported here: a run without budgets pays nothing.
    from pytest_llmcassette.answers.accounting import Budget

    return Budget(**limits)


def _checked(item: pytest.Item, name: str, value: Any) -> int | Decimal | None:
    if name not in _COUNTS and name != "cost":
        raise pytest.UsageError(
            f"{item.nodeid}: llm_budget has no limit {name!r}. Allowed are: {', '.join(_COUNTS)}, cost."
        )
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int if name in _COUNTS else (int, float, str, Decimal)):
        kind = "a whole number of tokens" if name in _COUNTS else "US dollars as a number"
        raise pytest.UsageError(f"{item.nodeid}: llm_budget({name}=...) takes {kind}, not {value!r}.")
    if name in _COUNTS:
        return int(value)
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise pytest.UsageError(
            f"{item.nodeid}: llm_budget(cost=...) takes US dollars as a number, not {value!r}."
        ) from None


def over_budget(budget: Budget, recorders: Sequence[Recorder]) -> str | None:
    """Why the test fails its budget, or None when it holds: spent and allowed, exchange by exchange."""
    from pytest_llmcassette.answers import accounting
    from pytest_llmcassette.answers.read import unread_of
    from pytest_llmcassette.llm_cassette import LlmCassette

    # git is asked only for the one limit that needs a time.
    when = accounting.recorded_at(recorders[0].path) if budget.cost is not None else None
    cassettes = [LlmCassette(recorder) for recorder in recorders]
    answers = [transcript for cassette in cassettes for transcript in cassette.transcripts]
    unread = [sent for cassette in cassettes for sent in unread_of(cassette.requests)]
    problems = accounting.over_budget(answers, budget, when, unread=unread)
    if not problems:
        return None
    # A limit that cannot be checked is over nothing; its text says what is wrong.
    spent = [problem for problem in problems if not problem.startswith("llm_budget(")]
    unchecked = [problem for problem in problems if problem.startswith("llm_budget(")]
    return "\n".join([*(["Over the budget of this test (llm_budget):", *spent] if spent else []), *unchecked])
