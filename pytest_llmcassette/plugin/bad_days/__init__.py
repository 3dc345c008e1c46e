"""`--cassette-faults`: a whole suite through every bad day, without a line of test code.

After its ordinary run, and inside the same `pytest_runtest_protocol`, each marked test that replays and passes is run
once more for each fault that fits. Nobody is told of these runs but us: they are no tests in counts, in JUnit's file
and in xdist's accounting.

- `wanted`: which faults on which exchanges. `runs`: the runs, pytest's protocol without its reports.
- `clock`, `limit`, `quiet`: what a run waits for, how long it may take, what it must not leave behind.
- `child`: a run in a process of its own. `judge`: the verdict. `known`: the baseline. `end`: what is said of them all.
"""

from __future__ import annotations

import pytest

from pytest_llmcassette.plugin.bad_days.end import Outcome, WorkersNotes
from pytest_llmcassette.plugin.bad_days.runs import Runs
from pytest_llmcassette.plugin.bad_days.wanted import words_of
from pytest_llmcassette.plugin.cassette_report import CassetteReport


def register(config: pytest.Config, report: CassetteReport | None) -> None:
    """Where tests run, and where results are shown (`report`); raises `pytest.UsageError` for what makes no sense."""
    words = words_of(config)
    if report is None:
        runs = Runs(config, words, WorkersNotes(config).add)
    else:
        outcome = Outcome(config, report, words)
        config.pluginmanager.register(outcome, "llmcassette-bad-days-outcome")
        runs = Runs(config, words, outcome.days.append)
    config.pluginmanager.register(runs, "llmcassette-bad-days")
