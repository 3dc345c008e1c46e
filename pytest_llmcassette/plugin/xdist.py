"""Where results are shown: in a plain run, or in the controller of an xdist run."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from pytest_llmcassette.plugin import options
from pytest_llmcassette.plugin.cassette_report import CassetteReport
from pytest_llmcassette.plugin.stash import CLAIMS, CONTROLLER, INCOMPLETE, RUN_STARTED


def register(config: pytest.Config) -> None:
    """Register the report, and what xdist's own hooks need, where they exist: unknown hooks are an error."""
    report = None if hasattr(config, "workerinput") else CassetteReport(config)
    if config.getoption(options.FAULTS) is not None:
        # Imported here, as below: only for those who have asked for it.
        from pytest_llmcassette.plugin import bad_days

        bad_days.register(config, report)
    if report is None:
        return
    config.pluginmanager.register(report, "llmcassette-report")
    if options.proves(config) or config.getoption(options.PROOF_FILE):
        from pytest_llmcassette.plugin import prove

        prove.register(config, report)
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(Controller(report), CONTROLLER)


class Controller:
    """xdist's hooks. Not warnings: `-W error` would turn them into internal errors."""

    def __init__(self, report: CassetteReport) -> None:
        self._report = report
        self._started = time.time_ns()
        self.folder: Path | None = None
        """Where workers leave what they share with each other, and with this process."""

    def pytest_configure_node(self, node: Any) -> None:
        """Tell each worker when the run began and where claims are: no cassette may be written by two of them."""
        if self.folder is None:
            self.folder = Path(tempfile.mkdtemp(prefix="llmcassette-"))
        node.workerinput[RUN_STARTED] = self._started
        node.workerinput[CLAIMS] = str(self.folder)

    def pytest_unconfigure(self) -> None:
        """The run is over; a claim is good for one run only."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def pytest_testnodedown(self, node: Any, error: object | None) -> None:
        """A worker that crashed takes the test it was running along."""
        if error:
            node.config.stash.setdefault(INCOMPLETE, False)
            self._report.notes.append(
                f"{node.gateway.id} crashed: the cassettes report lacks the test it was running, and its recording"
            )
