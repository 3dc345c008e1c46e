"""An answer of the network, on its way to a client of any kind and to the recording."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from types import AsyncGeneratorType
from typing import Any

from pytest_llmcassette.cassette.clock import Clock
from pytest_llmcassette.cassette.model import CLOSED
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.requests import RawHeaders
from pytest_llmcassette.recorder.slot import RecordingSlot
from pytest_llmcassette.replay.head import standard_phrase
from pytest_llmcassette.transports.client_errors import ClientErrors
from pytest_llmcassette.transports.unexpected import Fault


class LiveAnswer:
    """What the recording is told of a request that goes to the network, from when this is made."""

    def __init__(self, slot: RecordingSlot, errors: ClientErrors, fault: Fault) -> None:
        self._slot = slot
        self._errors = errors
        self._fault = fault
        self._started = Clock.perf_counter_ns()
        self.data = slot.data
        self.frame = slot.frame

    def head(self, status: int, reason: str, headers: RawHeaders, version: str) -> None:
        """The head has arrived; `reason` may be empty, `version` is as in `HTTP/1.1`."""
        spent = Clock.perf_counter_ns() - self._started
        self._slot.headers(status, reason or standard_phrase(status), headers, version, spent)

    def trailer(self, headers: RawHeaders) -> None:
        """What came behind the body."""
        self._slot.trailer(headers)

    def is_whole(self) -> None:
        """The body has come to its end."""
        self._end("")

    def is_left(self) -> None:
        """The client has closed it."""
        self._end(CLOSED)

    def is_cut(self, message: str) -> None:
        """The server has gone, before the end and without an error."""
        self._end("RemoteProtocolError", message)

    def has_failed(self, error: BaseException) -> None:
        """This ended it: an error of the network, or else the client, cancelled or interrupted."""
        kind, message = self._errors.told(error)
        self._end(kind or CLOSED, message)

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """The client asks the network here; the recording is told of what ends that."""
        try:
            with in_force.let_live():
                yield
        except BaseException as error:
            self.has_failed(error)
            raise

    def _end(self, kind: str, message: str = "") -> None:
        try:
            self._slot.end(kind, message)
        except Exception as error:
            raise self._fault(error) from error


class Tee:
    """A live response body: every piece reaches the client as soon as it has arrived, and the recording too."""

    def __init__(self, stream: Any, answer: LiveAnswer) -> None:
        self._stream = stream
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._stream:
                self._answer.data(piece)
                yield piece
        except BaseException as error:
            self._answer.has_failed(error)
            raise
        self._answer.is_whole()

    def close(self) -> None:
        self._answer.is_left()
        self._stream.close()


class AsyncTee:
    """`Tee` for async clients. Cancellation (asyncio's or trio's) reaches it as an exception."""

    def __init__(self, stream: Any, answer: LiveAnswer) -> None:
        self._stream = stream
        self._answer = answer

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        pieces = self._stream.__aiter__()
        try:
            async for piece in pieces:
                self._answer.data(piece)
                yield piece
        except BaseException as error:
            self._answer.has_failed(error)
            raise
        finally:
            # A generator that is left to the garbage collector closes its connection late, and trio warns of it.
            if isinstance(pieces, AsyncGeneratorType):
                await pieces.aclose()
        self._answer.is_whole()

    async def aclose(self) -> None:
        self._answer.is_left()
        await self._stream.aclose()
