"""A loopback HTTP server that answers what it was told to, by the number in the request's header `x-case`."""

from __future__ import annotations

from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from servers.loopback import LoopbackServer


@dataclass
class Reply:
    """Status, headers and the pieces of a body; `reason` is the status line's."""

    pieces: list[bytes] = field(default_factory=lambda: [b'{"ok":true}'])
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    status: int = 200
    reason: str = "OK"


class TellingServer(LoopbackServer):
    """`with TellingServer() as server:` `server.replies[7] = Reply(...)`; whatever else is asked gets `{"ok":true}`."""

    def __init__(self) -> None:
        self.replies: dict[int, Reply] = {}
        self.bodies: list[bytes] = []
        super().__init__(_handler(self))


def _handler(server: TellingServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            server.bodies.append(self.rfile.read(int(self.headers.get("content-length") or 0)))
            reply = server.replies.get(int(self.headers.get("x-case", "-1")), Reply())
            self.send_response(reply.status, reply.reason)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in [*filter(None, reply.pieces), b""]:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                self.wfile.flush()

        do_GET = do_POST  # noqa: N815 - the name that http.server looks for

        def log_message(self, *args: Any) -> None:
            """Says nothing."""

    return Handler
