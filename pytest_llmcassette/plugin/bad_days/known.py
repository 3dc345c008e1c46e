"""`--cassette-faults-baseline`: findings that a team knows and has not mended yet, in a file that only gets shorter."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_llmcassette.plugin import options
from pytest_llmcassette.plugin.baseline_file import quoted, write_text
from pytest_llmcassette.report.advice import plural
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
        more = [f"  ... and {len(over) - _MOST_NAMED} more"] if over[_MOST_NAMED:] else []
        head = f"{self.file.name} has what no longer occurs; remove it, or run with {options.FAULTS_BASELINE_UPDATE}:"
        return [head, *(f"  {one}" for one in over[:_MOST_NAMED]), *more]

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
        try:
            write_text(self.file, text_of(entries))
        except OSError as problem:
            return [f"The baseline could not be written to {self.file}: {problem.strerror}. Name another file."]
        return [f"{self.file.name} written: {plural(len(entries), 'finding')}"]


def known_of(config: pytest.Config) -> Known | None:
    """The run's baseline, None without one; raises `pytest.UsageError` for a file that cannot be used."""
    given, is_update = config.getoption(options.FAULTS_BASELINE), bool(config.getoption(options.FAULTS_BASELINE_UPDATE))
    where, folder = options.FAULTS_BASELINE, config.invocation_params.dir
    if given is None:
        given, where = options.ini_value(config, options.FAULTS_BASELINE_INI), options.FAULTS_BASELINE_INI
        folder = config.rootpath if config.inipath is None else config.inipath.parent
    if not given:
        if is_update:
            raise pytest.UsageError(
                f"{options.FAULTS_BASELINE_UPDATE} needs a file: {options.FAULTS_BASELINE}=FILE, or the ini option "
                f"{options.FAULTS_BASELINE_INI}."
            )
        return None
    file = Path(os.path.normpath(folder / given))
    if file.is_dir() or file.suffix in (".py", ".yaml", ".yml", ".ambr"):
        raise pytest.UsageError(f"{where}: {given} is no baseline. Name a file such as llm_faults.toml.")
    if not file.exists() and not is_update:
        raise pytest.UsageError(
            f"{where}: there is no file {file}. To write it: pytest {options.FAULTS} {options.FAULTS_BASELINE}={given} "
            f"{options.FAULTS_BASELINE_UPDATE}"
        )
    return Known(file, _read(file) if file.exists() else {}, is_update=is_update)


def _read(file: Path) -> Entries:
    try:
        tables: Mapping[str, Any] = tomllib.loads(file.read_text("utf-8"))
    except OSError as problem:
        raise pytest.UsageError(f"The baseline {file} cannot be read: {problem.strerror}.") from None
    except ValueError as problem:
        raise pytest.UsageError(
            f"The baseline {file} is no TOML: {problem}. Mend it (a merge may have left its marks), or delete it and "
            f"write it anew with {options.FAULTS_BASELINE_UPDATE}."
        ) from None
    entries: Entries = {}
    for test, table in tables.items():
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
    text = _HEAD
    for test, verdicts in tables.items():
        text += f"\n[{quoted(test)}]\n"
        for verdict, faults in sorted(verdicts.items()):
            name = quoted(verdict) if " " in verdict else verdict
            text += f"{name} = [{', '.join(map(quoted, faults))}]\n"
    return text
