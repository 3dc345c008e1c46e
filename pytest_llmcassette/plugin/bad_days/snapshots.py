"""Snapshots under a fault: none is compared, counted or written, but whether one would differ is noted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import pytest

from pytest_llmcassette.faults.injection import Injections

_UPDATE = "update_snapshots"


class Snapshots:
    """In force around one run of a test. `differ`: a comparison that was left out would have failed."""

    def __init__(self, item: pytest.Item, injections: Injections) -> None:
        self._item = item
        self._injections = injections
        self._session: Any = getattr(item.config, "_syrupy", None)
        self._patch = pytest.MonkeyPatch()
        self.differ = False

    def __enter__(self) -> Self:
        session, option = self._session, self._item.config.option
        if session is None:
            return self
        from syrupy.assertion import SnapshotAssertion

        from pytest_llmcassette.snapshot.fixture import LlmSnapshotAssertion

        self._patch.setattr(option, _UPDATE, False)
        # Copies: what is made of them in here is forgotten.
        for name in ("_assertions", "_queued_snapshot_writes", "_selected_items"):
            if hasattr(session, name):
                self._patch.setattr(session, name, getattr(session, name).copy())
        queue: Any = getattr(session, "_queued_snapshot_writes", {})
        for place, snapshots in list(queue.items()):
            queue[place] = dict(snapshots)
        for kind in (SnapshotAssertion, LlmSnapshotAssertion):
            self._patch.setattr(kind, "__eq__", self._comparing(kind.__eq__))
        return self

    def __exit__(self, *error: object) -> None:
        self._patch.undo()

    def _comparing(self, compare: Callable[[Any, object], bool]) -> Callable[[Any, object], bool]:
        def equal(assertion: Any, other: object) -> bool:
            if not self._injections.skips_snapshot():
                return compare(assertion, other)
            self.differ = self.differ or not _is_equal(assertion, other)
            return True

        return equal


def _is_equal(assertion: Any, other: object) -> bool:
    try:
        return bool(assertion._assert(other))
    except Exception:
        # There may be nothing to show: an answer without a transcript.
        return False
