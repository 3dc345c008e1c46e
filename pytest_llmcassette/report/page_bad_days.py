"""Tests and faults on the page: the whole matrix, and each finding with the command that repeats it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pytest_llmcassette.report.bad_days import SHOWN, BadDay, command, counted, findings, is_finding, matrix_of
from pytest_llmcassette.report.page_exchange import escaped, table


def bad_days_html(days: Sequence[BadDay], argument: Callable[[str], str]) -> str:
    """The section; empty where no test was taken through a fault."""
    if not days:
        return ""
    matrix = matrix_of(days)
    head = "".join(f"<th scope='col'>{escaped(fault)}</th>" for fault in matrix.faults)
    rows = [(test, "".join(_cell(matrix.cells.get((test, fault))) for fault in matrix.faults)) for test in matrix.tests]
    note = f"<p class='sub'>{escaped(counted(days))}</p>"
    return table("Bad days", "Test", head, rows, note=note) + _findings(days, argument)


def _cell(day: BadDay | None) -> str:
    if day is None:
        return "<td></td>"
    said = ". ".join(filter(None, [day.sentence.rstrip("."), day.detail]))
    return f"<td><span class='pill {_mood(day)}' title='{escaped(said)}'>{_word(day)}</span></td>"


def _word(day: BadDay) -> str:
    return f"{day.verdict} (known)" if day.known else day.verdict


def _mood(day: BadDay) -> str:
    """The page's own colours of a state."""
    if day.fails:
        return "failed"
    if is_finding(day):
        return "missing"
    return "skipped" if day.verdict in SHOWN else "replayed"


def _findings(days: Sequence[BadDay], argument: Callable[[str], str]) -> str:
    sections = []
    for verdict, found in findings(days):
        items = "".join(_finding(day, argument) for day in found)
        opened = " open" if verdict.fails else ""
        sections.append(
            f"<details class='card'{opened}><summary><span class='pill {_mood(found[0])}'>{verdict}</span>"
            f"<b>{escaped(verdict.meaning)}</b><span class='right'>{len(found)}</span></summary>{items}</details>"
        )
    return "".join(sections)


def _finding(day: BadDay, argument: Callable[[str], str]) -> str:
    said = f"<br>{escaped(day.detail)}" if day.detail else ""
    return (
        f"<p class='where'>{escaped(day.nodeid)}: {escaped(day.asked)}{' (known)' if day.known else ''}{said}<br>"
        f"<code>{escaped(command(day, argument))}</code></p>"
    )
