"""The runs under faults: after a test's ordinary run, inside the same `pytest_runtest_protocol`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any, Literal

import pytest

import pytest_llmcassette
from pytest_llmcassette.cassette.clock import Clock
from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.errors import CassetteStop
from pytest_llmcassette.faults.injection import Injection, Injections, On
from pytest_llmcassette.plugin import collection, faults, lifecycle, options
from pytest_llmcassette.plugin.bad_days import child, judge, quiet
from pytest_llmcassette.plugin.bad_days.clock import ClientClock
from pytest_llmcassette.plugin.bad_days.limit import Limit, can_stop, seconds_of
from pytest_llmcassette.plugin.bad_days.snapshots import Snapshots
from pytest_llmcassette.plugin.bad_days.wanted import Day, Wanted
from pytest_llmcassette.plugin.cassette_report import line_of_failure, text_without_keys
from pytest_llmcassette.plugin.lifecycle import TestRun
from pytest_llmcassette.plugin.markers import cassette_mark
from pytest_llmcassette.plugin.naming import nodeid_of, provider_name
from pytest_llmcassette.plugin.stash import FAULTS, GIVEN_FAULTS, RUN
from pytest_llmcassette.protocols.hosts import provider_at
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.replay.plan import Delivery
from pytest_llmcassette.report.bad_days import BadDay
from pytest_llmcassette.transports.exchange import host_of

Phase = Literal["setup", "call", "teardown"]


class UnderFault(Injections):
    """The one fault of one run; tells the client's clock when it strikes."""

    def __init__(self, day: Day, clock: ClientClock) -> None:
        on: On = "first" if day.asked == day.fault.name else day.on
        super().__init__([Injection(day.fault, times=day.fault.times, on=on)])
        self._clock = clock
        self._altered: list[Interaction] = []

    def __call__(self, delivery: Delivery) -> Delivery:
        delivery = super().__call__(delivery)
        if delivery.altered is not None:
            self._altered.append(delivery.altered)
            self._clock.fault_met()
        return delivery

    def has_recovered(self, recorders: Sequence[Recorder]) -> bool:
        """Whether each answer that went wrong was asked for again, and came as it was recorded."""
        ids = set(map(id, self._altered))
        sent = [sent for recorder in recorders for sent in recorder.sent if id(sent.interaction) in ids]
        return bool(sent) and all(one.dropped for one in sent)

    @property
    def providers(self) -> list[str]:
        """The host and the short name of who answered."""
        hosts = {host_of(one.request.url) for one in self._altered}
        return [*hosts, *(provider_at(host) for host in hosts)]


class Runs:
    """Registered where tests run: in a plain run, or in a worker of xdist. `tell` takes each result."""

    def __init__(self, config: pytest.Config, words: Sequence[str], tell: Callable[[BadDay], None]) -> None:
        self._config = config
        self._words = words
        self._tell = tell
        self._wanted: Wanted | None = None
        self._days: list[Day] = []
        self._done: set[str] = set()
        self._has_passed = False
        self._stays_up = False
        self._ending: judge.Ending | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """The names are looked up only now: conftests have registered faults of their own."""
        try:
            self._wanted = Wanted(self._words)
        except pytest.UsageError as error:
            collection.say(config, items, error)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        """The outermost of all: another plugin's time limit is over when the runs under faults begin."""
        self._days, self._has_passed, self._stays_up = [], False, False
        began = Clock.perf_counter()
        result = yield
        if self._stays_up:
            assert isinstance(item, pytest.Function)
            ordinary = Clock.perf_counter() - began
            if self._has_passed and not (item.session.shouldfail or item.session.shouldstop):
                self._done.add(nodeid_of(item))
                for day in self._days:
                    self._tell(self._run(item, day, seconds_of(item, ordinary)))
                quiet.settle(self._config)
            self._take_down(item, nextitem)
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note how a run ends: the ordinary one, and those under faults."""
        made = yield
        if self._ending is not None:
            _note(self._ending, call, made)
        elif made.when == "setup":
            # The first report of a run, or of one more by a plugin that runs again what failed.
            self._has_passed = made.passed
        elif not made.passed or hasattr(made, "wasxfail"):
            self._has_passed = False
        return made

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, None, None]:
        """Fixtures of wider scopes stay up for the runs that follow."""
        if self._ending is None:
            self._days = self._days_of(item) if self._has_passed else []
            self._stays_up = bool(self._days)
        if not self._stays_up:
            return (yield)
        state: Any = item.session._setupstate
        exact = state.teardown_exact
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(state, "teardown_exact", lambda nextitem: exact(item.parent))
            return (yield)

    def _days_of(self, item: pytest.Item) -> list[Day]:
        """What a test that has just passed is taken through; nothing unless it replays, and has no fault of its own."""
        run: TestRun | None = item.stash.get(RUN, None)
        if self._wanted is None or run is None or cassette_mark(item) is None:
            return []
        if FAULTS in item.stash or nodeid_of(item) in self._done:
            return []
        if item.session.shouldfail or item.session.shouldstop:
            return []
        sent = [sent for recorder in run.recorders for sent in recorder.sent]
        if any(one.live for one in sent):
            return []
        exchanges = {id(one.interaction): one.interaction for one in sent if one.interaction is not None}
        return list(self._wanted.days(list(exchanges.values())))

    def _run(self, item: pytest.Function, day: Day, seconds: float) -> BadDay:
        began = Clock.perf_counter()
        if can_stop() or self._config.getoption(options.FAULTS_CHILD):
            ending = self._run_here(item, day, seconds)
            found, detail = str(judge.verdict(str(day.fault.expect), ending)), text_without_keys(judge.detail(ending))
        else:
            found, detail = child.run(self._config, item.nodeid, day.asked, seconds)
        return BadDay(
            nodeid=item.nodeid,
            fault=day.fault.name,
            asked=day.asked,
            exchange=day.on,
            expects=str(day.fault.expect),
            verdict=found,
            sentence=day.fault.sentence,
            detail=detail,
            seconds=round(Clock.perf_counter() - began, 3),
        )

    def _run_here(self, item: pytest.Function, day: Day, seconds: float) -> judge.Ending:
        quiet.forget(item)
        limit = Limit(seconds)
        clock = ClientClock(limit)
        under = item.stash[GIVEN_FAULTS] = UnderFault(day, clock)
        snapshots = Snapshots(item, under)
        self._ending = ending = judge.Ending()
        outer = pytest_llmcassette.running_test
        pytest_llmcassette.running_test = partial(lifecycle.running_test, item)
        try:
            with quiet.unreported(item.session), snapshots, clock:
                self._phases(item, limit)
                run: TestRun | None = item.stash.get(RUN, None)
                recorders = [] if run is None else run.recorders
                lifecycle.finish(item)
        finally:
            pytest_llmcassette.running_test = outer
            self._ending = None
            lifecycle.finish(item)
            del item.stash[GIVEN_FAULTS]
            faults.forget(item)
            quiet.forget(item)
        ending.hung = limit.is_over
        ending.struck = under.has_struck
        ending.recovered = under.has_recovered(recorders)
        ending.snapshots_differ = snapshots.differ
        ending.misses = [miss for recorder in recorders for miss in recorder.misses]
        ending.providers = [*under.providers, provider_name(item) or ""]
        return ending

    def _phases(self, item: pytest.Function, limit: Limit) -> None:
        """`_pytest.runner.runtestprotocol`, without its reports."""
        item._initrequest()
        hooks = item.ihook
        try:
            if self._phase(item, limit, "setup", partial(hooks.pytest_runtest_setup, item=item)):
                self._phase(item, limit, "call", partial(hooks.pytest_runtest_call, item=item))
            self._phase(item, limit, "teardown", partial(hooks.pytest_runtest_teardown, item=item, nextitem=item))
        finally:
            item._request = False  # type: ignore[assignment]
            item.funcargs = None  # type: ignore[assignment]

    def _phase(self, item: pytest.Function, limit: Limit, when: Phase, phase: Callable[[], object]) -> bool:
        call = pytest.CallInfo.from_call(
            partial(limit.around, phase), when=when, reraise=(pytest.exit.Exception, KeyboardInterrupt)
        )
        made: pytest.TestReport = item.ihook.pytest_runtest_makereport(item=item, call=call)
        return made.passed

    def _take_down(self, item: pytest.Function, nextitem: pytest.Item | None) -> None:
        """What stayed up, unless the next test needs it: a failure there is the ordinary run's, and reported."""
        state = item.session._setupstate
        end = item.session.shouldfail or item.session.shouldstop
        call = pytest.CallInfo.from_call(
            lambda: state.teardown_exact(None if end else nextitem),
            when="teardown",
            reraise=(pytest.exit.Exception, KeyboardInterrupt),
        )
        if call.excinfo is not None:
            report = item.ihook.pytest_runtest_makereport(item=item, call=call)
            item.ihook.pytest_runtest_logreport(report=report)


def _note(ending: judge.Ending, call: pytest.CallInfo[None], made: pytest.TestReport) -> None:
    if made.passed and not hasattr(made, "wasxfail"):
        return
    ending.passed = False
    if call.excinfo is not None and not (ending.errors and isinstance(call.excinfo.value, CassetteStop)):
        ending.errors.append(call.excinfo.value)
    text = made.longreprtext if made.failed else str(made.longrepr[2]) if isinstance(made.longrepr, tuple) else ""
    ending.reasons.append(line_of_failure(text))
