"""Which cassette is in force: one stack for the process, and a context variable for concurrent tasks.

A cassette that pytest opens for a test is process-wide, since threads and executors do not inherit context variables.
`use_cassette` sets the context variable as well, so that two tasks can each have their own at one time.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar

from pytest_llmcassette.recorder import strays

if TYPE_CHECKING:
    from pytest_llmcassette.recorder.outside import Block
    from pytest_llmcassette.recorder.recorder import Recorder

    InForce: TypeAlias = "Recorder | Suspension | Block"
    _Submitter: TypeAlias = "tuple[Entry | None, Entry | None, bool]"

T = TypeVar("T")


class Suspension:
    """A stretch of code whose requests belong to no test, e.g. a session fixture being set up: they are refused.

    Enter the same object again for the fixture's teardown: cassettes which the fixture itself entered (`use_cassette`)
    are out of force from the exit to the next entry, so they never reach into a test's body. Without a `reason` it
    does only that, and refuses nothing.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        self._below: list[Entry] | None = None
        self._entry: Entry | None = None
        self._parked: list[Entry] = []
        self._threads: frozenset[threading.Thread] = frozenset()
        self._test: Entry | None = None

    def __enter__(self) -> Self:
        global _suspended
        with _lock:
            _suspended += 1
            self._below = list(_stack)
            self._threads = frozenset(threading.enumerate())
            if self.reason:
                self._entry = Entry(self, None)
                _stack.append(self._entry)
            for entry in self._parked:
                entry.order = next(_order)
                entry.in_force = True
                _stack.append(entry)
            self._parked = []
        # A task that this stretch starts (a server's, an event loop's own) is no test's.
        self._test = _started_by.get()
        _started_by.set(None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _suspended
        with _lock:
            if self._below is None:
                return
            _suspended -= 1
            # A thread that this stretch starts (an application's worker) belongs to no test either.
            own = set(threading.enumerate()) - self._threads
            for entry in self._below:
                entry.before |= own
            inside = [entry for entry in _stack if entry not in self._below]
            self._parked = [entry for entry in inside if entry is not self._entry]
            for entry in self._parked:
                entry.in_force = False
            _stack[:] = [entry for entry in _stack if entry in self._below]
            self._below = self._entry = None
        _started_by.set(self._test)


class Entry:
    """One cassette or suspension in force. `outer` is what the context variable held before.

    It is out of force for a while where a fixture's own code does not run, and for good when it is `over`.
    """

    __slots__ = ("before", "in_force", "is_a_test", "order", "outer", "over", "what")

    def __init__(self, what: Recorder | Suspension | None, outer: Entry | None, *, is_a_test: bool = False) -> None:
        self.what = what
        self.is_a_test = is_a_test
        self.outer = outer
        self.order = next(_order)
        self.in_force = True
        self.over = False
        self.before: frozenset[threading.Thread] = frozenset()


_lock = threading.RLock()
_order = itertools.count()
_stack: list[Entry] = []
_suspended = 0
"""How many stretches of code run now that belong to no test."""
_context: ContextVar[Entry | None] = ContextVar("llmcassette_active", default=None)
going_live: ContextVar[bool] = ContextVar("llmcassette_going_live", default=False)
"""True while code runs that sends a request which may go to the network: the connections that it makes may pass."""
_outside: Block | None = None
_started_by: ContextVar[Entry | None] = ContextVar("llmcassette_started_by", default=None)
"""The test whose code runs here. What that code starts inherits it: asyncio's tasks and callbacks, `to_thread`."""


@contextmanager
def let_live(*, lets: bool = True) -> Iterator[None]:
    """The connections that this block makes may pass, or not more than before where it does not `let` them."""
    before = going_live.set(lets or going_live.get())
    try:
        yield
    finally:
        going_live.reset(before)


def block(outside: Block | None) -> Block | None:
    """Put in force what decides where no cassette does, in the whole process; returns what did before."""
    global _outside
    before, _outside = _outside, outside
    return before


def may_refuse() -> bool:
    """Whether `current` has to be asked at all."""
    return bool(_stack or _outside is not None or strays.known) or _started_by.get() is not None


def current() -> InForce | None:
    """What is in force for the calling task or thread; None almost always, and then this costs next to nothing.

    Whose the task, job or thread is comes first. Raises `RequestRefused`, naming the test, where that is one that is
    over: its request is no part of what another test records. What a replaying test left is refused even where no
    cassette is in force any more: it would go to the network unnoticed.
    """
    if not _stack:
        if strays.known:
            strays.refuse(among_tests=False)
        if _started_by.get() is not None:
            _refuse_leftover(_started_by.get(), among_tests=False)
        return _outside
    own = _of_task()
    if own is not None:
        return own.what
    started_by = _started_by.get()
    if started_by is None:
        # A block's cassette is its task's. That of a fixture of wider scope is out of force for a while, not over.
        started_by = _context.get()
    if strays.known:
        strays.refuse(among_tests=True)
    if started_by is not None and started_by.over:
        _refuse_leftover(started_by, among_tests=True)
    return _of_process()


def _refuse_leftover(owner: Entry | None, *, among_tests: bool) -> None:
    if owner is None or not owner.over or owner.what is None or isinstance(owner.what, Suspension):
        return
    if among_tests or not owner.what.may_record:
        what = "left a task, callback or job running"
        strays.refuse_one(owner.what.owner, what, "Await it, or cancel it,", among_tests)


def carried(job: Callable[..., T], *, is_thread: bool = False) -> Callable[..., T]:
    """`job` as a part of the test, or of the task, that submits it, for a thread that has no context of its own.

    A thread's own code (`is_thread`) goes on when the request that may have started it is over.
    """
    test, own, goes = _started_by.get(), _context.get(), going_live.get() and not is_thread
    return job if test is None and own is None and not goes else partial(_run_for, (test, own, goes), job)


def _run_for(submitter: _Submitter, job: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
    test, own, goes = submitter
    before, context, live = _started_by.set(test), _context.set(own), going_live.set(goes)
    try:
        return job(*args, **kwargs)
    finally:
        _started_by.reset(before)
        _context.reset(context)
        going_live.reset(live)


def join_test() -> None:
    """The code that runs here now is that of the process's test, or of none: a task may serve one test after another.

    anyio's plugin keeps one task for all of them, which would be the first one's for ever.
    """
    test = None if _suspended else next((entry for entry in reversed(_stack) if entry.is_a_test), None)
    if _started_by.get() is not test:
        _started_by.set(test)


def join_caller(context: Context) -> None:
    """The same for a context that somebody keeps, and runs code of the calling test in."""
    context.run(_started_by.set, _started_by.get())


def is_outside_tests() -> bool:
    """Whether a stretch of code runs that belongs to no test: a fixture of wider scope that is set up or torn down."""
    return _suspended > 0


def nothing_goes_live() -> bool:
    """Whether a cassette is in force that only replays, or a suspension. Never raises."""
    if not _stack:
        return False
    own = _of_task()
    what = own.what if own is not None else _of_process()
    return what is not None and (isinstance(what, Suspension) or not what.may_record)


def _of_task() -> Entry | None:
    entry = _context.get()
    while entry is not None and not entry.in_force:
        entry = entry.outer
    return None if entry is None or (_suspended and _is_suspended_since(entry)) else entry


def _of_process() -> Recorder | Suspension | None:
    try:
        return _stack[-1].what
    except IndexError:
        # Another thread has closed the last cassette since the caller looked.
        return None


def _is_suspended_since(entry: Entry) -> bool:
    for later in reversed(_stack):
        if later.order <= entry.order:
            return False
        if isinstance(later.what, Suspension):
            return True
    return False


def push(recorder: Recorder, *, for_task: bool = False) -> Entry:
    """Put a cassette in force; hand the result to `pop`. `for_task` also sets the context variable (`use_cassette`)."""
    entry = Entry(recorder, _context.get() if for_task else None, is_a_test=not for_task)
    entry.before = frozenset(threading.enumerate())
    with _lock:
        _stack.append(entry)
    if for_task:
        _context.set(entry)
    else:
        _started_by.set(entry)
    return entry


def pop(entry: Entry) -> None:
    """Take a cassette out of force, wherever it is by now, and remember the threads that it leaves behind."""
    with _lock:
        entry.in_force = False
        entry.over = True
        if entry in _stack:
            _stack.remove(entry)
    if _context.get() is entry:
        _context.set(entry.outer)
    if _started_by.get() is entry:
        _started_by.set(None)
    if entry.what is None or isinstance(entry.what, Suspension):
        return
    if not entry.before.issuperset(alive := threading.enumerate()):
        # A script may go on live after a `use_cassette`, with threads that it started in there.
        for_good = entry.is_a_test and not entry.what.may_record
        strays.note(alive, entry.before, entry.what.owner, for_good=for_good)


@contextmanager
def activate(recorder: Recorder, *, for_task: bool = False) -> Iterator[Recorder]:
    """`push` and `pop` as a context manager."""
    entry = push(recorder, for_task=for_task)
    try:
        yield recorder
    finally:
        pop(entry)


@contextmanager
def unrecorded() -> Iterator[None]:
    """What code sends in here goes to the network unseen: it belongs to a request that is recorded itself."""
    before = _context.set(Entry(None, None))
    try:
        yield
    finally:
        _context.reset(before)
