"""A loopback server that holds the end of each answer back until the client says that it has its beginning."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler
from typing import Any

from servers.loopback import LoopbackServer

WAIT_SECONDS = 5.0


class Gate:
    """Opened by a client that has the first event; who waits for it in vain says so."""

    def __init__(self, opened: threading.Event | None = None) -> None:
        self._open = opened or threading.Event()
        self.waited_in_vain = False

    def open(self) -> None:
        self._open.set()

    def wait(self) -> None:
        self.waited_in_vain |= not self._open.wait(WAIT_SECONDS)


class StagedServer(LoopbackServer):
    """`with StagedServer(answers, content_type) as server:` the first request gets the first answer, and so on.

    An answer is its beginning, and what comes after `gate` is open; the last one serves whoever asks more. `{url}` in a
    beginning is the server's own.
    """

    def __init__(self, answers: Sequence[tuple[bytes, bytes]], content_types: Sequence[str]) -> None:
        self.gate = Gate()
        self.asked = 0
        self._answers = list(zip(answers, content_types, strict=True))
        self._lock = threading.Lock()
        super().__init__(_handler(self))

    def next_answer(self) -> tuple[bytes, bytes, str]:
        """Beginning, end and content type of the next answer."""
        with self._lock:
            number = min(self.asked, len(self._answers) - 1)
            self.asked += 1
        (begin, end), content_type = self._answers[number]
        return begin.replace(b"{url}", self.url.encode()), end, content_type


def _handler(server: StagedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            begin, end, content_type = server.next_answer()
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            if end:
                self.send_header("Transfer-Encoding", "chunked")
            else:
                self.send_header("Content-Length", str(len(begin)))
            self.end_headers()
            if not end:
                self.wfile.write(begin)
                return
            self._chunk(begin)
            server.gate.wait()
            self._chunk(end)
            self._chunk(b"")

        def _chunk(self, piece: bytes) -> None:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.flush()

        do_GET = do_POST  # noqa: N815 - the name that http.server looks for

        def log_message(self, *args: Any) -> None:
            """Says nothing."""

    return Handler
