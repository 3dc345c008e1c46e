"""The one place that knows syrupy's insides: taking back what a failed test has queued."""

from __future__ import annotations

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
