"""Adding up: usage and cost by model, and whether a budget holds. Costs are those at the time of the recording."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from pytest_llmcassette.answers.prices import price_of
from pytest_llmcassette.protocols.transcript import Transcript
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.recorder.requests import SentRequest

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a test may spend in all its exchanges together: tokens, and US dollars. None is no limit."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cost: Decimal | None = None


def by_model(used: Iterable[tuple[str | None, _T]]) -> dict[str, list[_T]]:
    """What belongs to each model (see `Transcript.model_name`), in the order of their first answers."""
    groups: dict[str, list[_T]] = {}
    for model, one in used:
        groups.setdefault(model or "unknown model", []).append(one)
    return groups


def total(usages: Iterable[Usage | None]) -> Usage:
    """The known usages together."""
    return sum((usage for usage in usages if usage is not None), Usage())


def over_budget(
    transcripts: Sequence[Transcript],
    budget: Budget,
    when: datetime | None = None,
    *,
    unread: Sequence[SentRequest] = (),
) -> list[str]:
    """What is over budget, or cannot be checked, in words: one text for each limit; empty when all limits hold.

    The texts say themselves which of the two they are: `... spent, ... allowed` or `llm_budget(...) cannot be checked`.

    `when` is the time of the recording for answers whose body does not say it. `unread` are requests that may have been
    paid for and whose answers no protocol reads: no limit can be checked with them.
    """
    transcripts = [answer for one in transcripts for answer in one.answers if answer.is_billed]
    problems: list[str] = [_unread(budget, unread)] if unread else []
    for name, count in (("input", _input), ("output", _output), ("total", _total_tokens)):
        limit: int | None = getattr(budget, f"{name}_tokens")
        if limit is not None:
            problems += _over_tokens(name, limit, transcripts, count)
    if budget.cost is not None:
        problems += _over_cost(budget.cost, transcripts, when)
    return problems


def _unread(budget: Budget, unread: Sequence[SentRequest]) -> str:
    limits = [f"{name}={limit}" for name in budget.__slots__ if (limit := getattr(budget, name)) is not None]
    return "\n".join(
        [
            f"llm_budget({', '.join(limits)}) cannot be checked: no wire protocol reads what these answered.",
            *(f"  {sent.method} {sent.url.partition('?')[0]}" for sent in unread),
            "Register a protocol for them (`pytest_llmcassette.protocols.registry.register`), or drop this budget.",
        ]
    )


def _over_tokens(
    name: str, limit: int, transcripts: Sequence[Transcript], count: Callable[[Usage], int | None]
) -> list[str]:
    label = f"{name} tokens" if name != "total" else "tokens"
    transcripts = [one for one in transcripts if not _is_timed(one)]
    counts = [None if one.usage is None else count(one.usage) for one in transcripts]
    lines = [f"  {_named(number, one)}: {_figure(spent)}" for number, (one, spent) in _each(transcripts, counts)]
    if None in counts:
        return [
            "\n".join(
                [
                    f"llm_budget({name}_tokens={limit}) cannot be checked: an answer reports no {label}.",
                    *lines,
                    "Ask for usage (OpenAI chat streams: stream_options={'include_usage': True}), or drop this limit.",
                ]
            )
        ]
    spent = sum(one or 0 for one in counts)
    return [] if spent <= limit else ["\n".join([f"{spent:,} {label} spent, {limit:,} allowed.", *lines])]


def _is_timed(answer: Transcript) -> bool:
    """Whether speech was written down by the second, which takes no tokens."""
    usage = answer.usage
    return (
        answer.kind == "transcription"
        and usage is not None
        and "seconds" in usage.billed_units
        and _input(usage) is None
    )


def _over_cost(limit: Decimal, transcripts: Sequence[Transcript], when: datetime | None) -> list[str]:
    prices = [price_of(transcript, when) for transcript in transcripts]
    spent = sum((price.cost for price in prices if price.cost is not None), Decimal(0))
    reasons = list(dict.fromkeys(price.reason for price in prices if price.cost is None))
    # What is unknown for one reason needs that reason once.
    unknown = "unknown" if len(reasons) == 1 else "unknown, {}"
    lines = [
        f"  {_named(number, one)}: {dollars(price.cost) if price.cost is not None else unknown.format(price.reason)}"
        for number, (one, price) in _each(transcripts, prices)
    ]
    if reasons:
        why = f"{reasons[0]}." if len(reasons) == 1 else "the cost of some exchanges is unknown."
        return ["\n".join([f"llm_budget(cost={limit}) cannot be checked: {why}", *lines])]
    return [] if spent <= limit else ["\n".join([f"{dollars(spent)} spent, {dollars(limit)} allowed.", *lines])]


def _each(transcripts: Sequence[Transcript], values: Sequence[_T]) -> list[tuple[int, tuple[Transcript, _T]]]:
    return list(enumerate(zip(transcripts, values, strict=True), 1))


def _named(number: int, transcript: Transcript) -> str:
    model = f", {transcript.model_name}" if transcript.model_name else ""
    return f"exchange {number} ({transcript.protocol}{model})"


def _figure(count: int | None) -> str:
    return "not reported" if count is None else f"{count:,}"


def _input(usage: Usage) -> int | None:
    return usage.input_tokens


def _output(usage: Usage) -> int | None:
    # Embeddings have no output; a host that says nothing at all of its tokens is another matter.
    return 0 if usage.output_tokens is None and usage.input_tokens is not None else usage.output_tokens


def _total_tokens(usage: Usage) -> int | None:
    if usage.total_tokens is not None:
        return usage.total_tokens
    return None if usage.input_tokens is None else usage.input_tokens + (usage.output_tokens or 0)


def dollars(cost: Decimal) -> str:
    """US dollars with at least two significant digits: `$1.25`, `$0.00042`; `$0` for nothing."""
    if not cost:
        return "$0"
    if abs(cost) >= 1:
        return f"${cost:,.2f}"
    places = max(2, 1 - cost.adjusted())
    return f"${cost:.{places}f}"


def recorded_at(path: Path) -> datetime | None:
    """When a cassette was last committed to git, for answers whose body says no time; None outside a repository.

    A shallow clone knows nothing of the time before its first commit: there the answer is None too.
    """
    return _last_commit(os.fspath(path.absolute()))


@lru_cache(maxsize=4096)
def _last_commit(path: str) -> datetime | None:
    folder = os.path.dirname(path)
    said = _git(folder, "log", "-1", "--format=%ct %P", "--", path)
    time, _, parents = said.partition(" ")
    if not time.isdecimal() or (not parents and _git(folder, "rev-parse", "--is-shallow-repository") == "true"):
        return None
    return datetime.fromtimestamp(int(time), UTC)


def _git(folder: str, *arguments: str) -> str:
    try:
        run = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return run.stdout.strip()
