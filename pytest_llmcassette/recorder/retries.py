"""Which failures of this run were retried, so that its recording can do without them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from pytest_llmcassette.cassette.model import Request
from pytest_llmcassette.recorder.requests import RawHeaders, SentRequest
from pytest_llmcassette.recorder.slot import is_transient

Key = Callable[[Request], Hashable]


@dataclass(slots=True, eq=False)
class _Attempt:
    """One live request: its place among all, whose it is (a task or thread), and the count that its client tells."""

    place: int
    request: Request
    sent: SentRequest
    sender: object
    count: int | None

    @property
    def has_failed(self) -> bool:
        answer = self.sent.interaction
        return answer is not None and is_transient(answer)


@dataclass(slots=True, eq=False)
class _Calls:
    """All calls with equal requests, each a first attempt and its retries. `latest` is the last request's place."""

    calls: list[list[_Attempt]] = field(default_factory=list)
    latest: int = 0


class Retries:
    """Marks `SentRequest.dropped` as the live requests of one recorder start and end; `key` tells which are equal.

    A client that counts its retries (`x-stainless-retry-count`) says of each request whether it is one. Of any other
    client a request is one when an equal one has failed before it in the same task or thread. Of a call that was given
    up the last attempt alone is enough, since a replay serves it to each retry; where an equal request came
    after it, all its attempts are kept, or the next call's answer would be served to them.

    Keys are made once something has failed: until then nothing can be a retry.
    """

    def __init__(self, key: Key) -> None:
        self._key = key
        self._count = 0
        self._waiting: list[_Attempt] = []
        self._calls: dict[Hashable, _Calls] = {}

    def started(self, request: Request, sent: SentRequest, headers: RawHeaders) -> None:
        """A request goes live, from the task or thread that calls this."""
        attempt = _Attempt(self._count, request, sent, _sender(), retry_count(headers))
        self._count += 1
        if self._calls:
            self._sort_in(attempt)
        else:
            self._waiting.append(attempt)

    def failed(self) -> None:
        """A request has ended with a transient failure."""
        # The first: what started before it ended tries nothing again.
        waiting, self._waiting = self._waiting, []
        for attempt in waiting:
            self._sort_in(attempt, is_new=True)
        for equals in self._calls.values():
            _mark(equals)

    def _sort_in(self, attempt: _Attempt, *, is_new: bool = False) -> None:
        equals = self._calls.setdefault(self._key(attempt.request), _Calls())
        call = None if is_new else _retried(attempt, equals.calls)
        if call is None:
            equals.calls.append([attempt])
        else:
            call.append(attempt)
        equals.latest = attempt.place
        _mark(equals)


def _retried(attempt: _Attempt, calls: list[list[_Attempt]]) -> list[_Attempt] | None:
    """The failed call that this request tries again."""
    if attempt.count == 0:
        return None
    failed = [call for call in calls if call[-1].has_failed]
    own = [call for call in failed if call[-1].sender is attempt.sender]
    if attempt.count is None:
        return own[-1] if own else None
    # A client may send its retry from another task.
    for group in (own, failed):
        in_turn = [call for call in group if len(call) == attempt.count]
        if in_turn:
            return in_turn[0]
    return next(iter(own or failed), None)


def _mark(equals: _Calls) -> None:
    for call in equals.calls:
        last = call[-1]
        needed = last.has_failed and last.place < equals.latest
        for attempt in call[:-1]:
            attempt.sent.dropped = not needed


def retry_count(headers: RawHeaders) -> int | None:
    """How many times the client says that it has tried this before; None when it does not say."""
    for name, value in headers:
        if len(name) == len(_COUNT) and name.lower() == _COUNT:
            return int(value) if value.isdigit() else None
    return None


_COUNT = b"x-stainless-retry-count"
"""Of openai, anthropic, groq and whatever else Stainless generates."""


def _sender() -> object:
    """The task that runs here, asyncio's or trio's, else the thread."""
    asyncio, trio = sys.modules.get("asyncio"), sys.modules.get("trio")
    if asyncio is not None and asyncio._get_running_loop() is not None:
        task = asyncio.current_task()
        if task is not None:
            return task
    elif trio is not None and trio.lowlevel.in_trio_task():
        return trio.lowlevel.current_task()
    return threading.current_thread()
