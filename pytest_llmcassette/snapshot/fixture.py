"""What `llm_snapshot` is: syrupy's assertion with our extension, `shape=True` and advice on a mismatch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from syrupy.assertion import DiffMode, SnapshotAssertion
from syrupy.location import PyTestLocation

from pytest_llmcassette.snapshot.difference import ADVICE, explanation
from pytest_llmcassette.snapshot.extension import LlmShapeExtension, LlmSnapshotExtension


class Hooks(NamedTuple):
    """What the plugin does about comparisons."""

    on_mismatch: Callable[[], None]
    """Called when a comparison failed: such a failure does not cost the test its recording."""
    show_below: Callable[[Sequence[str]], None] | None = None
    """Takes a diff that is too long for an assertion's explanation, to show it below the traceback."""
    is_out_of_force: Callable[[], bool] | None = None
    """Whether nothing is compared just now: under a fault what was answered is another thing."""


class LlmSnapshotAssertion(SnapshotAssertion):
    """`assert llm_cassette == llm_snapshot`; also compares a transcript, usage or the list of requests.

    Everything that syrupy's `snapshot` takes works here too: `llm_snapshot(name=..., exclude=..., matcher=...)`.
    """

    hooks = Hooks(lambda: None)

    def __call__(self, *, shape: bool = False, **options: Any) -> LlmSnapshotAssertion:
        """Options for the next comparison. `shape=True` compares kinds instead of values."""
        if shape:
            if options.get("extension_class") is not None:
                raise TypeError("llm_snapshot(shape=True) has an extension of its own: leave extension_class out.")
            options["extension_class"] = LlmShapeExtension
        super().__call__(**options)
        return self

    def with_defaults(self, **defaults: Any) -> LlmSnapshotAssertion:
        """A new assertion with these defaults, for a suite's own fixture."""
        twin = super().with_defaults(**defaults)
        assert isinstance(twin, LlmSnapshotAssertion)
        twin.hooks = self.hooks
        return twin

    def __eq__(self, other: object) -> bool:
        if self.hooks.is_out_of_force is not None and self.hooks.is_out_of_force():
            return True
        equal = super().__eq__(other)
        if not equal:
            self.hooks.on_mismatch()
        return equal

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        # syrupy's own holds the whole snapshot.
        return f"<llm_snapshot of {self.test_location.snapshot_name}>"

    def get_assert_diff(self, *, diff_mode: DiffMode = DiffMode.DETAILED) -> list[str]:
        """The difference as a diff of the conversation, and what to do about it."""
        diff = super().get_assert_diff(diff_mode=diff_mode)
        result = self.executions[self.num_executions - 1]
        if result.exception is not None or result.success:
            return diff
        if result.recalled_data is None:
            # All of it is new: pytest may cut it short, but not the advice.
            return [*diff[:1], ADVICE, *diff[1:]]
        if self.hooks.show_below is None:
            return [*diff, ADVICE]
        shown, is_cut = explanation(diff)
        if is_cut:
            self.hooks.show_below(diff)
        return shown


def llm_snapshot_from(snapshot: SnapshotAssertion, hooks: Hooks, *, test: str | None = None) -> LlmSnapshotAssertion:
    """The value of the fixture `llm_snapshot`, made from that of syrupy's own `snapshot`.

    `test` is the test's name as its snapshots are to have it: without the parameters of a plugin that repeats tests.
    """
    assertion = LlmSnapshotAssertion(
        session=snapshot.session,
        extension_class=LlmSnapshotExtension,
        test_location=_named(snapshot.test_location, test),
        update_snapshots=snapshot.update_snapshots,
        update_new_snapshots_only=snapshot.update_new_snapshots_only,
    )
    assertion.hooks = hooks
    return assertion


def _named(location: PyTestLocation, test: str | None) -> PyTestLocation:
    if test is None or test == location.testname:
        return location
    named = copy.copy(location)
    for field in ("testname", "nodename"):
        # A frozen dataclass, which syrupy itself fills in this way.
        object.__setattr__(named, field, test)
    return named
