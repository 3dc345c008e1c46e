"""A well-behaved loopback HTTP server that counts what it is asked, so that a test knows what went live.

Its answers differ from one call to the next (`answer 1`, `answer 2`), so that a replay can be told from a live call.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any

from servers.loopback import LoopbackServer


class PlainServer(LoopbackServer):
    """`with PlainServer() as server:` `url` is its base; `asked` lists "METHOD /path body" of every request."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.keys: list[str] = []
        """The bearer keys that arrived."""
        self.failures = 0
        """How many of the next requests are answered with 503."""
        self._lock = threading.Lock()
        super().__init__(_handler(self))

    @property
    def calls(self) -> int:
        return len(self.asked)

    def reset(self) -> None:
        self.asked.clear()
        self.keys.clear()
        self.failures = 0

    def answer(self, method: str, path: str, key: str, body: bytes) -> tuple[int, str, bytes]:
        """Status, content type and body of the answer to one request."""
        with self._lock:
            self.asked.append(f"{method} {path} {body.decode('utf-8', 'replace')}".strip())
            self.keys.append(key)
            number = len(self.asked)
            if self.failures:
                self.failures -= 1
                return 503, "text/plain", b"later"
        if path == "/refused":
            return 401, "text/plain", b"wrong key"
        if path.endswith("/chat/completions"):
            return _chat(json.loads(body), number)
        return 200, "text/plain", f"answer {number}".encode()


def _chat(asked: dict[str, Any], number: int) -> tuple[int, str, bytes]:
    common = {"id": f"chatcmpl-{number}", "created": 1750000000, "model": asked["model"]}
    usage = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
    text = f"answer {number}"
    if not asked.get("stream"):
        choice: dict[str, Any] = {
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": "stop",
        }
        whole = {**common, "object": "chat.completion", "choices": [choice], "usage": usage}
        return 200, "application/json", json.dumps(whole).encode()
    events = []
    for delta, finish in (
        ({"role": "assistant", "content": text[:6]}, None),
        ({"content": text[6:]}, None),
        ({}, "stop"),
    ):
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        events.append({**common, "object": "chat.completion.chunk", "choices": [choice]})
    events.append({**common, "object": "chat.completion.chunk", "choices": [], "usage": usage})
    lines = [f"data: {json.dumps(event)}\n\n" for event in events]
    return 200, "text/event-stream", "".join([*lines, "data: [DONE]\n\n"]).encode()


def _handler(server: PlainServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            key = self.headers.get("Authorization", "").removeprefix("Bearer ")
            status, kind, answer = server.answer(self.command, self.path, key, body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            if self.path.endswith("/cookie"):
                self.send_header("Set-Cookie", "sid=1")
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: Any) -> None:
            """Silent: pytest shows what is printed."""

    return Handler
