"""The section at the end of a run, and the matrix as text."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_llmcassette.report.advice import first_of, plural
from pytest_llmcassette.report.matrix import (
    Matrix,
    State,
    cost_words,
    matrix_of,
    models_of,
    natural,
    oldest,
    provider_of,
    state_of,
    usage_words,
)
from pytest_llmcassette.report.records import ExchangeRecord, TestRecord, usage_of

_MARKS = {
    State.REPLAYED: "ok",
    State.RECORDED: "REC",
    State.MISSING: "miss",
    State.FAILED: "FAIL",
    State.SKIPPED: "skip",
    State.UNUSED: "-",
}
_MOST_NAMED = 10


def summary_lines(records: Sequence[TestRecord], *, quiet: bool = False, reasons: bool = True) -> list[str]:
    """Counts, and usage by model; empty when there is nothing to say (`quiet`: when everything was just replayed).

    `reasons` says why costs are unknown, also where all of them are: for those who asked for costs.
    """
    # One cause, which a line of advice names: nothing of it is worth counting.
    records = [one for one in records if not one.is_key_refused]
    replayed = sum(one.replayed for one in records)
    recorded = sum(one.recorded for one in records)
    unplayed = sum(one.unplayed for one in records)
    missing = sum(one.missing for one in records)
    if not (replayed or recorded or unplayed or missing) or (quiet and not (recorded or unplayed or missing)):
        return []
    counts = [(replayed, "replayed"), (recorded, "recorded"), (unplayed, "unplayed")]
    words = [f"{count} {word}" for count, word in counts if count or word != "unplayed"]
    if missing:
        words.append(f"{missing} test(s) without a recording")
    files = len({file for one in records if one.exchanges or one.unplayed for file in (one.cassette, *one.further)})
    lines = [f"{', '.join(words)} ({plural(files, 'cassette')})"]
    lost = sum(one.recorded for one in records if not one.saved)
    if lost:
        lines.append(f"{lost} of the recorded were not kept: their tests failed")
    usage = _by_model([exchange for one in records for exchange in one.exchanges], why=reasons)
    unread = sum(one.unread for one in records)
    if usage and unread:
        usage.append(f"without {plural(unread, 'answer')} that no test looked at; --cassette-report reads all")
    return lines + usage + _uncounted([exchange for one in records for exchange in one.exchanges if exchange.uncounted])


def _uncounted(exchanges: list[ExchangeRecord]) -> list[str]:
    if not exchanges:
        return []
    names = sorted({f"{one.method} {one.target.partition('?')[0]}" for one in exchanges})
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return [
        f"not counted, but perhaps paid for: {plural(len(exchanges), 'answer')} that no wire protocol reads "
        f"({', '.join(names[:_MOST_NAMED])}{more})"
    ]


def _by_model(exchanges: list[ExchangeRecord], *, why: bool) -> list[str]:
    groups = models_of(exchanges)
    if not groups:
        return []
    priced = any(one.cost is not None or (why and one.cost_reason is not None) for one in exchanges)
    rows: list[tuple[str, ...]] = [("model", "answers", "input", "output", "cost" if priced else "")]
    for model, group in groups:
        usage = usage_of(group)
        figures = [f"{count:,}" if count is not None else "-" for count in (usage.input_tokens, usage.output_tokens)]
        rows.append((model, str(len(group)), *figures, cost_words(group) if priced else ""))
    if not why:
        return table(rows)
    reasons = sorted({one.cost_reason for one in exchanges if one.cost is None and one.cost_reason})
    more = [f"... and {len(reasons) - 3} more reasons"] if len(reasons) > 3 else []
    return table(rows) + [f"cost unknown: {reason}" for reason in reasons[:3]] + more


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns side by side, the first to the left, figures to the right."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def matrix_lines(records: Sequence[TestRecord], *, width: int, now: float) -> list[str]:
    """The matrix, in bands of columns that fit `width`, then a line for each provider. `now` in seconds since 1970."""
    matrix = matrix_of(records)
    if not matrix.rows:
        return ["no test with a cassette has run"]
    lines: list[str] = []
    for band in _bands(matrix, width):
        rows: list[tuple[str, ...]] = [("", *band)]
        for row in matrix.rows:
            cells = [matrix.cells.get((row, column)) for column in band]
            if any(cells):
                rows.append((row, *(_cell(cell, now) for cell in cells)))
        lines += [*table(rows), ""]
    return [*lines, *_totals(records, now), *_problems(records)]


def _bands(matrix: Matrix, width: int) -> list[tuple[str, ...]]:
    label = max(len(row) for row in matrix.rows)
    bands: list[list[str]] = [[]]
    used = label
    for column in matrix.columns:
        needed = max(len(column), len("FAIL 99mo")) + 2
        if bands[-1] and used + needed > width:
            bands.append([])
            used = label
        bands[-1].append(column)
        used += needed
    return [tuple(band) for band in bands]


def _cell(record: TestRecord | None, now: float) -> str:
    if record is None:
        return ""
    mark, when = _MARKS[state_of(record)], oldest(record.exchanges, now)
    return mark if when == "-" else f"{mark} {when}"


def _totals(records: Sequence[TestRecord], now: float) -> list[str]:
    names = ("provider", "replayed", "recorded", "missing", "failed", "oldest", "tokens", "re-record")
    rows: list[tuple[str, ...]] = [names]
    shown = (State.REPLAYED, State.RECORDED, State.MISSING, State.FAILED)
    for provider in sorted({provider_of(record) for record in records}, key=natural):
        own = [record for record in records if provider_of(record) == provider]
        states = [state_of(record) for record in own]
        exchanges = [exchange for record in own for exchange in record.exchanges]
        counts = [str(states.count(state)) for state in shown]
        cost = cost_words(exchanges, today=True)
        rows.append((provider, *counts, oldest(exchanges, now), usage_words(exchanges), cost))
    return table(rows)


def _problems(records: Sequence[TestRecord]) -> list[str]:
    """Skips are grey in most suites; a provider whose recordings were skipped should not look complete."""
    reasons = sorted({record.reason for record in records if record.outcome == "skipped" and record.reason})
    return [f"skipped: {reason}" for reason in reasons]


def unused_lines(unused: Sequence[str]) -> list[str]:
    """The cassettes that no test used, the first ten by name."""
    if not unused:
        return []
    head = f"{plural(len(unused), 'cassette')} that no marked test of this run used:"
    return ["", head, *first_of(unused, _MOST_NAMED)]
