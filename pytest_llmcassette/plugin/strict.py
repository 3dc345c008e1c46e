"""What a test that passed has to be told all the same: misses that were swallowed, silence, unplayed recordings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.errors import CassetteError, CassetteStop
from pytest_llmcassette.plugin import budget, faults
from pytest_llmcassette.plugin.lifecycle import TestRun
from pytest_llmcassette.recorder.recorder import Recorder


class Problem(NamedTuple):
    """Why a test failed: the whole text, and a few words for the line that pytest's summary has for it."""

    text: str
    brief: str = ""
    kind: str = ""
    """`unplayed`, `no calls`, `budget` or, where the misses tell the rest, nothing."""


def after_body(run: TestRun) -> Problem | None:
    """Why a test whose call passed has failed, the gravest reason first; None if it holds.

    What was recorded in a teardown is left for `after_teardown`. An exceeded budget is no failure of the traffic.
    """
    try:
        problem = _swallowed(run) or _silence(run) or _unstruck(run) or _unplayed(run, in_teardown=False)
    except CassetteError as error:
        problem = Problem(str(error))
    if problem is not None:
        run.failed = True
        run.problem = problem.kind
        return problem
    limits = None if is_altered(run) else budget.budget_of(run.item)
    exceeded = None if limits is None else budget.over_budget(limits, run.recorders)
    if exceeded is None:
        return None
    run.problem = "budget"
    return Problem(exceeded, kind="budget")


def after_teardown(run: TestRun) -> Problem | None:
    """The same for what happened, or should have happened, while fixtures were torn down."""
    try:
        problem = _swallowed(run)
        if problem is None and run.checks_unplayed and not run.failed:
            problem = _unplayed(run, in_teardown=True)
    except CassetteError as error:
        # An unreadable cassette is told by now, unless all calls went to others that the teardown has entered.
        problem = Problem(str(error))
    return problem


def _swallowed(run: TestRun) -> Problem | None:
    misses = run.untold
    run.tell()
    if not misses:
        return None
    return Problem(f"The code under test swallowed this, and went on:\n{misses[0]}", f"swallowed {brief_of(misses[0])}")


def brief_of(miss: CassetteStop) -> str:
    """What was refused and why, in a few words."""
    return f"{type(miss).__name__}: {getattr(miss, 'summary', '') or miss}"


def is_altered(run: TestRun) -> bool:
    """Whether a fault has struck: what was not asked for after it, and what was spent, says nothing."""
    return any(recorder.is_altered for recorder in run.recorders)


def _unstruck(run: TestRun) -> Problem | None:
    injections = faults.injections_of(run.item)
    idle = [] if injections is None else injections.idle
    return Problem(idle[0].why_not(), f"{idle[0].fault.name} has not struck", "no fault") if idle else None


def _silence(run: TestRun) -> Problem | None:
    recorder, mark = run.recorder, run.mark
    if recorder is None or recorder.config.allow_no_calls or _has_called(run):
        return None
    if not recorder.exists_at_start and (mark is None or not mark.is_own):
        return None
    return Problem(
        f"{recorder.owner} is marked with @pytest.mark.cassette, but no request was intercepted.\n"
        "Check that the code under test is really called, and not mocked; else remove the mark, or set "
        "allow_no_calls=True.",
        "no request was intercepted",
        "no calls",
    )


def _has_called(run: TestRun) -> bool:
    """Whether anything was requested, with the mark's cassette or with one that the test entered itself."""
    return any(recorder.calls for recorder in run.recorders)


def _unplayed(run: TestRun, *, in_teardown: bool) -> Problem | None:
    recorder = run.recorder
    if recorder is None or recorder.config.allow_unplayed or not _has_called(run) or is_altered(run):
        return None
    unplayed = [one for one in recorder.unplayed() if (one.phase == "teardown") is in_teardown]
    run.unplayed += len(unplayed)
    if not unplayed or (run.allowance is not None and run.allowance.lets(len(unplayed))):
        return None
    # Imported here: most tests ask for all that is recorded.
    from pytest_llmcassette.recorder.conversation import in_words

    run.problem = "unplayed"
    first = unplayed[0].request
    return Problem(
        f"{recorder.path} holds {_count(unplayed)} that {recorder.owner} did not ask for"
        f"{' while its fixtures were torn down' if in_teardown else ''}:\n"
        + "\n".join(f"  {in_words(recorder, one)}" for one in unplayed[:10])
        + ("\n  ..." if len(unplayed) > 10 else "")
        + "\n"
        + _of_baseline(run)
        + _what_to_do(recorder),
        f"{_count(unplayed)} unplayed: {first.method} {urlsplit(first.url).path}",
        "unplayed",
    )


def _of_baseline(run: TestRun) -> str:
    allowed = 0 if run.allowance is None else run.allowance.entry.unplayed
    return f"The baseline lets this test leave {allowed}.\n" if allowed else ""


def _what_to_do(recorder: Recorder) -> str:
    # Behind the command is what to know of a cassette that is shared: one test alone would record it for itself.
    command, _, sharing = recorder.how_to_record.partition("\n")
    if sharing:
        return f"{sharing}\nIf all of them are to ask for the same: {command}"
    return (
        f"Record it again: {command}\nOr drop what no test asks for: llmcassette prune, after a run of all tests.\n"
        "If it may stay: allow_unplayed=True."
    )


def _count(unplayed: Sequence[Interaction]) -> str:
    return f"{len(unplayed)} interaction{'' if len(unplayed) == 1 else 's'}"
