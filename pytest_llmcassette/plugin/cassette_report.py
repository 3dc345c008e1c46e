"""The option `--cassette-report` and the section at the end of a run.

What a test did travels as an attribute of its teardown report, which xdist sends to the controller as it is: the
numbers are the same with `-n 4`, and those of a worker that crashed later are not lost.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmcassette.plugin import options
from pytest_llmcassette.plugin.stash import DISCARDED, LATE, LEFT_OVER

if TYPE_CHECKING:
    from pytest_llmcassette.plugin.lifecycle import TestRun
    from pytest_llmcassette.report.bad_days import BadDay
    from pytest_llmcassette.report.records import TestRecord

_OPTION = "cassette_report"
_ATTRIBUTE = "llmcassette"
_TERMINAL = "terminal"
_STRAYS = "pytest_llmcassette.recorder.strays"
_LOOKING = frozenset({"llm_cassette", "llm_snapshot"})
"""A test with one of these reads its answers anyway, so that the section at the end can have its usage for nothing."""


def add_option(group: pytest.OptionGroup) -> None:
    """`--cassette-report` and `--cassette-report=FILE.html`."""
    group.addoption(
        "--cassette-report",
        nargs="?",
        const=_TERMINAL,
        default=None,
        dest=_OPTION,
        metavar="FILE.html",
        help="print a matrix of provider and scenario with ages, tokens and costs; with FILE.html write it as a page "
        "that holds every conversation",
    )


def check_option(config: pytest.Config) -> None:
    """Raises `pytest.UsageError` when the option has swallowed a test path."""
    value = config.getoption(_OPTION)
    if value not in (None, _TERMINAL) and Path(value).suffix.lower() not in (".html", ".htm"):
        raise pytest.UsageError(
            f"--cassette-report takes a file that ends in .html, not {value!r}. "
            "To print the matrix, put --cassette-report after the test paths."
        )


def page_path(config: pytest.Config) -> Path | None:
    """Where the page goes, None when only text is wanted."""
    value = config.getoption(_OPTION)
    return None if value in (None, _TERMINAL) else Path(config.invocation_params.dir, value)


def attach(report: pytest.TestReport, run: TestRun, *, saved: bool) -> None:
    """Give a test's teardown report the record of what it did."""
    from pytest_llmcassette.plugin.commands import relative
    from pytest_llmcassette.plugin.naming import nodeid_of, provider_name
    from pytest_llmcassette.plugin.unused_cassettes import place_of
    from pytest_llmcassette.report.records import TestRecord

    item, recorder = run.item, run.recorder
    record = TestRecord(
        nodeid=item.nodeid,
        repeats="" if nodeid_of(item) == item.nodeid else nodeid_of(item),
        module=item.nodeid.partition("::")[0],
        scenario=_scenario(item),
        provider=provider_name(item),
        unplayed=run.unplayed,
        dead=0 if run.allowance is None else run.allowance.used,
        problem=run.problem,
        saved=saved,
        no_key=run.no_key,
        snapshot="llm_snapshot" in getattr(item, "fixturenames", ()),
    )
    wanted, root = item.config.getoption(_OPTION) is not None, item.config.rootpath
    if wanted or recorder is None or not recorder.exists_at_start:
        path, folder = place_of(item, None if recorder is None else recorder.path)
        path = run.entered[0].path if path is None and run.entered else path
        record.cassette = "" if path is None else relative(path, root)
        record.folder = "" if folder is None else relative(folder, root)
    recorders = run.recorders
    if recorders:
        from pytest_llmcassette.report.collect import collect, idle_places

        record.mode = str(recorders[0].mode)
        used = [one for one in recorders if one.calls] or recorders
        record.cassette, *record.further = dict.fromkeys(relative(one.path, root) for one in used)
        record.idle = idle_places(used, lambda path: relative(path, root))
        read = wanted or not _LOOKING.isdisjoint(getattr(item, "fixturenames", ()))
        for one in recorders:
            collect(record, one, read=read, priced=wanted, detailed=page_path(item.config) is not None)
    setattr(report, _ATTRIBUTE, record.to_json())
    setattr(report, LEFT_OVER, _left_over())


def _scenario(item: pytest.Item) -> str:
    """`TestChat.stream[plain]`: class, name without `test_`, parameters without the provider."""
    if not isinstance(item, pytest.Function):
        return item.name
    from pytest_llmcassette.plugin.naming import fields_of

    fields = fields_of(item)
    name = ".".join(word for word in (fields["class"], fields["scenario"]) if word)
    return f"{name}[{fields['params']}]" if fields["params"] else name


class CassetteReport:
    """Registered where results are shown: in a plain run, or in the controller of an xdist run."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._records: dict[str, TestRecord] = {}
        self._outcomes: dict[str, str] = {}
        self._reasons: dict[str, str] = {}
        self._told: dict[str, list[pytest.TestReport]] = {}
        """The reports of tests that are not over, as far as they say anything."""
        self._declared: set[str] = set()
        self._discarded: dict[str, str] = {}
        self._is_whole = True
        self.notes: list[str] = []
        """A line for each thing that nobody may miss, said last."""
        self.proof: list[str] = []
        """What the replay of the recordings has shown."""
        self.bad_days: Sequence[BadDay] = ()
        """What became of tests under the faults of `--cassette-faults`."""

    @property
    def is_whole(self) -> bool:
        """Whether all tests of the suite have run, so that what none of them has used is nobody's."""
        from pytest_llmcassette.plugin import unused_cassettes

        return self._is_whole and unused_cassettes.is_whole(self._config)

    def recorded(self) -> dict[str, str]:
        """The tests that a recording was saved of, in the order they ran in, with their outcomes."""
        return {nodeid: record.outcome for nodeid, record in self._records.items() if record.saved}

    def conversations(self) -> int:
        """How many tests passed that replayed WebSockets or gRPC calls alone."""
        return sum(record.only_converses for record in self._records.values())

    def outcomes(self) -> dict[str, tuple[str, str]]:
        """The outcome of each test, and the first line of what was wrong."""
        return {nodeid: (outcome, self._reasons.get(nodeid, "")) for nodeid, outcome in self._outcomes.items()}

    def pytest_sessionstart(self) -> None:
        """What another run in this process has left is not this one's."""
        _left_over()

    def pytest_deselected(self) -> None:
        """Some tests do not run, so that what they use looks unused."""
        self._is_whole = False

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """The same goes for a run that ended early."""
        ended = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        self._is_whole &= ended and not session.shouldstop and not session.shouldfail

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect outcomes and records as they come in."""
        self._forget_secrets(report)
        if report.when == "setup":
            self._outcomes[report.nodeid] = "passed"
        if hasattr(report, "wasxfail"):
            self._declared.add(report.nodeid)
        if report.failed:
            self._outcomes[report.nodeid] = "failed" if report.when == "call" else "error"
            self._reasons.setdefault(report.nodeid, _what_was_wrong(report.longreprtext))
        elif report.skipped and not hasattr(report, "wasxfail"):
            self._outcomes[report.nodeid] = "skipped"
            if isinstance(report.longrepr, tuple):
                self._reasons[report.nodeid] = str(report.longrepr[2]).removeprefix("Skipped: ")
        data: dict[str, Any] | None = getattr(report, _ATTRIBUTE, None)
        if data is not None:
            from pytest_llmcassette.report.records import TestRecord

            record = self._records[report.nodeid] = TestRecord.from_json(data)
            record.outcome = self._outcomes.get(report.nodeid, "passed")
            record.declared = report.nodeid in self._declared
            record.reason = self._reasons.get(report.nodeid, "")
            # A rerun has told what its first run had to.
            self._discarded.pop(report.nodeid, None)
            self.notes += getattr(report, LEFT_OVER, ())
            discarded = getattr(report, DISCARDED, None)
            if discarded is not None and not record.is_key_refused:
                self._discarded[report.nodeid] = f"recording discarded, since {report.nodeid} did not pass: {discarded}"

    def _forget_secrets(self, report: pytest.TestReport) -> None:
        """Before anybody else sees the report: its earlier ones may show what is known to be secret only now."""
        if report.when != "teardown":
            if report.longrepr is not None or report.sections:
                self._told.setdefault(report.nodeid, []).append(report)
            return
        earlier = self._told.pop(report.nodeid, [])
        if hasattr(report, LATE):
            from pytest_llmcassette.plugin import secrets

            secrets.sweep_earlier(self._config, report, earlier)
            self._reasons.update((one.nodeid, _what_was_wrong(one.longreprtext)) for one in earlier if one.failed)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The section, and the page where one was asked for."""
        wanted = self._config.getoption(_OPTION) is not None
        self.notes += self._discarded.values()
        self.notes += _left_over()
        if not (self._records or self.notes or self.proof or wanted):
            return
        from pytest_llmcassette.plugin import commands, run_end
        from pytest_llmcassette.report.advice import advice_lines, left_out_lines
        from pytest_llmcassette.report.summary import matrix_lines, summary_lines, unused_lines

        records, now = sorted(self._records.values(), key=lambda record: record.nodeid), time.time()
        verbosity = self._config.get_verbosity()
        lines = summary_lines(records, quiet=verbosity < 0 and not wanted, reasons=wanted or verbosity > 0)
        if wanted:
            lines += ["", *matrix_lines(records, width=terminalreporter._tw.fullwidth, now=now)]
        unused = self._unused(records) if wanted else []
        lines += unused_lines(unused)
        page = page_path(self._config)
        if page is not None:
            lines += ["", self._write(page, records, now, unused)]
        lines += left_out_lines(records)
        lines += advice_lines(
            records,
            argument=partial(commands.test_argument, self._config),
            rerun=commands.rerun_failed(self._config),
            theirs=options.neighbours_mode(self._config),
            failed=sum(outcome in ("failed", "error") for outcome in self._outcomes.values()),
        )
        lines += run_end.lines(self._config, records, self._outcomes, is_whole=self._is_whole)
        lines += self.proof
        if lines or self.notes:
            terminalreporter.write_sep("-", "cassettes")
        for line in lines:
            terminalreporter.write_line(line)
        for line in self.notes:
            terminalreporter.write_line(line, yellow=True)

    def _unused(self, records: Sequence[TestRecord]) -> list[str]:
        from pytest_llmcassette.plugin import unused_cassettes

        return unused_cassettes.unused(self._config, records) if self.is_whole else []

    def _write(self, file: Path, records: Sequence[TestRecord], now: float, unused: Sequence[str]) -> str:
        from pytest_llmcassette.plugin import commands
        from pytest_llmcassette.plugin.written import written
        from pytest_llmcassette.report.page import page

        text = page(
            records,
            title=self._config.rootpath.name,
            now=now,
            unused=unused,
            bad_days=self.bad_days,
            argument=partial(commands.replay_arguments, self._config),
        )
        return written("report", file, lambda file: file.write_text(text, "utf-8")) or f"report: {file}"


def _left_over() -> list[str]:
    """What was refused since the last call of what tests have left running."""
    told: dict[str, None] = vars(sys.modules[_STRAYS])["told"] if _STRAYS in sys.modules else {}
    said = [*told]
    told.clear()
    return said


def _what_was_wrong(text: str) -> str:
    return text_without_keys(line_of_failure(text))[:300]


def line_of_failure(text: str) -> str:
    """The line of a failure that says what was wrong: pytest marks it with `E`."""
    marked = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
    return (marked or text.splitlines() or [""])[0]


def text_without_keys(text: str) -> str:
    """`text` without the keys of the environment, which other libraries' errors may tell: the page is passed around."""
    from pytest_llmcassette.redaction import KnownSecrets, default_redactor

    known = KnownSecrets()
    known.learn_environment()
    return default_redactor().words(text, known)
