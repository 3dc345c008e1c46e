"""A server of raw sockets that sends exactly what it is told, and then ends the connection as it is told."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from types import TracebackType
from typing import Self


class MisbehavingServer:
    """`with MisbehavingServer() as server:` every request gets `sends`, then what `then` says.

    `close`: the connection is closed. `reset`: it is reset. `stall`: nothing more comes until the client leaves.
    A GET of `/hold` gets a head, and nothing more.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.sends = b""
        self.then = "close"
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def url(self) -> str:
        scheme = "http" if self._context is None else "https"
        return f"{scheme}://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            self._answer(connection)
        except OSError:
            """The client has left, or does not trust us."""
        finally:
            connection.close()

    def _answer(self, connection: socket.socket) -> None:
        request = self._request(connection)
        if request.startswith(b"GET /hold"):
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            connection.recv(1)
            return
        then = self.then
        if self.sends:
            connection.sendall(self.sends)
        if then == "reset":
            # What has not been read yet is lost with a reset.
            time.sleep(0.05)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif then == "stall":
            connection.recv(1)

    @staticmethod
    def _request(connection: socket.socket) -> bytes:
        read = b""
        while b"\r\n\r\n" not in read:
            piece = connection.recv(65536)
            if not piece:
                return read
            read += piece
        head, _, body = read.partition(b"\r\n\r\n")
        length = next(
            (
                int(line.partition(b":")[2])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length")
            ),
            0,
        )
        while len(body) < length:
            body += connection.recv(65536)
        return read
