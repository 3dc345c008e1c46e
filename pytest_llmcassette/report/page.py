"""The report as one self-contained HTML page: no request leaves it, and all of a recording's text is escaped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.resources import files

from pytest_llmcassette.answers.accounting import dollars
from pytest_llmcassette.report.bad_days import BadDay
from pytest_llmcassette.report.matrix import (
    Matrix,
    State,
    age,
    cost_of,
    cost_words,
    matrix_of,
    models_of,
    natural,
    oldest,
    state_of,
    tokens,
    usage_words,
)
from pytest_llmcassette.report.page_bad_days import bad_days_html
from pytest_llmcassette.report.page_exchange import escaped, exchange_html, table
from pytest_llmcassette.report.records import ExchangeRecord, TestRecord, recorded_at, usage_of


def page(
    records: Sequence[TestRecord],
    *,
    title: str,
    now: float,
    unused: Sequence[str] = (),
    bad_days: Sequence[BadDay] = (),
    argument: Callable[[str], str] = str,
) -> str:
    """The whole page; `now` in seconds since 1970, `title` the project's name, `unused` cassettes that no test used.

    `bad_days` are runs under faults, `argument` makes a test's id one of a command line.
    """
    matrix = matrix_of(records)
    tests = sorted(records, key=lambda one: (one.module, natural(one.scenario), natural(one.provider or "")))
    anchors = {id(test): f"test-{number}" for number, test in enumerate(tests, 1)}
    written = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M UTC")
    body = "\n".join(
        [
            f"<h1>Cassette report</h1><p class='sub'>{escaped(title)} · {written}</p>",
            _facts(records),
            _matrix(matrix, anchors, now),
            bad_days_html(bad_days, argument),
            _models(records),
            _tests(tests, anchors, now),
            _unused(unused),
            "<footer>Written by pytest-llmcassette. Secrets were redacted when the cassettes were recorded; the words "
            "of the conversations were not.</footer>",
        ]
    )
    return _read("page.html").format(
        title=escaped(f"Cassette report · {title}"), style=_read("page.css"), body=body, script=_read("page.js")
    )


def _read(name: str) -> str:
    return files("pytest_llmcassette.report").joinpath(name).read_text("utf-8")


def _facts(records: Sequence[TestRecord]) -> str:
    states = [state_of(record) for record in records]
    exchanges = [exchange for record in records for exchange in record.exchanges]
    count = tokens(usage_of(exchanges))
    facts = [
        (str(len(records)), "tests with a cassette", ""),
        (str(sum(not one.live for one in exchanges)), "exchanges replayed", ""),
        (str(sum(one.live for one in exchanges)), "exchanges recorded", ""),
        (str(states.count(State.MISSING)), "without a recording", "is-odd" if State.MISSING in states else ""),
        (str(states.count(State.FAILED)), "failed", "is-bad" if State.FAILED in states else ""),
        ("-" if count is None else f"{count:,}", "tokens", ""),
        (*_rerecord(exchanges), ""),
    ]
    unplayed = sum(record.unplayed for record in records)
    if unplayed:
        facts.insert(3, (str(unplayed), "unplayed", "is-bad"))
    cards = "".join(
        f"<div class='fact {mood}'><b>{escaped(value)}</b><span>{name}</span></div>" for value, name, mood in facts
    )
    return f"<div class='facts'>{cards}</div>"


def _rerecord(exchanges: Sequence[ExchangeRecord]) -> tuple[str, str]:
    known, unknown = cost_of(exchanges, today=True)
    if unknown and not known:
        return "unknown", "price of recording all anew today"
    without = f", without {unknown} of unknown price" if unknown else ""
    return dollars(known), f"to record all anew today{without}"


def _matrix(matrix: Matrix, anchors: dict[int, str], now: float) -> str:
    if not matrix.rows:
        return "<h2>Providers and scenarios</h2><p class='card none'>No test with a cassette has run.</p>"
    head = "".join(f"<th scope='col'>{escaped(column)}</th>" for column in matrix.columns)
    corner = "Provider" if matrix.turned else "Scenario"
    rows = []
    for row in matrix.rows:
        cells = "".join(_cell(matrix.cells.get((row, column)), anchors, now) for column in matrix.columns)
        rows.append((row, cells))
    return table("Providers and scenarios", corner, head, rows)


def _cell(record: TestRecord | None, anchors: dict[int, str], now: float) -> str:
    if record is None:
        return "<td></td>"
    count = tokens(usage_of(record.exchanges))
    spent = "-" if count is None else f"{count:,} tokens"
    words = (oldest(record.exchanges, now), spent, cost_words(record.exchanges, today=True))
    said = " · ".join(word for word in words if word not in ("-", "unknown"))
    small = f"<span class='small'>{escaped(said)}</span>" if said else ""
    return f"<td>{_pill(state_of(record), anchors[id(record)])}{small}</td>"


def _pill(state: State, anchor: str | None = None) -> str:
    name = state.replace(" ", "-")
    if anchor is None:
        return f"<span class='pill {name}'>{state}</span>"
    return f"<a class='pill {name}' href='#{anchor}'>{state}</a>"


def _models(records: Sequence[TestRecord]) -> str:
    groups = models_of(exchange for record in records for exchange in record.exchanges)
    if not groups:
        return ""
    rows = []
    for model, group in groups:
        usage = usage_of(group)
        counts = (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens, usage.reasoning_output_tokens)
        figures = [str(len(group)), *("-" if count is None else f"{count:,}" for count in counts)]
        figures += [cost_words(group), cost_words(group, today=True)]
        rows.append((model, "".join(f"<td class='num'>{escaped(figure)}</td>" for figure in figures)))
    names = ("Answers", "Input", "of it cached", "Output", "of it reasoning", "Cost when recorded", "Re-record today")
    head = "".join(f"<th scope='col' class='num'>{name}</th>" for name in names)
    return table("Usage by model", "Model", head, rows)


def _unused(paths: Sequence[str]) -> str:
    if not paths:
        return ""
    names = "".join(f"<p class='where'>{escaped(path)}</p>" for path in paths)
    return f"<h2>Cassettes that no marked test used</h2><div class='card unused'>{names}</div>"


def _tests(tests: Sequence[TestRecord], anchors: dict[int, str], now: float) -> str:
    states = sorted({state_of(test) for test in tests})
    options = "".join(f"<option value='{state.replace(' ', '-')}'>{state}</option>" for state in states)
    tools = (
        "<div class='toolbar'><input id='words' type='search' placeholder='Search tests, models and words' "
        "aria-label='Search tests, models and words'>"
        f"<select id='state' aria-label='State'><option value=''>All states</option>{options}</select>"
        "<button id='all' type='button'>Open all</button></div><p id='none' class='card none' hidden>Nothing fits.</p>"
    )
    return "<h2>Conversations</h2>" + tools + "\n".join(_test(test, anchors[id(test)], now) for test in tests)


def _test(test: TestRecord, anchor: str, now: float) -> str:
    state = state_of(test)
    right = f"{len(test.exchanges)} exchange{'' if len(test.exchanges) == 1 else 's'}"
    if tokens(usage_of(test.exchanges)) is not None:
        right += f" · {usage_words(test.exchanges)}"
    who = f"<span class='who'>{escaped(test.provider)}</span>" if test.provider else ""
    when, words = recorded_at(test.exchanges), ""
    if when is not None:
        date = datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%d")
        words = f" · recorded {date} ({age(now - when)})"
    reason = f"<p class='where'>{escaped(test.reason)}</p>" if test.reason else ""
    exchanges = "".join(
        exchange_html(exchange, number, before)
        for number, (exchange, before) in enumerate(zip(test.exchanges, [None, *test.exchanges], strict=False), 1)
    )
    opened = " open" if state in (State.FAILED, State.MISSING) else ""
    return (
        f"<details class='card test' id='{anchor}' data-state='{state.replace(' ', '-')}'{opened}>"
        f"<summary>{_pill(state)}<b>{escaped(test.scenario)}</b>{who}<span class='right'>{right}</span></summary>"
        f"<p class='where'>{escaped(test.nodeid)}<br>{escaped(test.cassette)}{words}</p>{reason}{exchanges}</details>"
    )
