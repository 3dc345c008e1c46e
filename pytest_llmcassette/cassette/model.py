"""What a cassette holds: go-vcr v4's `Interaction`, `Request` and `Response`, field for field.

A Go string is a byte string. Text fields are `str` decoded from UTF-8 with `surrogateescape`, so that any bytes
survive a load and a save; bodies are `bytes`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Headers = dict[str, list[str]]
"""Header, form and trailer values by name; header names in Go's canonical case (`X-Request-Id`)."""


@dataclass(slots=True, kw_only=True)
class Request:
    """One request as recorded. `content_length` is -1 when unknown; `form` is query plus urlencoded body."""

    method: str = "GET"
    url: str = ""
    headers: Headers = field(default_factory=dict)
    body: bytes = b""
    proto: str = "HTTP/1.1"
    proto_major: int = 1
    proto_minor: int = 1
    content_length: int = 0
    transfer_encoding: list[str] = field(default_factory=list)
    trailer: Headers = field(default_factory=dict)
    host: str = ""
    remote_addr: str = ""
    request_uri: str = ""
    form: Headers = field(default_factory=dict)
    deferred: Callable[[], bytes] | None = field(default=None, repr=False, compare=False)

    def __getattr__(self, name: str) -> bytes:
        return _deferred_body(self, name)


@dataclass(slots=True, kw_only=True)
class Response:
    """One response as recorded. `duration_ns` is the time to the response headers, in nanoseconds."""

    code: int = 200
    status: str = "200 OK"
    headers: Headers = field(default_factory=dict)
    body: bytes = b""
    proto: str = "HTTP/1.1"
    proto_major: int = 1
    proto_minor: int = 1
    transfer_encoding: list[str] = field(default_factory=list)
    trailer: Headers = field(default_factory=dict)
    content_length: int = -1
    uncompressed: bool = False
    duration_ns: int = 0
    deferred: Callable[[], bytes] | None = field(default=None, repr=False, compare=False)

    def __getattr__(self, name: str) -> bytes:
        return _deferred_body(self, name)


@dataclass(slots=True, kw_only=True)
class Interaction:
    """A request with its response.

    The last fields are written only when they say something; they are ours, and go-vcr ignores keys it does not know.

    - `phase`: `"teardown"` when it was recorded after the test's call; else `""`.
    - `end`: `""` complete; `"closed"` the recording client closed the stream before its end; otherwise the name of
      the httpcore exception that ended it, e.g. `"ReadError"`, `"ConnectError"`, `"ReadTimeout"`. An exception before
      the response headers is stored with `response.code == 0`.
    - `end_message`: the text of that exception.
    - `chunks`: arrival of the body's pieces, as (milliseconds since the response headers, bytes) pairs; empty when
      not recorded. Sizes are of the body as stored.
    """

    request: Request
    response: Response
    phase: str = ""
    end: str = ""
    end_message: str = ""
    chunks: tuple[tuple[float, int], ...] = ()


def defer_body(message: Request | Response, source: Callable[[], bytes]) -> None:
    """Let `source` give the message's body when it is first asked for."""
    message.deferred = source
    del message.body


def _deferred_body(message: Request | Response, name: str) -> bytes:
    # Called only for an attribute that is not set: of a slot that is `body` after `defer_body`.
    if name != "body" or message.deferred is None:
        raise AttributeError(f"{type(message).__name__!r} object has no attribute {name!r}")
    message.body = message.deferred()
    message.deferred = None
    return message.body
