"""What the reports of a marked test say: strictness, the recording that is kept or discarded, the figures."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

from pytest_llmcassette.errors import CassetteError, CassetteStop, NoCallsError, RequestNotRecorded, UnplayedError
from pytest_llmcassette.plugin import below_failures, cassette_report, secrets, strict, syrupy_session
from pytest_llmcassette.plugin.lifecycle import TestRun
from pytest_llmcassette.plugin.session import session_of
from pytest_llmcassette.plugin.stash import DIFFS, DISCARDED, GIVEN_FAULTS
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.transports.callers import is_of_a_library

_PROBLEMS: dict[type[BaseException], str] = {UnplayedError: "unplayed", NoCallsError: "no calls"}
"""What `use_cassette` raises in a test, in the words of `strict.Problem`."""


def revise(run: TestRun, call: pytest.CallInfo[None], made: pytest.TestReport) -> None:
    """Change a report that pytest has made; the last one closes the cassette and writes the recording."""
    _expect_no_miss(run, call, made)
    tell_misses(run, made)
    is_subtest = made.when == "call" and not run.body_is_over
    if call.excinfo is not None:
        run.problem = run.problem or _PROBLEMS.get(type(call.excinfo.value), "")
    if made.failed and not _is_strict_xpass(call, made):
        # What a fixture compared before the test was called says nothing about the rest.
        run.failed = run.failed or made.when == "setup" or not run.is_old_expectation(call.excinfo)
    elif not is_subtest and (not made.passed or hasattr(made, "wasxfail")):
        run.checks_unplayed = False
    if made.when == "setup":
        run.stopped_in_setup = not made.passed
        if not made.passed:
            run.tell()
    elif made.when == "teardown":
        _after_teardown(run, made)
    elif not is_subtest:
        _after_body(run, made)


def _after_body(run: TestRun, made: pytest.TestReport) -> None:
    # A failed subtest has told all there is to tell.
    if made.passed and not hasattr(made, "wasxfail") and not run.failed:
        problem = strict.after_body(run)
        if problem is not None:
            _fail(made, run, problem.text, problem.brief)
    else:
        run.tell()


def _after_teardown(run: TestRun, made: pytest.TestReport) -> None:
    run.close()
    if made.passed:
        problem = strict.after_teardown(run)
        if problem is not None:
            _fail(made, run, problem.text, problem.brief)
    if made.failed or not (run.body_is_over or run.stopped_in_setup):
        # With --setup-only there is no body, and so nothing that a recording could be good for.
        run.failed = True
    try:
        secrets.settle(run, made)
    except Exception:
        # Of a user's own rule. Out of a hook it would end the whole session.
        run.failed = True
        _fail(made, run, f"What {run.item.nodeid} leaves could not be redacted:\n{traceback.format_exc()}")
    kept = [_keep(run, recorder, made) for recorder in run.recorders]
    if run.failed:
        syrupy_session.withdraw(run.item)
    if GIVEN_FAULTS not in run.item.stash:
        cassette_report.attach(made, run, saved=any(kept))


def _is_strict_xpass(call: pytest.CallInfo[None], made: pytest.TestReport) -> bool:
    """Whether a test failed for passing: the traffic is good, the declaration is old."""
    error = None if call.excinfo is None else call.excinfo.value
    return str(made.longrepr).startswith("[XPASS(strict)]") or (
        isinstance(error, pytest.fail.Exception) and str(error.msg).startswith("Unexpected success")
    )


def _expect_no_miss(run: TestRun, call: pytest.CallInfo[None], made: pytest.TestReport) -> None:
    """A refused request is no expected failure, and no reason to skip: with a recording all might be different."""
    misses = run.untold
    error = None if call.excinfo is None else call.excinfo.value
    if not (made.skipped or hasattr(made, "wasxfail")) or not (misses or isinstance(error, CassetteStop)):
        return
    made.__dict__.pop("wasxfail", None)
    made.outcome = "failed"
    if misses and (not hasattr(made.longrepr, "addsection") or isinstance(error, pytest.xfail.Exception)):
        text = f"{misses[0]}\nA refused request is never an expected failure, nor a reason to skip."
        _fail(made, run, text, strict.brief_of(misses[0]))


def _keep(run: TestRun, recorder: Recorder, made: pytest.TestReport) -> bool:
    """Write a recording, or leave the old file as it is; whether anything was written."""
    if run.failed or recorder.misses:
        if any(sent.live for sent in recorder.sent):
            _note_discarded(made, recorder)
        return False
    try:
        if recorder.has_recorded:
            session_of(run.item.config).claim_writing(recorder.path)
        path = recorder.save()
        if recorder.has_recorded:
            session_of(run.item.config).has_written(recorder.path)
    except CassetteError as error:
        problem = str(error)
    except Exception:
        # Out of a hook it would end the whole session with an internal error.
        problem = f"The recording {recorder.path} could not be written:\n{traceback.format_exc()}"
    else:
        return path is not None
    run.failed = True
    _note_discarded(made, recorder)
    _fail(made, run, problem)
    return False


def _note_discarded(made: pytest.TestReport, recorder: Recorder) -> None:
    before = getattr(made, DISCARDED, "")
    setattr(made, DISCARDED, ", ".join(filter(None, [before, str(recorder.path)])))


def _fail(made: pytest.TestReport, run: TestRun, problem: str, brief: str = "") -> None:
    """Make this report one of a failure, as `pytest.fail(problem, pytrace=False)` in the test would have.

    `brief` is put first where pytest shows one line of a failure.
    """
    try:
        pytest.fail(problem, pytrace=False)
    except pytest.fail.Exception:
        shown = pytest.ExceptionInfo.from_current().getrepr(style="value")
    path, line, _ = run.item.reportinfo()
    if shown.reprcrash is not None:
        if brief:
            shown.reprcrash.message = f"{brief}\n{problem}"
        shown.reprcrash.path, shown.reprcrash.lineno = str(path), (line or 0) + 1
    made.outcome = "failed"
    made.longrepr = shown


def show_differences(item: pytest.Item, made: pytest.TestReport) -> None:
    """Show below a failure what pytest would have cut out of the assertion's explanation."""
    differences = item.stash.get(DIFFS, [])
    for lines in differences:
        below_failures.add_section(made, "llm_snapshot: - as accepted, + as it is now", lines)
    differences.clear()


def summarise(error: BaseException | None, made: pytest.TestReport) -> None:
    """Put a miss's request and cause first where pytest shows one line of a failure: its summary, JUnit's message."""
    crash = getattr(made.longrepr, "reprcrash", None)
    if isinstance(error, RequestNotRecorded) and error.summary and crash is not None:
        crash.message = f"{type(error).__name__}: {error.summary}\n{error}"


def tell_misses(run: TestRun, made: pytest.TestReport) -> None:
    """Show in a failure of another kind what was refused before it: an event loop that was given up, say, for that."""
    misses = run.untold
    shown: Any = made.longrepr
    if not made.failed or not misses or not hasattr(shown, "addsection"):
        return
    text = made.longreprtext
    untold = [miss for miss in misses if str(miss).partition("\n")[0] not in text]
    if untold:
        shown.addsection("refused before that", "\n".join(map(str, untold)))
        crash = getattr(shown, "reprcrash", None)
        if crash is not None:
            crash.message = f"{strict.brief_of(untold[0])}\n{untold[0]}\nThen: {crash.message}"


def advise(item: pytest.Item, failure: pytest.ExceptionInfo[BaseException] | None) -> None:
    """Name what makes the requests of a test by Hypothesis other ones in each run."""
    error = None if failure is None else failure.value
    if isinstance(error, RequestNotRecorded) and hasattr(getattr(item, "obj", None), "hypothesis"):
        error.add_note(
            "Hypothesis makes up other examples in each run. With @settings(derandomize=True), and a max_examples that "
            "you can afford, they are those of the recording."
        )


def shorten(item: pytest.Item, failure: pytest.ExceptionInfo[BaseException] | None) -> None:
    """Cut the frames of libraries off the end of a miss's traceback: what is missing is said in its message."""
    if failure is None or not isinstance(failure.value, CassetteStop):
        return
    if item.config.getoption("fulltrace", False) or item.config.getoption("usepdb", False):
        return
    last, entry = failure.tb, failure.tb.tb_next
    while entry is not None:
        if not is_of_a_library(entry.tb_frame.f_code.co_filename):
            last = entry
        entry = entry.tb_next
    # In the traceback itself: pytest makes its own list from it more than once.
    last.tb_next = None
