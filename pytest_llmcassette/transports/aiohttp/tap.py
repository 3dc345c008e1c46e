"""A live answer: what arrives on its connection goes to aiohttp's parser as ever, and is heard for the recording.

It is parsed a second time for that, since what the client gets is inflated by then. A recording has it as it came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from aiohttp.client_proto import ResponseHandler

from pytest_llmcassette.errors import CassetteStop
from pytest_llmcassette.transports.aiohttp.client_errors import Errors
from pytest_llmcassette.transports.aiohttp.sockets import listen
from pytest_llmcassette.transports.exchange import Exchange
from pytest_llmcassette.transports.live import LiveAnswer
from pytest_llmcassette.transports.websockets.ear import Ear

_SWITCHING = 101
_ALL = 1 << 30
"""Bytes that may be unread before a parser pauses."""


def tap(connection: Any, request: Any, answer: LiveAnswer, errors: Errors, exchange: Exchange) -> None:
    """Tell `answer` of what comes on this connection from now on, until the client gives it back or closes it."""
    protocol = connection.protocol
    ear = _Ear(asyncio.get_running_loop(), answer)
    listener = _Listener(protocol, ear, answer, errors, exchange)

    def set_response_params(**params: Any) -> None:
        # The session calls it once for each request. The connection may serve others, later.
        del protocol.set_response_params
        protocol.set_response_params(**params)
        own = {"timer": None, "read_timeout": None, "auto_decompress": False, "read_bufsize": _ALL}
        ear.set_response_params(**{**params, **own})
        listener.parser, protocol._parser = protocol._parser, listener

    protocol.set_response_params = set_response_params
    connection.add_callback(listener.left)


class _Ear(ResponseHandler):
    """Parses for the recording. It has no connection."""

    def __init__(self, loop: asyncio.AbstractEventLoop, answer: LiveAnswer) -> None:
        super().__init__(loop)
        self._answer = answer
        self.body: Any = None
        self.is_upgraded = False
        """What follows are no bodies, but the frames of a WebSocket, with these `extensions`."""
        self.extensions = ""

    def feed_data(self, data: Any, size: int = 0) -> None:
        """A head, and the body that is to come."""
        message, body = data
        self.is_upgraded = message.code == _SWITCHING
        if (message.code >= 200 or self.is_upgraded) and self.body is None:
            version = f"HTTP/{message.version.major}.{message.version.minor}"
            self._answer.head(message.code, message.reason or "", list(message.raw_headers), version)
            self.body = body
            self.extensions = ", ".join(message.headers.getall("Sec-WebSocket-Extensions", ()))


class _Listener:
    """Stands in for a connection's parser, for one answer."""

    parser: Any

    def __init__(self, protocol: Any, ear: _Ear, answer: LiveAnswer, errors: Errors, exchange: Exchange) -> None:
        self._protocol = protocol
        self._ear = ear
        self._answer = answer
        self._errors = errors
        self._exchange = exchange
        self._over = False
        self._heard = 0
        self._body: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.parser, name)

    def feed_data(self, data: Any) -> Any:
        """What has arrived; empty where a parser that paused is to go on."""
        stop = self._hear(data) if data else None
        parsed = self.parser.feed_data(data)
        for _, body in parsed[0]:
            self._body = body
        if stop is not None:
            self._tell(stop)
        return parsed

    def feed_eof(self) -> Any:
        """Nothing comes any more."""
        stop = self._hear(None)
        try:
            return self.parser.feed_eof()
        finally:
            if stop is not None:
                self._tell(stop)

    def _hear(self, data: Any) -> CassetteStop | None:
        """Tell the recording; a stop is for the client's task, not for the event loop, which is here now."""
        if self._over:
            return None
        try:
            if data is None:
                self._ear.connection_lost(None)
            else:
                self._ear.data_received(bytes(data))
            body = self._ear.body
            if self._ear.is_upgraded:
                self._over = True
                listen(self._protocol, Ear(self._answer, self._exchange, self._ear.extensions))
                return None
            if body is not None and body.exception() is None:
                while self._heard < body.total_bytes:
                    piece, _ = _at_once(body.readchunk())
                    self._heard += len(piece)
                    self._answer.data(piece)
                if body.is_eof():
                    self._over = True
                    self._answer.is_whole()
        except CassetteStop as stop:
            self._over = True
            return stop
        except Exception as error:
            self._over = True
            return self._exchange.fault(error)
        return None

    def _tell(self, stop: CassetteStop) -> None:
        self._protocol.set_exception(stop)
        if self._body is not None:
            self._body.set_exception(stop)

    def left(self) -> None:
        """The connection is closed, or back in its pool."""
        if self._over:
            return
        self._over = True
        error = self._errors.cause_of(self._protocol.exception() or asyncio.CancelledError())
        self._answer.has_failed(error)


def _at_once(reading: Coroutine[Any, Any, tuple[bytes, bool]]) -> tuple[bytes, bool]:
    """What a reader gives that does not have to wait: the server's own chunks, even those that came together."""
    try:
        reading.send(None)
    except StopIteration as done:
        found: tuple[bytes, bool] = done.value
        return found
    raise AssertionError("a reader waits for what has arrived")
