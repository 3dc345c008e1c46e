"""A loopback HTTP server that misbehaves on request: each path is one way to be difficult. Standard library only."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import struct
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

from servers.loopback import serving

TEXT = "Olá, мир! 日本語 🎉 fim"
EVENTS = [f'data: {{"n": {n}, "text": "{TEXT}"}}\n\n'.encode() for n in range(5)] + [b"data: [DONE]\n\n"]
STREAM = b"".join(EVENTS)
WAIT_SECONDS = 5.0


def chat_event(text: str | None, finish: str | None = None) -> bytes:
    delta = {"content": text} if text is not None else {}
    document = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1750000000,
        "model": "gpt-test",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(document, ensure_ascii=False).encode() + b"\n\n"


CHAT = [*(chat_event(word) for word in ("Olá", ", ", "mundo", "!")), chat_event(None, "stop"), b"data: [DONE]\n\n"]


def message_event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields}, ensure_ascii=False)}\n\n".encode()


MESSAGE = [
    message_event(
        "message_start",
        message={
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-test",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 3, "output_tokens": 1},
        },
    ),
    message_event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    *(
        message_event("content_block_delta", index=0, delta={"type": "text_delta", "text": word})
        for word in ("Olá", ", ", "mundo", "!")
    ),
    message_event("content_block_stop", index=0),
    message_event(
        "message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 7}
    ),
    message_event("message_stop"),
]


class Handler(BaseHTTPRequestHandler):
    """One connection. `path_x` answers `/x`, `/x/...` and `/x?...`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: HostileServer

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, ssl.SSLError):
            self.close_connection = True

    def do_any(self) -> None:
        length = self.headers.get("Content-Length")
        if self.headers.get("Transfer-Encoding") == "chunked":
            self.body = self._read_chunked()
        else:
            self.body = self.rfile.read(int(length)) if length else b""
        self.server.note(self)
        # As a proxy it is asked for "http://host/path".
        path = self.path.split("/", 3)[3] if self.path.startswith("http://") else self.path
        name = path.partition("?")[0].strip("/").partition("/")[0] or "json"
        getattr(self, "path_" + name.replace("-", "_"), self.path_missing)()

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_any  # noqa: N815 - the names that http.server calls

    def _read_chunked(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def answer(self, status: int, body: bytes, content_type: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def start_stream(self, content_type: str = "text/event-stream; charset=utf-8", **headers: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.flush()

    def path_missing(self) -> None:
        self.answer(404, b'{"error": "no such path"}')

    def path_json(self) -> None:
        seen = {"method": self.command, "path": self.path, "body": self.body.decode("utf-8", "replace"), "text": TEXT}
        self.answer(200, json.dumps(seen, ensure_ascii=False).encode())

    def path_stream(self) -> None:
        self.start_stream()
        for event in EVENTS:
            self.chunk(event)
        self.chunk(b"")

    def path_torn(self) -> None:
        """Pieces of 7 bytes: cut inside characters and lines."""
        self.start_stream()
        for start in range(0, len(STREAM), 7):
            self.chunk(STREAM[start : start + 7])
        self.chunk(b"")

    def path_gated(self) -> None:
        """The last event is sent only when the client says that it has the first."""
        self.start_stream()
        self.chunk(EVENTS[0])
        if not self.server.gate.wait(WAIT_SECONDS):
            self.chunk(b"data: nobody opened the gate\n\n")
        self.chunk(EVENTS[1])
        self.chunk(b"")

    def path_paced(self) -> None:
        self.start_stream()
        self.chunk(EVENTS[0])
        for event in EVENTS[1:3]:
            time.sleep(0.05)
            self.chunk(event)
        self.chunk(b"")

    def path_encoded(self) -> None:
        """`/encoded/gzip`, `/encoded/br`, `/encoded/zstd`, `/encoded/deflate`: the stream, encoded."""
        name = self.path.rpartition("/")[2]
        self.start_stream(Content_Encoding=name)
        encoded = encode(name, STREAM)
        for start in range(0, len(encoded), 20):
            self.chunk(encoded[start : start + 20])
        self.chunk(b"")

    def path_flushed(self) -> None:
        """gzip as a provider's edge sends it: flushed after each event, and it goes on after `[DONE]`."""
        self.start_stream(Content_Encoding="gzip")
        packer = zlib.compressobj(wbits=31)
        for event in EVENTS:
            self.chunk(packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH))
        self.chunk(packer.flush())
        self.chunk(b"")

    def path_flaky(self) -> None:
        """429 for as often as the query says, then 200: `/flaky?2`."""
        times = int(self.path.partition("?")[2] or "1")
        if self.server.hits[self.path] <= times:
            self.answer(429, b'{"error": {"message": "slow down"}}', Retry_After="0.01", Retry_After_Ms="10")
        else:
            self.path_json()

    def path_busy(self) -> None:
        self.answer(503, b'{"error": {"message": "busy"}}', Retry_After="0.01")

    def path_wait(self) -> None:
        self.answer(200, b"{}", Retry_After="3600", Openai_Poll_After_Ms="5000")

    def path_reset(self) -> None:
        """The client is cut off once it says that it has the first event: what it has not read would be lost."""
        self.start_stream()
        self.chunk(EVENTS[0])
        self.server.gate.wait(WAIT_SECONDS)
        self.abort()

    def path_drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def path_hang(self) -> None:
        self.server.gate.wait(WAIT_SECONDS)
        self.close_connection = True

    def path_redirect(self) -> None:
        self.answer(307, b"", Location=f"/json?key=sk-{'secret'}&page=2")

    def path_headers(self) -> None:
        self.wfile.write(
            b"HTTP/1.1 200 Fine By Me\r\nX-Second: 2\r\nx-First: 1\r\nSet-Cookie: a=1\r\nX-Second: two\r\n"
            b"SET-COOKIE: b=2\r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\n{}"
        )

    def path_big(self) -> None:
        self.answer(200, b"x" * int(self.path.partition("?")[2]), "text/plain")

    def path_v1(self) -> None:
        """`/v1/chat/completions` and `/v1/messages`."""
        asked = json.loads(self.body)
        events, done = (MESSAGE, False) if self.path.startswith("/v1/messages") else (CHAT, True)
        if asked["model"] == "flaky" and self.server.hits[self.path] <= 1:
            self.answer(429, b'{"error": {"message": "slow down"}}', Retry_After_Ms="10")
            return
        if asked["model"] == "broke":
            self.answer(429, b'{"error": {"message": "no money", "type": "quota"}}', Retry_After_Ms="10")
            return
        assert asked.get("stream"), "this server only streams"
        self.start_stream()
        for number, event in enumerate(events):
            self.chunk(event)
            if asked["model"] == "torn" and number == 2:
                time.sleep(0.05)
                self.abort()
                return
            if asked["model"] == "gated" and number == 0:
                self.server.gate.wait(WAIT_SECONDS)
        if done:
            time.sleep(0.01)
        self.chunk(b"")

    def abort(self) -> None:
        """RST instead of FIN."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()


def encode(name: str, body: bytes) -> Any:
    if name == "gzip":
        return gzip.compress(body)
    if name == "deflate":
        return zlib.compress(body)
    if name == "br":
        import brotli

        return brotli.compress(body)
    import zstandard

    return zstandard.compress(body)


class HostileServer(ThreadingTCPServer):
    """`hits` counts requests by path and query, `gate` holds back `/gated`, `/hang`, `/reset` and model `gated`."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64
    block_on_close = False

    def __init__(self, address: Any, handler: type[BaseRequestHandler] = Handler, family: int = socket.AF_INET) -> None:
        self.address_family = family
        self.hits: Counter[str] = Counter()
        self.bodies: list[bytes] = []
        self.gate = threading.Event()
        self._lock = threading.Lock()
        self.url = ""
        super().__init__(address, handler)

    def note(self, handler: Handler) -> None:
        with self._lock:
            self.hits[handler.path] += 1
            self.bodies.append(handler.body)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is what these tests are about."""

    def shutdown_request(self, request: Any) -> None:
        try:
            super().shutdown_request(request)
        except OSError:
            pass


class UnixHandler(Handler):
    disable_nagle_algorithm = False


class UnixServer(HostileServer):
    """The same on a unix socket."""

    def get_request(self) -> tuple[Any, Any]:
        request, _ = super().get_request()
        return request, ("unix", 0)

    def server_bind(self) -> None:
        self.socket.bind(self.server_address)


@contextmanager
def serve(server: HostileServer, url: Callable[[HostileServer], str]) -> Iterator[HostileServer]:
    server.url = url(server)
    with serving(server):
        try:
            yield server
        finally:
            server.gate.set()


@contextmanager
def plain() -> Iterator[HostileServer]:
    with serve(HostileServer(("127.0.0.1", 0)), lambda made: f"http://127.0.0.1:{made.server_address[1]}") as server:
        yield server


@contextmanager
def tls(context: ssl.SSLContext) -> Iterator[HostileServer]:
    server = HostileServer(("127.0.0.1", 0))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with serve(server, lambda made: f"https://localhost:{made.server_address[1]}") as running:
        yield running


@contextmanager
def unix(path: Path) -> Iterator[HostileServer]:
    with serve(
        UnixServer(str(path), UnixHandler, family=socket.AF_UNIX), lambda made: "http://provider.test"
    ) as server:
        yield server


class Http2Handler(BaseRequestHandler):
    """A stream of `EVENTS` over HTTP/2, ended by an empty DATA frame."""

    server: HostileServer

    def handle(self) -> None:
        import h2.config
        import h2.connection
        import h2.events

        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        connection.initiate_connection()
        self.request.sendall(connection.data_to_send())
        while data := self.request.recv(65536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.StreamEnded):
                    stream = event.stream_id
                    connection.send_headers(stream, [(":status", "200"), ("content-type", "text/event-stream")])
                    for piece in EVENTS:
                        connection.send_data(stream, piece)
                    connection.send_data(stream, b"", end_stream=True)
            self.request.sendall(connection.data_to_send())


@contextmanager
def http2(context: ssl.SSLContext) -> Iterator[HostileServer]:
    context.set_alpn_protocols(["h2"])
    server = HostileServer(("127.0.0.1", 0), Http2Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with serve(server, lambda made: f"https://localhost:{made.server_address[1]}") as running:
        yield running
