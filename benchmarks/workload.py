"""The work that every contender does: one streamed openai call whose body is in the match."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "gpt-4o"
PROMPT = "Say hi in Portuguese, then explain at length why."


def stream_body(events: int, padding: int) -> bytes:
    """An openai chat stream of `events` events, each about 200 + `padding` bytes."""

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        document = {
            "id": "chatcmpl-bench",
            "object": "chat.completion.chunk",
            "created": 1764000000,
            "model": MODEL,
            "system_fingerprint": "fp_" + "x" * padding,
            "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
        }
        return b"data: " + json.dumps(document, separators=(",", ":")).encode() + b"\n\n"

    parts = [chunk({"role": "assistant", "content": ""})]
    parts += [chunk({"content": f"word{number} olá "}) for number in range(events - 3)]
    parts += [chunk({}, "stop"), b"data: [DONE]\n\n"]
    return b"".join(parts)


BODIES = {"46 events, 14 KB": stream_body(46, 100), "7 events, 3.5 KB": stream_body(7, 290)}


def ask(client: Any) -> str:
    """One streamed call with a body, read to its end; returns the text."""
    stream = client.chat.completions.create(
        model=MODEL, stream=True, messages=[{"role": "user", "content": PROMPT}], max_tokens=4000
    )
    return "".join(event.choices[0].delta.content or "" for event in stream if event.choices)


def ask_plainly(client: Any, base_url: str) -> bytes:
    """The same call by an HTTP client, without an SDK, which takes most of the time and so hides what is compared."""
    asked = {
        "messages": [{"role": "user", "content": PROMPT}],
        "model": MODEL,
        "max_tokens": 4000,
        "stream": True,
    }
    with client.stream("POST", f"{base_url}/chat/completions", json=asked) as response:
        return b"".join(response.iter_bytes())


@contextmanager
def serve(body: bytes) -> Iterator[str]:
    """A loopback server that answers every POST with `body` as an event stream; yields its base URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
