"""The cassettes that a test enters itself, with `use_cassette`: by the test's settings, and kept with its verdict."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmcassette.modes import RecordMode
from pytest_llmcassette.plugin import faults, interrupts, switches
from pytest_llmcassette.plugin.commands import how_to_record
from pytest_llmcassette.plugin.keys import Placeholders
from pytest_llmcassette.plugin.markers import CassetteMark
from pytest_llmcassette.plugin.redact_hook import redact_of

if TYPE_CHECKING:
    from pytest_llmcassette.plugin.baseline_file import Allowance
    from pytest_llmcassette.recorder.recorder import Recorder


class EnteredCassettes:
    """Those of one run of one test. It is what `pytest_llmcassette.context` knows of the test.

    `is_over` tells whether the test has failed, or ended early, so that nobody has to be told what it left undone.
    """

    def __init__(
        self,
        item: pytest.Item,
        mark: CassetteMark | None,
        is_over: Callable[[], bool],
        *,
        allowance: Allowance | None = None,
    ) -> None:
        self._item = item
        self._mark = mark
        self._is_over = is_over
        self._allowance = allowance
        self._open = 0
        self._given: Any = None
        self._placeholders = Placeholders()
        self.recorders: list[Recorder] = []
        """In the order in which they were entered."""
        self.unplayed = 0
        """How many recorded interactions their blocks did not ask for."""

    def open(self, path: Path, given: Mapping[str, Any]) -> Recorder:
        """A recorder for one block, with placeholder keys while any block is open; raises `ConfigError`."""
        # Imported here: what enters a cassette has imported them already.
        from pytest_llmcassette.llm_cassette import is_complete
        from pytest_llmcassette.recorder.recorder import Recorder

        item = self._item
        where = f'use_cassette("{path}")'
        config = switches.of_test(item, path, (where, given), self._mark, self._from_fixture())
        before = next((one for one in reversed(self.recorders) if one.has_recorded and _same(one.path, path)), None)
        exists = before is not None or path.exists()
        recorder = Recorder(
            path,
            config if before is None else switches.after_recording(config),
            how_to_record=how_to_record(item, RecordMode.REWRITE if exists else RecordMode.ONCE),
            how_to_add=how_to_record(item, RecordMode.NEW_EPISODES) if exists else "",
            owner=f"{where} in {item.nodeid}",
            is_complete=is_complete,
            after=before,
            redact=redact_of(item),
        )
        if self._allowance is not None:
            recorder.known_drift = self._allowance.known_drift()
        interrupts.watch(recorder)
        injections = faults.injections_of(item)
        if injections is not None:
            injections.put_in_force(recorder)
        self.recorders.append(recorder)
        if not self._open:
            self._placeholders.set(may_record=recorder.may_record)
        self._open += 1
        return recorder

    def leave(self, recorder: Recorder, *, ended_well: bool) -> bool:
        """A block has ended, without an exception or with one; whether what it has left undone is to be told."""
        self._open -= 1
        if not self._open:
            self._placeholders.restore()
        tells = ended_well and not self._is_over()
        if tells and not recorder.calls and self._was_hidden(recorder):
            return False
        injections = faults.injections_of(self._item)
        if tells and not recorder.misses and injections is not None and injections.has_struck:
            return False
        if tells and not (recorder.misses or recorder.config.allow_unplayed or recorder.is_altered):
            left = len(recorder.unplayed())
            self.unplayed += left
            if left and recorder.calls and self._allowance is not None and self._allowance.lets(left):
                return False
        return tells

    def _was_hidden(self, recorder: Recorder) -> bool:
        """Whether blocks that were entered within this one had its calls, and nothing was recorded for it."""
        within = self.recorders[self.recorders.index(recorder) + 1 :]
        return any(one.calls for one in within) and (recorder.config.allow_unplayed or not recorder.unplayed())

    def end(self) -> None:
        """The test is over, whatever is open."""
        self._placeholders.restore()

    def _from_fixture(self) -> Any:
        if self._given is None and not (self._mark is None and is_teardown()):
            request = getattr(self._item, "_request", None)
            self._given = {} if request is None else request.getfixturevalue("llm_cassette_config")
        return self._given


def is_teardown() -> bool:
    """Whether a test's fixtures are torn down: pytest gives out no other fixtures then."""
    return os.environ.get("PYTEST_CURRENT_TEST", "").endswith("(teardown)")


def _same(one: Path, other: Path) -> bool:
    return one == other or os.path.realpath(one) == os.path.realpath(other)
