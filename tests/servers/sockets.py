"""A loopback WebSocket server. What it does is in the path, and in what it is told."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

BIG = "x" * 100_000
"""Longer than a frame says in two bytes."""


class SocketServer:
    """`url` is its base (`ws://...`); `heard` lists what clients said, `asked` the headers of their handshakes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: dict[str, list[dict[str, Any]]] = {}
        """What `/v1/...` and `/ws/...` answer, by an event's type or its first name."""
        self.before_the_last: Callable[[], None] = lambda: None
        """Called when all but the last of several answers have been sent."""
        self.heard: list[str | bytes] = []
        self.asked: list[Headers] = []
        self.has_arrived = threading.Event()
        """Set by a client of `/live` that has the first message."""

    def handle(self, ws: ServerConnection) -> None:
        path = ws.request.path.partition("?")[0].split("/") if ws.request else []
        with suppress(ConnectionClosed):
            getattr(self, f"_{path[1]}", self._echo)(ws)

    def _echo(self, ws: ServerConnection) -> None:
        """Greets, and answers each message with what it was and with `done`; `bye CODE REASON` ends it."""
        ws.send('{"type":"hello"}')
        for message in ws:
            self.heard.append(message)
            if isinstance(message, bytes):
                ws.send(b"\x00" + message)
            elif message == "big":
                ws.send(BIG)
            elif message.startswith("bye"):
                _, code, reason = message.split(" ", 2)
                ws.close(int(code), reason)
            elif message == "die":
                _cut(ws)
            elif message != "quiet":
                ws.send(json.dumps({"type": "answer", "to": message}))
                ws.send('{"type":"done"}')

    def _live(self, ws: ServerConnection) -> None:
        ws.send("first")
        ws.send("second" if self.has_arrived.wait(5) else "nobody came for the first")
        ws.recv()

    def _events(self, ws: ServerConnection) -> None:
        """Answers each JSON message as `answers` has it; Google's server sends its JSON as binary data."""
        is_binary = ws.request is not None and ws.request.path.startswith("/ws/google")
        for message in ws:
            self.heard.append(message)
            told = json.loads(message)
            answers = self.answers.get(told.get("type") or next(iter(told)), [])
            for answer in answers:
                if len(answers) > 1 and answer is answers[-1]:
                    self.before_the_last()
                text = json.dumps(answer)
                ws.send(text.encode() if is_binary else text)

    _v1 = _ws = _events

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        self.asked.append(request.headers)
        path = request.path.partition("?")[0]
        if path == "/refused":
            response = connection.respond(HTTPStatus.UNAUTHORIZED, '{"error":"who are you?"}')
            response.headers["Retry-After"] = "7"
            return response
        if path == "/moved":
            response = connection.respond(HTTPStatus.FOUND, "")
            response.headers["Location"] = "/echo"
            return response
        return None


def _cut(ws: ServerConnection) -> None:
    """As a process that dies: no close frame."""
    ws.socket.shutdown(socket.SHUT_RDWR)


@contextmanager
def sockets(tls: ssl.SSLContext | None = None) -> Iterator[SocketServer]:
    logger = logging.Logger("silent", logging.CRITICAL + 1)
    running: list[SocketServer] = []
    with serve(
        lambda ws: running[0].handle(ws),
        "127.0.0.1",
        0,
        subprotocols=["realtime"],  # type: ignore[list-item]
        select_subprotocol=lambda ws, offered: "realtime" if "realtime" in offered else None,  # type: ignore[arg-type,return-value]
        process_request=lambda ws, request: running[0].answer(ws, request),
        max_size=None,
        ssl=tls,
        logger=logger,
    ) as server:
        port = server.socket.getsockname()[1]
        running.append(SocketServer(f"wss://localhost:{port}" if tls else f"ws://127.0.0.1:{port}"))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield running[0]
        finally:
            server.shutdown()
            thread.join()
