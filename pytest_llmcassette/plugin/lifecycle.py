"""One run of a marked test: its cassette is opened before the first fixture and closed when the report is made."""

from __future__ import annotations

import itertools
import os
import sys
from types import CodeType, FrameType, TracebackType
from typing import Any

import pytest

from pytest_llmcassette.errors import CassetteError, CassetteStop
from pytest_llmcassette.plugin import faults, interrupts, naming, switches
from pytest_llmcassette.plugin.entered import EnteredCassettes, is_teardown
from pytest_llmcassette.plugin.keys import Placeholders
from pytest_llmcassette.plugin.markers import CassetteMark, cassette_mark, parameters_of
from pytest_llmcassette.plugin.session import session_of
from pytest_llmcassette.plugin.stash import OPENER, RUN
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.in_force import Entry
from pytest_llmcassette.recorder.recorder import Recorder

_UNITTEST = os.path.join("unittest", "case.py")
_COMPARERS = ("pytest_llmcassette", "syrupy")


class TestRun(EnteredCassettes):
    """The state of one run of one test with cassettes; a rerun starts with a new one.

    Without a `mark` it has those alone that it enters itself.
    """

    __test__ = False

    def __init__(self, item: pytest.Item, mark: CassetteMark | None) -> None:
        super().__init__(item, mark)
        self.recorder: Recorder | None = None
        """The mark's."""
        self.stopped_in_setup = False
        """Skipped there, or failed: the test function was not called."""
        self.body_is_over = False
        self._told: set[int] = set()
        """The misses that a report has had its chance to tell, by their ids."""
        self.told_without: frozenset[str] | None = None
        """The secrets that its reports do not show; None where they say nothing but that all went well."""
        self._mismatch: tuple[CodeType, int] | None = None
        """Where the last failed `llm_snapshot` comparison was made."""
        self.problem = ""
        """In a word or two what a test that passed was failed for."""
        self.no_key = ""
        """The unset variable for want of which nothing was recorded."""
        self._entry: Entry | None = None
        self._placeholders = Placeholders()

    @property
    def recorders(self) -> list[Recorder]:
        """The mark's, and those that the test has entered itself."""
        return [*([] if self.recorder is None else [self.recorder]), *self.entered]

    @property
    def untold(self) -> list[CassetteStop]:
        """What was refused and no report has told yet."""
        return [miss for one in self.recorders for miss in one.misses if id(miss) not in self._told]

    def tell(self) -> None:
        """All that was refused until now has been told."""
        self._told.update(map(id, self.untold))

    def open_marked(self, request: pytest.FixtureRequest) -> None:
        """Put the mark's cassette and placeholder keys in force; skips a test that is certain to record without a key.

        Raises `CassetteError`.
        """
        from pytest_llmcassette import transports

        item, mark = self.item, self.mark
        assert isinstance(item, pytest.Function)
        assert mark is not None
        session = session_of(item.config)
        given, folder, name = (request.getfixturevalue(f"llm_cassette_{what}") for what in ("config", "dir", "name"))
        is_overridden = naming.is_overridden(item, "llm_cassette_name")
        name = _name_of(item, mark, name, is_overridden=is_overridden)
        path = naming.file_at(item.path.parent / folder, name, session.template.suffix)
        session.note_user(path, item, is_named=is_overridden or mark.name is not None)
        exists, config = path.exists(), switches.of_test(item, path, None, mark, given)
        injections = faults.injections_of(item)
        sharing = "" if config.allow_unplayed or not exists else session.sharing(path, item)
        note = f"\n{sharing}" if sharing else ""
        if injections is not None:
            note = f"\n{faults.NOTHING_IS_RECORDED}{note}"
        recorder = self.recorder = self.recorder_of(path, config, owner=item.nodeid, exists=exists, note=note)
        provider = parameters_of(item).get("llm_provider")
        if recorder.will_record and provider is not None and not getattr(provider, "has_key", True):
            self.no_key = provider.api_key_env
            raise pytest.skip.Exception(
                f"{provider.api_key_env} is not set, so that nothing can be recorded from {provider.name} "
                f"(record mode {recorder.mode})",
                _use_item_location=True,
            )
        transports.install(defer_tls=session.defer_tls)
        recorder.prepare()
        if injections is not None:
            faults.skip_what_does_not_fit(item, injections)
        if recorder.may_record:
            from pytest_llmcassette.llm_cassette import prepare_to_record

            prepare_to_record()
        variable = getattr(provider, "api_key_env", None)
        self._placeholders.set([variable] if variable else [], may_record=recorder.may_record)
        self._entry = in_force.push(recorder)

    def note_mismatch(self) -> None:
        """An `llm_snapshot` comparison has just failed: remember where."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and str(frame.f_globals.get("__name__", "")).partition(".")[0] in _COMPARERS:
            frame = frame.f_back
        self._mismatch = None if frame is None else (frame.f_code, frame.f_lineno)

    def is_old_expectation(self, failure: pytest.ExceptionInfo[BaseException] | None) -> bool:
        """Whether a test failed for nothing but an `llm_snapshot` comparison: the traffic is good then.

        That is so when the very statement that compared raised the failure.
        """
        if failure is None or self._mismatch is None or not isinstance(failure.value, AssertionError):
            return False
        code, line = self._mismatch
        last = failure.tb
        while last.tb_next is not None:
            last = last.tb_next
        if last.tb_frame.f_code is not code:
            return False
        # unittest's assertEqual compares in one statement and raises in the next.
        return _is_within_statement(last, line) or code.co_filename.endswith(_UNITTEST)

    def check_open(self) -> None:
        """Fail a test whose cassette was not opened: its requests would go to the network."""
        if self.recorder is None and self.mark is not None:
            pytest.fail(
                f"The cassette of {self.item.nodeid} was not opened: pytest has kept the fixtures of an earlier test, "
                "since that one's teardown raised what is no Exception (CancelledError, SystemExit).\n"
                "Mend that teardown first; it is reported as an error above.",
                pytrace=False,
            )

    def end_of_body(self) -> None:
        """The test function has returned: from here on requests belong to the teardown."""
        self.body_is_over = True
        if self.recorder is not None:
            self.recorder.phase = "teardown"

    def close(self) -> None:
        """Take the cassette and the placeholders out of force. Safe to call twice."""
        if self._entry is not None:
            in_force.pop(self._entry)
            self._entry = None
            assert self.recorder is not None
            self.recorder.close()
        super().close()
        self._placeholders.restore()


def _name_of(item: pytest.Function, mark: CassetteMark, given: Any, *, is_overridden: bool) -> str:
    """The cassette's name; `given` is what the fixture has given, ours or the suite's. Raises `CassetteError`."""
    name: str = given
    if is_overridden and mark.name is not None:
        name = naming.name_for(item, session_of(item.config).template, mark.name)
    elif is_overridden:
        name = naming.explicit(given, {}) if isinstance(given, str) else ""
    if not name.strip(". "):
        raise CassetteError(f"The fixture llm_cassette_name must return the cassette's name, not {given!r}.")
    return name


def _is_within_statement(raised: TracebackType, line: int) -> bool:
    """Whether a line belongs to the statement that raised; an assertion has the extent of the whole statement."""
    positions = itertools.islice(raised.tb_frame.f_code.co_positions(), raised.tb_lasti // 2, None)
    first, last, _, _ = next(positions, (None, None, None, None))
    return first is not None and last is not None and first <= line <= last


def start(item: pytest.Item) -> None:
    """Before a test's first fixture: a marked test gets a new run, whose first fixture will open its cassette."""
    mark = cassette_mark(item)
    finish(item)
    faults.forget(item)
    if mark is None:
        _refuse_other_kinds(item)
        return
    assert isinstance(item, pytest.Function)
    item.stash[RUN] = TestRun(item, mark)
    if OPENER not in item.fixturenames:
        # A new list: the old one is shared by all tests of one function.
        item.fixturenames = [OPENER, *item.fixturenames]


def running_test(item: pytest.Item) -> TestRun:
    """What `use_cassette` knows of the test that it is entered in; a test without a mark gets a run for it."""
    run: TestRun | None = item.stash.get(RUN, None)
    if run is None:
        run = item.stash[RUN] = TestRun(item, None)
        run.body_is_over = is_teardown()
    return run


def _refuse_other_kinds(item: pytest.Item) -> None:
    """A collector's own items have no fixtures, and so nothing that could open a cassette: they would go live."""
    if item.get_closest_marker("cassette") is not None:
        pytest.fail(
            f"{item.nodeid} is marked with @pytest.mark.cassette, but it is no test function ({type(item).__name__}), "
            "so that no fixture can open its cassette.\nEnter use_cassette(path, record_mode=...) where it is run, or "
            "remove the mark.",
            pytrace=False,
        )


def finish(item: pytest.Item) -> None:
    """Whatever happened to the test (Ctrl-C, another plugin's error): nothing of it stays in force."""
    run = item.stash.get(RUN, None)
    if run is not None:
        run.close()
        interrupts.unwatch()
        del item.stash[RUN]
        if run.failed:
            from pytest_llmcassette.plugin import syrupy_session

            syrupy_session.keep(item)
