"""A live connection of asyncio's, or a live socket, with an ear on it."""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.transports.websockets.ear import Ear


def tap(protocol: Any, ear: Ear) -> None:
    """Let `ear` hear what a protocol gets that has no transport yet, and what it sends."""
    connection_made, data_received = protocol.connection_made, protocol.data_received
    eof_received, connection_lost = protocol.eof_received, protocol.connection_lost

    def made(transport: Any) -> None:
        connection_made(TappedTransport(transport, ear))

    def received(data: Any) -> None:
        try:
            ear.receives(bytes(data))
        finally:
            data_received(data)

    def ended() -> Any:
        ear.is_lost(None)
        return eof_received()

    def lost(error: BaseException | None) -> None:
        ear.is_lost(error)
        connection_lost(error)

    # Set on the object: an event loop may keep what it finds there.
    protocol.connection_made, protocol.data_received = made, received
    protocol.eof_received, protocol.connection_lost = ended, lost


class TappedTransport:
    """What a client sends is heard before it is sent; that it leaves, too."""

    def __init__(self, transport: Any, ear: Ear) -> None:
        self._transport = transport
        self._ear = ear

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: Any) -> None:
        self._ear.sends(bytes(data))
        self._transport.write(data)

    def writelines(self, list_of_data: Any) -> None:
        for data in list_of_data:
            self.write(data)

    def close(self) -> None:
        self._ear.is_left()
        self._transport.close()

    def abort(self) -> None:
        self._ear.is_left()
        self._transport.abort()


class TappedSocket:
    """The same for a socket."""

    def __init__(self, sock: Any, ear: Ear) -> None:
        self._sock = sock
        self._ear = ear

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def sendall(self, data: Any) -> None:
        self._ear.sends(bytes(data))
        self._sock.sendall(data)

    def recv(self, size: int) -> bytes:
        try:
            data: bytes = self._sock.recv(size)
        except OSError as error:
            self._ear.is_lost(error)
            raise
        if data:
            self._ear.receives(data)
        else:
            self._ear.is_lost(None)
        return data

    def close(self) -> None:
        self._ear.is_left()
        self._sock.close()
