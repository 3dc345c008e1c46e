"""A socket to a recorded server, for clients in threads."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from typing import Any

from pytest_llmcassette.errors import CassetteStop
from pytest_llmcassette.transports.websockets.server import TICK_SECONDS, RecordedServer


class RecordedSocket:
    """What a library reads from and writes to. `fail` lets whoever uses it meet a stop.

    It reads from a real socket, which it may watch to be readable; what it writes goes straight to the server.
    """

    def __init__(self, server: RecordedServer, peer: tuple[str, int], fail: Callable[[CassetteStop], None]) -> None:
        self._server = server
        self._peer = peer
        self._fail = fail
        self._sock, self._servers = socket.socketpair()
        self._news = Event()
        self._closed = Event()
        Thread(target=self._serve, name="llmcassette-websocket", daemon=True).start()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def sendall(self, data: Any) -> None:
        """The client sends this; raises a `CassetteStop` for a message that the recording does not have."""
        try:
            self._server.receive(bytes(data))
        finally:
            self._news.set()

    def _serve(self) -> None:
        waited = False
        # The client may close its end at any time.
        with self._servers, suppress(OSError):
            while not self._closed.is_set():
                try:
                    due = self._server.next(waited=waited)
                except CassetteStop as stop:
                    self._fail(stop)
                    return
                if due is None and self._server.is_over:
                    return
                if due is None:
                    waited = not self._news.wait(TICK_SECONDS)
                    self._news.clear()
                else:
                    seconds, data = due
                    self._closed.wait(seconds)
                    self._servers.sendall(data)
                    waited = False

    def close(self) -> None:
        """The client closes it."""
        self._closed.set()
        self._news.set()
        # Whoever reads from it now is told of its end.
        self.shutdown(socket.SHUT_RDWR)
        self._sock.close()

    def shutdown(self, how: int) -> None:
        """The recorded server does not mind, and may have left already."""
        with suppress(OSError):
            self._sock.shutdown(how)

    def settimeout(self, value: float | None) -> None:
        """Nothing that is sent has to wait."""

    def setsockopt(self, *args: Any) -> None:
        """There is no network."""

    def getsockname(self) -> tuple[str, int]:
        return "127.0.0.1", 0

    def getpeername(self) -> tuple[str, int]:
        return self._peer


class NoTls:
    """Stands in for an `ssl.SSLContext`: what goes nowhere is not encrypted."""

    def wrap_socket(self, sock: Any, **kwargs: Any) -> Any:
        return sock
