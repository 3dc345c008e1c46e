"""A recorded answer, on a connection to nowhere: aiohttp sends its request there, and parses what comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

from aiohttp.client_proto import ResponseHandler
from aiohttp.helpers import TimerNoop

from pytest_llmcassette.replay.head import Head
from pytest_llmcassette.transports.aiohttp.client_errors import in_a_body
from pytest_llmcassette.transports.carrying import Asked, Carrier
from pytest_llmcassette.transports.exchange import Exchange

_ONE_LINE = bytes.maketrans(b"\r\n\0", b"   ")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def asked_of(timeout: Any) -> Asked:
    """A `ClientTimeout`, as a carrier takes it."""
    connect = timeout.connect if timeout.sock_connect is None else timeout.sock_connect
    read = timeout.total if timeout.sock_read is None else timeout.sock_read
    return {"timeout": {"connect": connect, "pool": timeout.connect, "read": read}}


class RecordedProtocol(ResponseHandler):
    """Serves one answer. The next piece comes when the client waits for one, as httpx pulls them."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, request: Any, carrier: Carrier, exchange: Exchange, timeout: Any
    ) -> None:
        super().__init__(loop)
        self.loop = loop
        self._request = request
        self._carrier = carrier
        self._exchange = exchange
        self._asked = asked_of(timeout)
        self._pieces: AsyncGenerator[bytes] = carrier.__aiter__()
        self._feeding: asyncio.Task[None] | None = None
        self._body: Any = None
        self._left: int | None = None
        """Bytes that are to come of a body of known length; None for a chunked one."""
        self._is_to_continue = request.headers.get("Expect", "").lower() == "100-continue"
        self.connection_made(_Nowhere(self._stop))
        # It is never to serve another request.
        self.force_close()

    def set_response_params(self, *, timer: Any = None, read_timeout: Any = None, **params: Any) -> None:
        """As the session asks; the carrier knows how long it waits for data (`sock_read`)."""
        waiting: Any = _Waiting(timer or TimerNoop(), self._want)
        super().set_response_params(timer=waiting, read_timeout=None, **params)

    async def read(self) -> Any:
        """The head and the body to come, when it is time."""
        if self._is_to_continue:
            self._is_to_continue = False
            self.data_received(_CONTINUE)
            return await super().read()
        writing = self._request._writer
        if writing is not None:
            await asyncio.wait([writing])
        head = await self._carrier.begin_async(self._asked)
        try:
            self._begin(head)
        except Exception as error:
            raise self._exchange.fault(error) from error
        return await super().read()

    def _begin(self, head: Head) -> None:
        lines = [b"HTTP/1.1 %d %b" % (head.status, head.reason)]
        length = None
        for name, value in head.headers:
            lines.append(b"%b: %b" % (name, value))
            if name.lower() == b"content-length":
                length = int(value)
        if length is None and head.status not in (204, 304):
            lines.append(b"Transfer-Encoding: chunked")
        self._left = length
        self.data_received(b"\r\n".join([line.translate(_ONE_LINE) for line in lines]) + b"\r\n\r\n")
        if length and self._body is not None and not self._body.is_eof():
            # A short body comes along with its head: a client that never reads it has it all the same.
            self._want()

    def feed_data(self, data: Any, size: int = 0) -> None:
        """A head, and the body to come, for whoever reads."""
        self._body = data[1]
        super().feed_data(data, size)

    def _want(self) -> None:
        if self._feeding is None or self._feeding.done():
            self._feeding = self._loop.create_task(self._feed())

    async def _feed(self) -> None:
        """One piece, or as many as it takes for some bytes to be there: of encoded ones the first may give none."""
        body = self._body
        before = body.total_bytes
        try:
            while body.total_bytes == before and not body.is_eof():
                piece = await anext(self._pieces, None)
                if piece is None:
                    self._finish()
                    return
                if piece:
                    self._pass_on(piece)
        except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            body.set_exception(in_a_body(error))

    def _pass_on(self, piece: bytes) -> None:
        if self._left is None:
            self.data_received(b"%x\r\n%b\r\n" % (len(piece), piece))
            return
        piece = piece[: self._left]
        self._left -= len(piece)
        self.data_received(piece)

    def _finish(self) -> None:
        if self._left is None:
            self.data_received(b"0\r\n\r\n")
        else:
            # Shorter than its head says: as from a server that leaves.
            self.connection_lost(None)

    def _stop(self) -> None:
        if self._feeding is not None and not self._loop.is_closed():
            self._feeding.cancel()


class _Waiting:
    """A body's timer, which is entered whenever somebody waits for data."""

    def __init__(self, timer: Any, want: Callable[[], None]) -> None:
        self._timer = timer
        self._want = want

    def __getattr__(self, name: str) -> Any:
        return getattr(self._timer, name)

    def __enter__(self) -> Any:
        entered = self._timer.__enter__()
        self._want()
        return entered

    def __exit__(self, *raised: Any) -> Any:
        return self._timer.__exit__(*raised)


class _Nowhere(asyncio.Transport):
    """Where a replayed request is sent."""

    def __init__(self, stop: Callable[[], None]) -> None:
        super().__init__()
        self._stop = stop
        self._closed = False

    def write(self, data: Any) -> None:
        """Gone."""

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        """Nothing comes that is not asked for."""

    def resume_reading(self) -> None:
        """See above."""

    def is_closing(self) -> bool:
        return self._closed

    def close(self) -> None:
        self._closed = True
        self._stop()

    abort = close
