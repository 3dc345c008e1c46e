"""The one place that knows syrupy's insides: what a failed test has queued is taken back, what it has is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from pytest_llmcassette.plugin.stash import INCOMPLETE

_NOT_RUNNING = ("collectonly", "setuponly", "setupplan", "showfixtures", "show_fixtures_per_test")
"""Options of pytest with which no test is called."""
_UNUSED = "disable_unused_snapshots"
"""Where syrupy keeps its option --snapshot-disable-unused."""

_NEEDED = {
    "_queued_snapshot_writes": "the snapshots of tests that failed are written all the same",
    "_assertions": "the snapshots of tests that failed are counted as generated or updated",
    "_selected_items": "--snapshot-update deletes the snapshots that a failed test did not come to",
}
"""What we use of syrupy's session under private names, and what happens where a newer syrupy has them no more."""


def protect(session: pytest.Session, exitstatus: int) -> None:
    """Before syrupy ends its session: let it call no snapshot unused, and delete none, if not all tests have run.

    It would take those of every test that did not run for nobody's.
    """
    option = session.config.option
    if not hasattr(session.config, "workerinput") and not _is_complete(session, exitstatus):
        session.config.stash[INCOMPLETE] = getattr(option, _UNUSED, False)
        setattr(option, _UNUSED, True)


def before_summary(config: pytest.Config) -> None:
    """Else syrupy would say that the user has switched this off, and that it is not recommended."""
    if INCOMPLETE in config.stash:
        setattr(config.option, _UNUSED, config.stash[INCOMPLETE])
        report: Any = getattr(getattr(config, "_syrupy", None), "report", None)
        if hasattr(report, "discovered"):
            report.discovered = type(report.discovered)()


def _is_complete(session: pytest.Session, exitstatus: int) -> bool:
    config = session.config
    ended = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
    return (
        exitstatus in ended
        and INCOMPLETE not in config.stash
        and not session.shouldstop
        and not session.shouldfail
        and not any(config.getoption(option, False) for option in _NOT_RUNNING)
        and not _lacks_modules(config)
    )


def _lacks_modules(config: pytest.Config) -> bool:
    """Whether a module could not be imported, or skips as a whole (`importorskip`): its tests are not there to run."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    stats: dict[str, list[object]] = {} if reporter is None else reporter.stats
    reports = [*stats.get("error", ()), *stats.get("skipped", ())]
    return any(isinstance(report, pytest.CollectReport) for report in reports)


def interrupted(item: pytest.Item) -> None:
    """Ctrl-C, `pytest.exit`, an internal error: nobody knows how this test would have ended, so it writes nothing."""
    item.config.stash.setdefault(INCOMPLETE, False)
    withdraw(item)


def lines(config: pytest.Config) -> list[str]:
    """What the end of the run says of snapshots."""
    said = []
    if INCOMPLETE in config.stash and config.getoption("update_snapshots", False):
        said.append("snapshots: not all tests have run, so that none was deleted as unused")
    session = getattr(config, "_syrupy", None)
    gone = [] if session is None else [effect for name, effect in _NEEDED.items() if not hasattr(session, name)]
    if gone:
        said.append(f"pytest-llmcassette does not know this version of syrupy, so that {'; '.join(gone)}")
    return said


def withdraw(item: pytest.Item) -> None:
    """Drop the snapshots that this test has queued: syrupy would write them although the test failed."""
    session: Any = getattr(item.config, "_syrupy", None)
    queue: Any = getattr(session, "_queued_snapshot_writes", None)
    if not isinstance(queue, dict):
        return
    for snapshots, key in list(_queued(item)):
        del snapshots[key]
    for place in [place for place, snapshots in queue.items() if snapshots == {}]:
        del queue[place]
    for assertion in getattr(session, "_assertions", ()):
        if assertion.test_location.item is not item:
            continue
        # Else the summary would call them generated or updated.
        for index, result in assertion.executions.items():
            if result.created or result.updated:
                assertion.executions[index] = replace(result, created=False, updated=False, success=False)


def has_queued(item: pytest.Item) -> bool:
    """Whether any snapshot of this test waits to be written at the end of the run."""
    return any(True for _ in _queued(item))


def rewrite(item: pytest.Item, words: Callable[[str], str]) -> None:
    """Change the text of the snapshots that this test has queued."""
    for snapshots, key in list(_queued(item)):
        if isinstance(snapshots[key], str):
            snapshots[key] = words(snapshots[key])


def _queued(item: pytest.Item) -> Iterator[tuple[dict[Any, Any], Any]]:
    """Where the snapshots are that this test has queued: a dict and a key in it."""
    queue: Any = getattr(getattr(item.config, "_syrupy", None), "_queued_snapshot_writes", None)
    for snapshots in queue.values() if isinstance(queue, dict) else ():
        if isinstance(snapshots, dict):
            yield from ((snapshots, key) for key in snapshots if getattr(key[0], "item", None) is item)


def keep(item: pytest.Item) -> None:
    """Let syrupy take no snapshot of this test for unused: it failed, perhaps before it came to its comparisons.

    Else `--snapshot-update` would delete what a test that stopped at a miss has not compared.
    """
    selected: Any = getattr(getattr(item.config, "_syrupy", None), "_selected_items", None)
    if isinstance(selected, dict) and item.nodeid in selected:
        # To syrupy a skipped test is one whose snapshots nobody could have used.
        selected[item.nodeid] = type(selected[item.nodeid])("skipped")


def claim_files(item: pytest.Item) -> None:
    """Tell syrupy whose the snapshot files of providers are, before any test has asked: `item` uses `llm_snapshot`.

    It learns of an extension from the assertions that were made. When every test was skipped (recording without a key)
    it would take our files for nobody's, and `--snapshot-update` would delete them.
    """
    session: Any = getattr(item.config, "_syrupy", None)
    if session is None:
        return
    from syrupy.assertion import SnapshotAssertion
    from syrupy.extensions.amber import AmberSnapshotExtension
    from syrupy.location import PyTestLocation

    from pytest_llmcassette.snapshot.extension import LlmSnapshotExtension

    # Making an assertion announces its extension. Of two that find one file the last decides, so ours comes last.
    for extension in (AmberSnapshotExtension, LlmSnapshotExtension):
        SnapshotAssertion(
            session=session, extension_class=extension, test_location=PyTestLocation(item), update_snapshots=False
        )
