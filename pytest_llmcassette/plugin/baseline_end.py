"""What a run says of its baseline at the end, and the file that an update writes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from pytest_llmcassette.plugin import baseline_file
from pytest_llmcassette.plugin.baseline import UPDATE
from pytest_llmcassette.plugin.baseline_file import Baseline, Entry
from pytest_llmcassette.plugin.commands import relative
from pytest_llmcassette.report.advice import first_of, plural
from pytest_llmcassette.report.records import TestRecord

_MOST_NAMED = 10


def lines(
    baseline: Baseline, records: Sequence[TestRecord], *, root: Path, ran: Collection[str], is_whole: bool
) -> list[str]:
    """The lines; `ran` are the ids of all tests of the run, of which an entry that names none is left over."""
    found, shown = _found(records, baseline), f"baseline {relative(baseline.file, root)}"
    if baseline.is_update:
        return _write(baseline, records, found, ran if is_whole else None, shown)
    used = {test: entry for test, entry in found.items() if entry != Entry()}
    lines = []
    if used:
        lines.append(f"{shown} lets through: {_counted(used)}")
    over = _over(baseline, found, ran if is_whole else None)
    if over:
        lines.append(f"{shown} has what no longer occurs; remove it, or run with {UPDATE}:")
        lines += first_of(over, _MOST_NAMED)
    return lines


def _counted(entries: dict[str, Entry]) -> str:
    values = sum(len(entry.ignore_json) for entry in entries.values())
    dead = sum(entry.unplayed for entry in entries.values())
    parts = [f"{plural(values, 'JSON value')} that differ{'s' if values == 1 else ''}"] if values else []
    parts += [f"{plural(dead, 'unplayed recording')}"] if dead else []
    return f"{plural(len(entries), 'test')} with {' and '.join(parts)}"


def _found(records: Sequence[TestRecord], baseline: Baseline) -> dict[str, Entry]:
    """What occurred in the tests that did not fail; of repetitions all together.

    One that skipped or failed as expected may have stopped before the rest: what its entry has stays.
    """
    found: dict[str, Entry] = {}
    failed = {one.test for one in records if one.outcome in ("failed", "error")}
    for one in records:
        if one.test in failed:
            continue
        stopped = one.outcome == "skipped" or one.declared
        before = found.get(one.test) or (baseline.entries.get(one.test) if stopped else None) or Entry()
        paths = tuple(sorted({*before.ignore_json, *one.drift}))
        found[one.test] = Entry(paths, max(before.unplayed, one.dead))
    return found


def _over(baseline: Baseline, found: dict[str, Entry], ran: Collection[str] | None) -> list[str]:
    over = []
    for test, entry in sorted(baseline.entries.items()):
        now = found.get(test)
        if now is None:
            if ran is not None and test not in ran:
                over.append(f"{test}: there is no such test")
            continue
        gone = [path for path in entry.ignore_json if path not in now.ignore_json]
        if gone:
            over.append(f"{test}: ignore_json {', '.join(gone)}")
        if now.unplayed < entry.unplayed:
            over.append(f"{test}: unplayed = {entry.unplayed}, now {now.unplayed}")
    return over


def _write(
    baseline: Baseline,
    records: Sequence[TestRecord],
    found: dict[str, Entry],
    ran: Collection[str] | None,
    shown: str,
) -> list[str]:
    kept = {test: entry for test, entry in baseline.entries.items() if ran is None or test in ran}
    entries = {test: entry for test, entry in {**kept, **found}.items() if entry != Entry()}
    problem = baseline_file.write(baseline.file, baseline_file.text_of(entries))
    if problem:
        return [problem]
    said = _counted(entries) if entries else "no test has a difference"
    lines = [f"{shown} written: {said}"]
    red = [one for one in records if one.outcome in ("failed", "error")]
    if red:
        lines.append(
            f"not in it: {plural(len(red), 'test')} that failed; a baseline takes JSON values and dead recordings"
        )
    return lines
