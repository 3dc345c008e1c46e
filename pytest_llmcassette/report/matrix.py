"""Provider x scenario: the state of each test's recording, and what is left of it when it is added up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from pytest_llmcassette.answers.accounting import by_model, dollars
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.report.records import ExchangeRecord, TestRecord, recorded_at, usage_of

NO_PROVIDER = "(no provider)"


class State(StrEnum):
    """What became of one test's recording in this run."""

    REPLAYED = "replayed"
    RECORDED = "recorded"
    MISSING = "missing"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNUSED = "no calls"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Records by row and column, both sorted, so that a run with workers shows the same.

    Scenarios run down, (module, scenario), and providers across; the other way round (`turned`) where there are more
    providers than scenarios, which fits a screen better.
    """

    turned: bool
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: dict[tuple[str, str], TestRecord]


def state_of(record: TestRecord) -> State:
    """The one word for a cell: a failure matters more than where its answers came from."""
    if record.missing:
        return State.MISSING
    if record.outcome in ("failed", "error"):
        return State.FAILED
    if record.outcome == "skipped":
        return State.SKIPPED
    if record.recorded:
        return State.RECORDED
    return State.REPLAYED if record.exchanges else State.UNUSED


def matrix_of(records: Sequence[TestRecord]) -> Matrix:
    """The records as a matrix. With several test modules a scenario is named with its module."""
    several = len({one.module for one in records}) > 1
    named = [(f"{one.module}: {one.scenario}" if several else one.scenario, provider_of(one), one) for one in records]
    scenarios = tuple(sorted({scenario for scenario, _, _ in named}, key=natural))
    providers = tuple(sorted({provider for _, provider, _ in named}, key=natural))
    turned = len(providers) > len(scenarios)
    return Matrix(
        turned=turned,
        rows=providers if turned else scenarios,
        columns=scenarios if turned else providers,
        cells={(p, s) if turned else (s, p): record for s, p, record in named},
    )


def natural(name: str) -> tuple[bool, list[str | int]]:
    """A sort key: `a2` before `a10`, tests without a provider last."""
    words = re.split(r"(\d+)", name)
    return name == NO_PROVIDER, [int(word) if index % 2 else word for index, word in enumerate(words)]


def models_of(exchanges: Iterable[ExchangeRecord]) -> list[tuple[str, list[ExchangeRecord]]]:
    """The LLM calls by model, in the models' natural order."""
    groups = by_model((one.model, one) for one in exchanges if one.protocol is not None)
    return sorted(groups.items(), key=lambda item: natural(item[0]))


def provider_of(record: TestRecord) -> str:
    """The provider's name, or a stand-in for tests that have none."""
    return record.provider or NO_PROVIDER


def age(seconds: float) -> str:
    """`now`, `5m`, `3h`, `12d`, `8mo`, `2y`."""
    for limit, unit, name in (
        (60, 0, "now"),
        (3600, 60, "m"),
        (86400, 3600, "h"),
        (60 * 86400, 86400, "d"),
        (730 * 86400, 30.44 * 86400, "mo"),
    ):
        if seconds < limit:
            return name if not unit else f"{int(seconds // unit)}{name}"
    return f"{int(seconds // (365.25 * 86400))}y"


def tokens(usage: Usage) -> int | None:
    """Input and output together; None when neither is known."""
    if usage.input_tokens is None and usage.output_tokens is None:
        return None
    return (usage.input_tokens or 0) + (usage.output_tokens or 0)


def cost_of(exchanges: Sequence[ExchangeRecord], *, today: bool = False) -> tuple[Decimal, int]:
    """The known costs added up, and how many exchanges with usage have none. `today`: by today's prices."""
    found = [one.rerecord_cost if today else one.cost for one in exchanges if _is_billed(one)]
    return sum((Decimal(cost) for cost in found if cost is not None), Decimal(0)), found.count(None)


def _is_billed(exchange: ExchangeRecord) -> bool:
    """An LLM call, unless it came to nothing but an error."""
    return exchange.protocol is not None and (exchange.error is None or exchange.usage is not None)


def cost_words(exchanges: Sequence[ExchangeRecord], *, today: bool = False) -> str:
    """`$0.0012`, `$0.0012 + 3 unknown`, `unknown`; `-` when there is nothing to price."""
    known, unknown = cost_of(exchanges, today=today)
    priced = sum(_is_billed(one) for one in exchanges) - unknown
    if not priced:
        return "unknown" if unknown else "-"
    return dollars(known) + (f" + {unknown} unknown" if unknown else "")


def oldest(exchanges: Sequence[ExchangeRecord], now: float) -> str:
    """The age of the oldest recording, `-` when there is none or the time of any is unknown."""
    when = recorded_at(exchanges)
    return "-" if when is None else age(now - when)


def usage_words(exchanges: list[ExchangeRecord]) -> str:
    """The tokens in and out, and what is billed by other units; `-` when nothing is known."""
    usage = usage_of(exchanges)
    words = [f"{count:,} {name}" for name, count in sorted(usage.billed_units.items())]
    if tokens(usage) is not None:
        words.insert(0, f"{usage.input_tokens or 0:,} in, {usage.output_tokens or 0:,} out")
    return ", ".join(words) or "-"
