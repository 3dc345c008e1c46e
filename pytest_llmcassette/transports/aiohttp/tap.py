"""A live answer: what arrives on its connection goes to aiohttp's parser as ever, and is heard for the recording.

It is taken apart a second time for that, since what the client gets is inflated by then. A recording has it as it came.
"""

from __future__ import annotations

import asyncio
from typing import Any

from pytest_llmcassette.errors import CassetteStop
from pytest_llmcassette.recorder.requests import RawHeaders
from pytest_llmcassette.transports.aiohttp.sockets import listen
from pytest_llmcassette.transports.exchange import Exchange
from pytest_llmcassette.transports.http1 import Unframed, extensions_in
from pytest_llmcassette.transports.live import LiveAnswer
from pytest_llmcassette.transports.websockets.ear import Ear

_SWITCHING = 101


def tap(connection: Any, request: Any, answer: LiveAnswer, exchange: Exchange, *, is_upgrade: bool) -> None:
    """Tell `answer` of what comes on this connection from now on, until the client gives it back or closes it.

    `is_upgrade`: the request asks for a WebSocket.
    """
    protocol = connection.protocol
    listener = _Listener(protocol, str(request.method), answer, exchange, is_upgrade=is_upgrade)

    def set_response_params(**params: Any) -> None:
        # The session calls it once for each request. The connection may serve others, later.
        del protocol.set_response_params
        protocol.set_response_params(**params)
        listener.parser, protocol._parser = protocol._parser, listener

    protocol.set_response_params = set_response_params
    connection.add_callback(listener.left)


class _Listener:
    """Stands in for a connection's parser, for one answer."""

    parser: Any

    def __init__(self, protocol: Any, method: str, answer: LiveAnswer, exchange: Exchange, *, is_upgrade: bool) -> None:
        self._protocol = protocol
        self._is_upgrade = is_upgrade
        self._answer = answer
        self._exchange = exchange
        self._unframed = Unframed(method, self._head, answer.data)
        self._over = False
        self._body: Any = None
        self._arrived = b""
        """What aiohttp's parser is at: of that only what it can read is an answer."""
        self._stop: CassetteStop | None = None
        """For the client's task, not for the event loop, which is where things arrive."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.parser, name)

    def _head(self, status: int, reason: str, headers: RawHeaders, version: str) -> None:
        self._answer.head(status, reason, headers, version)
        if status == _SWITCHING:
            # What follows are no bodies, but the frames of a WebSocket.
            self._over = True
            listen(self._protocol, Ear(self._answer, self._exchange, extensions_in(headers)))

    def feed_data(self, data: Any) -> Any:
        """What has arrived; empty where a parser that paused is to go on."""
        self._arrived = bytes(data)
        try:
            parsed = self.parser.feed_data(data)
        except BaseException:
            # The client is told of that alone, and so is the recording: by `left`.
            self._arrived = b""
            raise
        for _, body in parsed[0]:
            self._body = body
        self._hear_arrived()
        self._tell()
        return parsed

    def feed_eof(self) -> Any:
        """Nothing comes any more."""
        self._hear(b"")
        try:
            return self.parser.feed_eof()
        finally:
            self._tell()

    def _hear_arrived(self) -> None:
        data, self._arrived = self._arrived, b""
        if data:
            self._hear(data)

    def _hear(self, data: bytes) -> None:
        """Tell the recording; of the end where there are no `data`."""
        if self._over:
            return
        try:
            self._unframed.feed(data)
            if not self._over and (self._unframed.is_whole or (not data and self._unframed.ends_with_connection)):
                self._over = True
                self._answer.is_whole()
        except CassetteStop as stop:
            self._over, self._stop = True, stop
        except Exception as error:
            self._over, self._stop = True, self._exchange.fault(error)

    def _tell(self) -> None:
        stop, self._stop = self._stop, None
        if stop is None:
            return
        self._protocol.set_exception(stop)
        if self._body is not None:
            self._body.set_exception(stop)

    def left(self) -> None:
        """The connection is closed, or back in its pool: perhaps while its parser is at the last of an answer."""
        self._hear_arrived()
        if self._over:
            return
        self._over = True
        if self._is_upgrade and self._unframed.has_begun:
            # Refused: nobody reads on.
            self._answer.is_whole()
        else:
            self._answer.has_failed(self._protocol.exception() or asyncio.CancelledError())
