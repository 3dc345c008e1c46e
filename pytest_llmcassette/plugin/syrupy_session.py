"""The one place that knows syrupy's insides: what a failed test has queued is taken back, what it has is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest


def withdraw(item: pytest.Item) -> None:
    """Drop the snapshots that this test has queued: syrupy would write them although the test failed."""
    session: Any = getattr(item.config, "_syrupy", None)
    queue: Any = getattr(session, "_queued_snapshot_writes", None)
    if not isinstance(queue, dict):
        return
    for place, snapshots in list(queue.items()):
        if not isinstance(snapshots, dict):
            continue
        for key in [key for key in snapshots if getattr(key[0], "item", None) is item]:
            del snapshots[key]
        if not snapshots:
            del queue[place]
    for assertion in getattr(session, "_assertions", ()):
        if assertion.test_location.item is not item:
            continue
        # Else the summary would call them generated or updated.
        for index, result in assertion.executions.items():
            if result.created or result.updated:
                assertion.executions[index] = replace(result, created=False, updated=False, success=False)


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
