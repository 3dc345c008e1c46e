"""What a run says of its bad days when it ends, and what it writes: exit status, text, JSON, baseline."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pytest_llmcassette.plugin import commands, options
from pytest_llmcassette.plugin.bad_days.known import known_of
from pytest_llmcassette.plugin.bad_days.wanted import ALL
from pytest_llmcassette.plugin.cassette_report import CassetteReport
from pytest_llmcassette.plugin.stash import CLAIMS, CONTROLLER
from pytest_llmcassette.plugin.written import written
from pytest_llmcassette.report.bad_days import BadDay, as_json, counted, worst_first
from pytest_llmcassette.report.bad_days_text import lines

_COMPLETE = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)


class WorkersNotes:
    """Where a worker of xdist leaves each result at once: what it sends at its end is lost with it."""

    def __init__(self, config: pytest.Config) -> None:
        worker: dict[str, Any] = getattr(config, "workerinput", {})
        self._folder, self._name = Path(worker[CLAIMS]), f"{worker['workerid']}.jsonl"

    def add(self, day: BadDay) -> None:
        """A line for each."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / self._name).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(day)) + "\n")


class Outcome:
    """Registered where results are shown: in a plain run, or in the controller of an xdist run."""

    def __init__(self, config: pytest.Config, report: CassetteReport, words: Sequence[str]) -> None:
        self._config = config
        self._report = report
        self._words = words
        self._known = known_of(config)
        self._lines: list[str] = []
        self.days: list[BadDay] = []

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """All results are there, also after Ctrl-C: those until then."""
        self.days += _of_workers(getattr(self._config.pluginmanager.get_plugin(CONTROLLER), "folder", None))
        days = self.days = worst_first(self.days)
        complete = session.exitstatus in _COMPLETE and not session.shouldstop and not session.shouldfail
        if self._known is not None:
            self._known.accept(days)
            ran = self._report.outcomes().keys() if complete and self._report.is_whole else None
            self._lines += self._known.lines(days, ran=ran, took_all=self._words == (ALL,))
        if not complete:
            self._lines.append("the run did not come to its end: not every test was taken through faults")
        self._write_json(complete)
        self._report.bad_days = days
        if any(day.fails for day in days) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _write_json(self, complete: bool) -> None:
        given = self._config.getoption(options.FAULTS_JSON)
        if given is None:
            return
        file = Path(self._config.invocation_params.dir, given)
        results = as_json(self.days, partial(commands.replay_arguments, self._config), complete=complete)
        text = json.dumps(results, indent=1) + "\n"
        problem = written("results", file, lambda file: file.write_text(text, "utf-8"))
        self._lines.append(problem or f"all results: {file}")

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The matrix, and what fails the run."""
        if self._config.getoption("collectonly"):
            return
        failing = [day for day in self.days if day.fails]
        terminalreporter.write_sep("-", "bad days", red=bool(failing))
        argument = partial(commands.replay_arguments, self._config)
        conversations = self._report.conversations()
        width = terminalreporter._tw.fullwidth
        for line in lines(self.days, width=width, argument=argument, conversations=conversations):
            terminalreporter.write_line(line)
        for line in self._lines:
            terminalreporter.write_line(line)
        if failing:
            terminalreporter.write_line(f"bad days: {counted(failing)}", red=True)
            if self._known is None:
                terminalreporter.write_line(
                    f"To accept these and nothing new: {options.FAULTS_BASELINE}=FILE {options.FAULTS_BASELINE_UPDATE}"
                )


def _of_workers(folder: Path | None) -> list[BadDay]:
    files = [] if folder is None else sorted(folder.glob("*.jsonl"))
    found = [line for file in files for line in file.read_text("utf-8").splitlines()]
    # A worker that was killed may have left half a line.
    return [BadDay(**json.loads(line)) for line in found if line.endswith("}")]
