"""What the HTTP servers of the tests have in common: a port of this machine, a thread, and their end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Self


@contextmanager
def serving(server: TCPServer) -> Iterator[None]:
    """The server answers until the block ends. It ends at once: `serve_forever` would be polling."""
    is_over = threading.Event()

    def serve() -> None:
        while not is_over.is_set():
            server.handle_request()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        with suppress(OSError), socket.socket(server.address_family) as knock:
            knock.connect(server.server_address)
        thread.join()
        server.server_close()


class LoopbackServer:
    """Serves from `with` to the end of it; `url` is its base."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self._serving = serving(self._http)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        self._serving.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._serving.__exit__(None, None, None)
