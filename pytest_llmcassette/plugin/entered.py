"""The cassettes of a test: how each is opened, and those that it enters itself, which are kept with its verdict."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.modes import RecordMode
from pytest_llmcassette.plugin import baseline, faults, interrupts, switches
from pytest_llmcassette.plugin.commands import how_to_record
from pytest_llmcassette.plugin.keys import Placeholders
from pytest_llmcassette.plugin.markers import CassetteMark
from pytest_llmcassette.plugin.redact_hook import redact_of
from pytest_llmcassette.recorder.recorder import Recorder


class EnteredCassettes:
    """Those of one run of one test. It is what `pytest_llmcassette.context` knows of the test."""

    def __init__(self, item: pytest.Item, mark: CassetteMark | None) -> None:
        self.item = item
        self.mark = mark
        self.allowance = baseline.allowance_of(item)
        """What a baseline lets through; None without one."""
        self.entered: list[Recorder] = []
        """In the order in which they were entered."""
        self.unplayed = 0
        """How many recorded interactions were not asked for, with any of its cassettes."""
        self.failed = False
        """For another reason than an old expectation."""
        self.checks_unplayed = True
        """Until it ends otherwise than by passing: then it may have stopped before it came to all its requests."""
        self._open = 0
        self._given: Any = None
        self._placeholders_of_blocks = Placeholders()

    def recorder_of(
        self,
        path: Path,
        config: CassetteConfig,
        *,
        owner: str,
        exists: bool,
        note: str = "",
        after: Recorder | None = None,
    ) -> Recorder:
        """A recorder that meets the test's faults and its baseline; a `note` stands below the commands that record."""
        item = self.item
        recorder = Recorder(
            path,
            config,
            how_to_record=how_to_record(item, RecordMode.REWRITE if exists else RecordMode.ONCE) + note,
            how_to_add=how_to_record(item, RecordMode.NEW_EPISODES) + note if exists else "",
            owner=owner,
            is_complete=_is_complete,
            after=after,
            redact=redact_of(item),
        )
        if self.allowance is not None:
            recorder.known_drift = self.allowance.known_drift()
        injections = faults.injections_of(item)
        if injections is not None:
            injections.put_in_force(recorder)
        interrupts.watch(recorder)
        return recorder

    def open(self, path: Path, given: Mapping[str, Any]) -> Recorder:
        """A recorder for one block, with placeholder keys while any block is open; raises `ConfigError`."""
        where = f'use_cassette("{path}")'
        config = switches.of_test(self.item, path, (where, given), self.mark, self._from_fixture())
        before = next((one for one in reversed(self.entered) if one.has_recorded and _same(one.path, path)), None)
        recorder = self.recorder_of(
            path,
            config if before is None else switches.after_recording(config),
            owner=f"{where} in {self.item.nodeid}",
            exists=before is not None or path.exists(),
            after=before,
        )
        self.entered.append(recorder)
        if not self._open:
            self._placeholders_of_blocks.set(may_record=recorder.may_record)
        self._open += 1
        return recorder

    def leave(self, recorder: Recorder, *, ended_well: bool) -> bool:
        """A block has ended, without an exception or with one; whether what it has left undone is to be told."""
        self._open -= 1
        if not self._open:
            self._placeholders_of_blocks.restore()
        tells = ended_well and not self.failed and self.checks_unplayed
        if tells and not recorder.calls and self._was_hidden(recorder):
            return False
        injections = faults.injections_of(self.item)
        if tells and not recorder.misses and injections is not None and injections.has_struck:
            return False
        if tells and not (recorder.misses or recorder.config.allow_unplayed or recorder.is_altered):
            left = len(recorder.unplayed())
            self.unplayed += left
            if left and recorder.calls and self.allowance is not None and self.allowance.lets(left):
                return False
        return tells

    def _was_hidden(self, recorder: Recorder) -> bool:
        """Whether blocks that were entered within this one had its calls, and nothing was recorded for it."""
        within = self.entered[self.entered.index(recorder) + 1 :]
        return any(one.calls for one in within) and (recorder.config.allow_unplayed or not recorder.unplayed())

    def close(self) -> None:
        """The test is over, whatever is open."""
        self._placeholders_of_blocks.restore()

    def _from_fixture(self) -> Any:
        if self._given is None and not (self.mark is None and is_teardown()):
            request = getattr(self.item, "_request", None)
            self._given = {} if request is None else request.getfixturevalue("llm_cassette_config")
        return self._given


def _is_complete(interaction: Interaction) -> bool:
    # Imported here: replaying alone needs no wire protocol.
    from pytest_llmcassette.llm_cassette import is_complete

    return is_complete(interaction)


def is_teardown() -> bool:
    """Whether a test's fixtures are torn down: pytest gives out no other fixtures then."""
    return os.environ.get("PYTEST_CURRENT_TEST", "").endswith("(teardown)")


def _same(one: Path, other: Path) -> bool:
    return one == other or os.path.realpath(one) == os.path.realpath(other)
