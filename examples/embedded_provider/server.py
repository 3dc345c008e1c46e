"""The HTTP side: HTTP/1.1 with keep-alive, chunked streams that leave event by event, an API key that is checked."""

from __future__ import annotations

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit

from embedded_provider.anthropic_messages import AnthropicMessages
from embedded_provider.brain import Prompt, ProviderError, think
from embedded_provider.gemini import Gemini
from embedded_provider.openai_chat import GroqChat, OpenAIChat
from embedded_provider.openai_responses import OpenAIResponses
from embedded_provider.wire import Json, Wire

API_KEY = "sk-embedded"
"""The only key that the provider accepts. It is no secret: the provider listens on this machine alone."""

WIRES: tuple[Wire, ...] = (OpenAIChat(), GroqChat(), OpenAIResponses(), AnthropicMessages(), Gemini())


class EmbeddedProvider:
    """A provider on a loopback port, for as long as the `with` block runs.

    `port` 0 picks a free one. `pause` is the time between two events of a stream, in seconds. `requests` counts what
    arrived, so that a test can say that nothing did.
    """

    def __init__(self, *, port: int = 0, pause: float = 0.005, api_key: str = API_KEY) -> None:
        self.pause = pause
        self.api_key = api_key
        self.requests = 0
        self._busy = 0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.provider = self
        # A short poll, so that leaving the block does not cost half a second.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`; the APIs are below it at the paths that the real providers use."""
        return f"http://127.0.0.1:{self.port}"

    def be_busy(self, times: int) -> None:
        """Answer the next calls with 429, as an overloaded provider does."""
        with self._lock:
            self._busy = times

    def arrived(self) -> bool:
        """Count a request; whether it meets a busy provider."""
        with self._lock:
            self.requests += 1
            self._busy -= 1
            return self._busy >= 0

    def __enter__(self) -> EmbeddedProvider:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    provider: EmbeddedProvider

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news; anything else is shown as usual."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        wire = next((wire for wire in WIRES if wire.serves(path)), None)
        if wire is None:
            self._json(404, {"error": {"message": f"There is no {path} here.", "type": "not_found"}})
            return
        try:
            self._serve(wire, path, body)
        except ProviderError as error:
            self._json(error.status, wire.error(error))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            self._json(400, wire.error(ProviderError(400, "bad_request", f"{type(error).__name__}: {error}")))

    def do_GET(self) -> None:
        self._json(404, {"error": {"message": f"There is no GET {self.path} here.", "type": "not_found"}})

    def _serve(self, wire: Wire, path: str, body: bytes) -> None:
        provider = self.server.provider
        if provider.arrived():
            raise ProviderError(429, "rate_limit_exceeded", "Too many requests, please try again.")
        if wire.key({name.lower(): value for name, value in self.headers.items()}) != provider.api_key:
            raise ProviderError(401, "invalid_api_key", "Incorrect API key provided.")
        prompt = wire.prompt(path, json.loads(body))
        answer = think(prompt)
        if prompt.stream:
            self._stream(wire, prompt, [*wire.stream(prompt, answer)])
        else:
            self._json(200, wire.plain(prompt, answer))

    def _json(self, status: int, document: Json) -> None:
        data = json.dumps(document, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if status == 429:
            self.send_header("Retry-After-Ms", "10")
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, wire: Wire, prompt: Prompt, events: list[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for event in events:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
                time.sleep(self.server.provider.pause)
            self.wfile.write(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            # The client has what it wanted; openai closes at [DONE].
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the demo's output belongs to the demo."""
