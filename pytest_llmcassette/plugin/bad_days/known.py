"""`--cassette-faults-baseline`: findings that a team knows and has not mended yet, in a file that only gets shorter."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_llmcassette.plugin import options
from pytest_llmcassette.plugin.baseline import file_of
from pytest_llmcassette.plugin.baseline_file import as_toml, tables_of, write
from pytest_llmcassette.report.advice import first_of, plural
from pytest_llmcassette.report.bad_days import FAILING, BadDay

_HEAD = """\
# Faults that these tests do not stand yet: see docs/faults.md of pytest-llmcassette.
# Written by pytest --cassette-faults --cassette-faults-baseline-update. Delete what is mended: it is to get shorter.
"""
_MOST_NAMED = 10

Entries = dict[tuple[str, str], str]
"""The verdict by test and by fault, as `--cassette-faults` takes it."""


class Known:
    """The file as it was when the run started, and whether this run writes it anew."""

    def __init__(self, file: Path, entries: Entries, *, is_update: bool) -> None:
        self.file = file
        self.entries = entries
        self.is_update = is_update

    def accept(self, days: Iterable[BadDay]) -> None:
        """Mark what the file has; an update knows all."""
        for day in days:
            if day.verdict in FAILING:
                day.known = self.is_update or self.entries.get((day.nodeid, day.asked)) == day.verdict

    def lines(self, days: Sequence[BadDay], *, ran: Collection[str] | None, took_all: bool) -> list[str]:
        """What is left over in the file, or that it was written.

        `ran` are the ids of all tests, None where not all have run; `took_all`: no fault was left out.
        """
        if self.is_update:
            return self._write(days, ran)
        over = [f"{test}: {verdict} {asked}: {why}" for (test, asked), verdict, why in self._over(days, ran, took_all)]
        if not over:
            return []
        head = f"{self.file.name} has what no longer occurs; remove it, or run with {options.FAULTS_BASELINE_UPDATE}:"
        return [head, *first_of(over, _MOST_NAMED)]

    def _over(
        self, days: Sequence[BadDay], ran: Collection[str] | None, took_all: bool
    ) -> Iterable[tuple[tuple[str, str], str, str]]:
        now = {(day.nodeid, day.asked): day.verdict for day in days}
        tests = {day.nodeid for day in days}
        for place, verdict in sorted(self.entries.items()):
            if place in now:
                if now[place] != verdict:
                    yield place, verdict, f"now {now[place]}"
            elif place[0] in tests:
                if took_all and "@" not in place[1]:
                    yield place, verdict, "that fault does not fit it any more"
            elif ran is not None and place[0] not in ran:
                yield place, verdict, "there is no such test"

    def _write(self, days: Sequence[BadDay], ran: Collection[str] | None) -> list[str]:
        now = {(day.nodeid, day.asked) for day in days}
        entries = {
            place: verdict
            for place, verdict in self.entries.items()
            if place not in now and (ran is None or place[0] in ran)
        }
        entries |= {(day.nodeid, day.asked): day.verdict for day in days if day.verdict in FAILING}
        problem = write(self.file, text_of(entries))
        return [problem or f"{self.file.name} written: {plural(len(entries), 'finding')}"]


def known_of(config: pytest.Config) -> Known | None:
    """The run's baseline, None without one; raises `pytest.UsageError` for a file that cannot be used."""
    option, update = options.FAULTS_BASELINE, options.FAULTS_BASELINE_UPDATE
    command = f"pytest {options.FAULTS}"
    file = file_of(config, option, update, options.FAULTS_BASELINE_INI, example="llm_faults.toml", command=command)
    return None if file is None else Known(file, _read(file), is_update=bool(config.getoption(update)))


def _read(file: Path) -> Entries:
    entries: Entries = {}
    for test, table in tables_of(file, options.FAULTS_BASELINE_UPDATE).items():
        found: Mapping[str, Any] = table if isinstance(table, dict) else {"": None}
        for verdict, faults in found.items():
            listed = isinstance(faults, list) and all(isinstance(one, str) for one in faults)
            if verdict not in FAILING or not listed:
                raise pytest.UsageError(
                    f"The baseline {file}: the entry {test}: it has lists of faults under {', '.join(FAILING)}, and "
                    "nothing else."
                )
            entries.update({(test, fault): verdict for fault in faults})
    return entries


def text_of(entries: Entries) -> str:
    """The whole file: a table for each test, sorted."""
    tables: dict[str, dict[str, list[str]]] = {}
    for (test, fault), verdict in sorted(entries.items()):
        tables.setdefault(test, {}).setdefault(verdict, []).append(fault)
    return _HEAD + as_toml(tables)
