"""`--cassette-prove`: what a run has just recorded is replayed at once, offline, in a process of its own.

A recording run sees more than its recording holds: headers that are left out, failures that were retried, the order in
which threads came. Whatever a test makes of that turns red at the first replay, and here while the keys are at hand.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from pytest_llmcassette.plugin import options
from pytest_llmcassette.plugin.cassette_report import CassetteReport
from pytest_llmcassette.plugin.child_arguments import command_of, run, test_of
from pytest_llmcassette.report.advice import plural

_MOST_NAMED = 20
_COMPLETE = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
_LAST_WORDS = 15
"""Lines of a replay that could not even run."""

Result = Mapping[str, tuple[str, str]]
"""Of each test its outcome, and the first line of what was wrong."""


def register(config: pytest.Config, report: CassetteReport) -> None:
    """Where results are shown: prove at the end of a run that is to, and leave the result at the end of its replay."""
    kind = Prover if config.getoption(options.PROOF_FILE) is None else Replay
    config.pluginmanager.register(kind(config, report), "llmcassette-prover")


class Replay:
    """In the process that replays."""

    def __init__(self, config: pytest.Config, report: CassetteReport) -> None:
        self._config = config
        self._report = report

    def pytest_sessionfinish(self) -> None:
        """Leave the result for the run that started it."""
        Path(self._config.getoption(options.PROOF_FILE)).write_text(json.dumps(self._report.outcomes()), "utf-8")


class Prover:
    """In the run that records."""

    def __init__(self, config: pytest.Config, report: CassetteReport) -> None:
        self._config = config
        self._report = report

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """After syrupy has written the snapshots: the replay compares with them."""
        recorded = self._report.recorded()
        if not recorded:
            if self._config.getoption(options.PROVE) or options.command_line(self._config)[1] not in (None, "none"):
                self._report.proof.append("nothing was recorded, so that there is nothing to prove")
            return
        if session.exitstatus not in _COMPLETE:
            self._report.proof.append("the run did not come to its end: what it recorded was not proved")
            return
        failed, lines = self._prove(recorded)
        self._report.proof += lines
        if failed and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _prove(self, recorded: Mapping[str, str]) -> tuple[bool, list[str]]:
        """Whether the replay of these tests fails, and what to say; `recorded` has their outcomes while recording."""
        with tempfile.TemporaryDirectory(prefix="llmcassette-") as folder:
            result = Path(folder, "result.json")
            ended = run(self._config, list(self._command(Path(folder), result, list(recorded))))
            if ended.returncode not in _COMPLETE or not result.exists():
                said = (ended.stdout + ended.stderr).strip().splitlines()[-_LAST_WORDS:]
                return True, [f"the replay of what was recorded ended with exit status {ended.returncode}:", *said]
            replayed = {nodeid: (word, reason) for nodeid, (word, reason) in json.loads(result.read_text()).items()}
        lines, tests = list(differences(recorded, replayed)), plural(len(recorded), "recorded test")
        if not lines:
            return False, [f"{tests} replayed offline as recorded"]
        more = [f"... and {len(lines) - _MOST_NAMED} more"] if lines[_MOST_NAMED:] else []
        return True, [
            f"{len(lines)} of {tests} failed when replayed, with nothing but the recording:",
            *lines[:_MOST_NAMED],
            *more,
        ]

    def _command(self, folder: Path, result: Path, nodeids: Sequence[str]) -> Iterator[str]:
        yield from command_of(self._config, folder)
        yield f"--{options.PROOF_FILE.replace('_', '-')}={result}"
        tests = [test_of(self._config, nodeid) for nodeid in nodeids]
        if pytest.version_tuple < (8, 2):
            yield from tests
            return
        # A command line of any length would not do for some systems.
        listed = folder / "tests.txt"
        listed.write_text("\n".join(tests) + "\n", "utf-8")
        yield f"@{listed}"


def differences(recorded: Mapping[str, str], replayed: Result) -> Iterator[str]:
    """A line for each test that fails in the replay, and did not fail in the same run that recorded it."""
    for nodeid, outcome in recorded.items():
        word, reason = replayed.get(nodeid, ("missing", "the replay did not run this test"))
        if word in ("failed", "error", "missing") and outcome not in ("failed", "error"):
            yield f"  {nodeid}: {reason}"
