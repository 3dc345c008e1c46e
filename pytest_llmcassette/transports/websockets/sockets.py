"""A socket to a recorded server, for clients in threads. Below it lies a real one, which they watch to be readable."""

from __future__ import annotations

import socket
from collections.abc import Callable
from threading import Condition, Thread
from typing import Any

from pytest_llmcassette.errors import CassetteStop
from pytest_llmcassette.transports.websockets.server import TICK_SECONDS, RecordedServer


class RecordedSocket:
    """What a library reads from and writes to. `fail` lets whoever uses it meet a stop."""

    family = socket.AF_UNIX if hasattr(socket, "AF_UNIX") else socket.AF_INET

    def __init__(self, server: RecordedServer, peer: tuple[str, int], fail: Callable[[CassetteStop], None]) -> None:
        self._server = server
        self._peer = peer
        self._fail = fail
        self._bell, self._ringer = socket.socketpair()
        """Holds a byte while there is something to read."""
        self._is_rung = False
        self._have = bytearray()
        self._changed = Condition()
        self._has_said = False
        self._closed = False
        self._at_end = False
        Thread(target=self._serve, name="llmcassette-websocket", daemon=True).start()

    def sendall(self, data: Any) -> None:
        """The client sends this; raises a `CassetteStop` for a message that the recording does not have."""
        try:
            self._server.receive(bytes(data))
        finally:
            with self._changed:
                self._has_said = True
                self._changed.notify_all()

    def recv(self, size: int) -> bytes:
        """What has come, when something has; nothing at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._have or self._at_end)
            data = bytes(self._have[:size])
            del self._have[:size]
            if self._is_rung and not self._have and not self._at_end:
                self._bell.recv(1)
                self._is_rung = False
            return data

    def _serve(self) -> None:
        waited = False
        while not self._closed:
            try:
                due = self._server.next()
                if due is None and waited:
                    self._server.tick()
            except CassetteStop as stop:
                self._fail(stop)
                break
            if due is None and self._server.is_over:
                break
            if due is None:
                waited = not self._wait_for_news()
            else:
                seconds, data = due
                self._put(seconds, data)
                waited = False
        with self._changed:
            self._at_end = True
            self._ring()

    def _wait_for_news(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._has_said or self._closed, TICK_SECONDS)
            said, self._has_said = self._has_said, False
            return said

    def _put(self, seconds: float, data: bytes) -> None:
        with self._changed:
            if seconds:
                self._changed.wait_for(lambda: self._closed, seconds)
            if not self._closed:
                self._have += data
                self._ring()

    def _ring(self) -> None:
        if not self._is_rung and not self._closed:
            self._is_rung = True
            self._ringer.send(b"x")
        self._changed.notify_all()

    def close(self) -> None:
        """The client closes it."""
        with self._changed:
            if self._closed:
                return
            self._closed = self._at_end = True
            self._bell.close()
            self._ringer.close()
            self._changed.notify_all()

    def shutdown(self, how: int) -> None:
        """Of both directions it is the end; the recorded server does not mind that nothing more is sent."""
        if how != socket.SHUT_WR:
            with self._changed:
                self._at_end = True
                self._ring()

    def fileno(self) -> int:
        return self._bell.fileno()

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
