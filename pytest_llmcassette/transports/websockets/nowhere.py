"""A connection of asyncio's to a recorded server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from pytest_llmcassette.errors import CassetteStop
from pytest_llmcassette.transports.websockets.server import TICK_SECONDS, RecordedServer


class Nowhere(asyncio.Transport):
    """What a library's protocol writes to, and gets from. `fail` lets whoever uses it meet a stop."""

    def __init__(
        self, protocol: Any, server: RecordedServer, peer: tuple[str, int], fail: Callable[[CassetteStop], None]
    ) -> None:
        super().__init__({"peername": peer, "sockname": ("127.0.0.1", 0)})
        self._loop = asyncio.get_running_loop()
        self._protocol = protocol
        self._server = server
        self._fail = fail
        self._next: asyncio.Handle | None = None
        self._on_its_way = False
        self._paused = False
        self._closed = False

    def write(self, data: Any) -> None:
        """The client sends this; raises a `CassetteStop` for a message that the recording does not have."""
        if not self._closed:
            self._wake()
            self._server.receive(bytes(data))

    def _wake(self) -> None:
        if self._on_its_way or self._paused or self._closed:
            return
        if self._next is not None:
            self._next.cancel()
        self._next = self._loop.call_soon(self._go_on)

    def _go_on(self, *, waited: bool = False) -> None:
        if self._closed or self._paused:
            return
        try:
            due = self._server.next(waited=waited)
        except CassetteStop as stop:
            self._closed = True
            self._fail(stop)
            return
        if due is not None:
            seconds, data = due
            self._on_its_way = True
            self._next = self._loop.call_later(seconds, self._deliver, data)
        elif self._server.is_over:
            self._closed = True
            self._protocol.eof_received()
            self._protocol.connection_lost(self._server.error)
        else:
            self._next = self._loop.call_later(TICK_SECONDS, lambda: self._go_on(waited=True))

    def _deliver(self, data: bytes) -> None:
        self._on_its_way = False
        if not self._closed:
            self._protocol.data_received(data)
            self._wake()

    def close(self) -> None:
        """The client closes it."""
        if not self._closed:
            self._closed = True
            self._loop.call_soon(self._protocol.connection_lost, None)

    abort = close

    def is_closing(self) -> bool:
        return self._closed

    def pause_reading(self) -> None:
        """The client has as much as it can hold."""
        self._paused = True

    def resume_reading(self) -> None:
        """It has room again."""
        self._paused = False
        self._wake()

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        """The recorded server does not mind."""

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is ever held back."""
