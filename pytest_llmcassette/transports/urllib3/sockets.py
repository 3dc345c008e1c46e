"""What a connection has in place of a socket, while a cassette decides on what it sends, and while it is answered."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from pytest_llmcassette.transports.carrying import Carrier
from pytest_llmcassette.transports.http1 import Unframed, served
from pytest_llmcassette.transports.live import LiveAnswer
from pytest_llmcassette.transports.unexpected import Fault


class StandIn:
    """Takes what is written; nothing of it reaches the network."""

    is_a_stand_in = True

    def __init__(self) -> None:
        self.written = bytearray()

    def sendall(self, data: Any, flags: int = 0) -> None:
        # For what is no bytes a socket raises TypeError, and http.client goes over its parts.
        self.written += bytes(memoryview(data))

    def settimeout(self, seconds: float | None) -> None:
        """Nothing blocks here."""

    def shutdown(self, how: int) -> None:
        """Nothing is open."""

    def close(self) -> None:
        """Nothing is open."""


class Replayed(StandIn):
    """Answers with a recording."""

    def __init__(self, carrier: Carrier, connection: Any, method: str) -> None:
        super().__init__()
        self._carrier = carrier
        self._connection = connection
        self._method = method
        self._timeout: float | None = None
        self._to_connect: float | None = None

    def sendall(self, data: Any, flags: int = 0) -> None:
        if self._to_connect is None:
            self._to_connect = _seconds(self._connection.timeout)

    def settimeout(self, seconds: float | None) -> None:
        self._timeout = _seconds(seconds)

    def makefile(self, *args: Any, **kwargs: Any) -> io.BufferedReader:
        """The answer, from its status line on; whoever reads waits for it, and is who gets its error."""
        return io.BufferedReader(_Pieces(self._served()))

    def _served(self) -> Iterator[bytes]:
        limits = {"connect": self._to_connect, "pool": None, "read": self._timeout, "write": self._to_connect}
        head = self._carrier.begin({"timeout": limits})
        yield from served(head, self._carrier, self._method)


def _seconds(timeout: object) -> float | None:
    return timeout if isinstance(timeout, int | float) else None


class _Pieces(io.RawIOBase):
    """A file that has what is asked of it piece by piece, and reads no piece before its time."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            self._left = memoryview(next(self._pieces, b""))
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


class Teed:
    """A connection's real socket: what is read from it reaches the recording, too."""

    def __init__(self, sock: Any, answer: LiveAnswer, method: str, fault: Fault) -> None:
        self.sock = sock
        self._answer = answer
        self._method = method
        self._fault = fault

    def makefile(self, *args: Any, **kwargs: Any) -> io.BufferedReader:
        unframed = Unframed(self._method, self._answer.head, self._answer.data)
        return io.BufferedReader(_Tee(self.sock.makefile("rb", buffering=0), unframed, self._answer, self._fault))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)


class _Tee(io.RawIOBase):
    def __init__(self, raw: Any, unframed: Unframed, answer: LiveAnswer, fault: Fault) -> None:
        self._raw = raw
        self._unframed = unframed
        self._answer = answer
        self._fault = fault

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()  # type: ignore[no-any-return]

    def readinto(self, buffer: Any) -> int | None:
        try:
            size: int | None = self._raw.readinto(buffer)
        except BaseException as error:
            self._answer.has_failed(error)
            raise
        if size:
            try:
                self._unframed.feed(bytes(memoryview(buffer)[:size]))
            except Exception as error:
                raise self._fault(error) from error
            if self._unframed.is_whole:
                self._answer.is_whole()
        elif size == 0:
            missing = self._unframed.missing()
            if missing:
                self._answer.is_cut(missing)
            elif self._unframed.ends_with_connection:
                self._answer.is_whole()
        return size

    def close(self) -> None:
        if not self.closed:
            if self._unframed.has_begun:
                self._answer.is_left()
            self._raw.close()
        super().close()
