"""What a cassette holds: go-vcr v4's `Interaction`, `Request` and `Response`, field for field.

A Go string is a byte string. Text fields are `str` decoded from UTF-8 with `surrogateescape`, so that any bytes
survive a load and a save; bodies are `bytes`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

CLOSED = "closed"
"""The file's word for a stream, or a request, that its client left before the end."""

CLIENT = "client"
SERVER = "server"
"""Who sent a frame."""

Headers = dict[str, list[str]]
"""Header, form and trailer values by name; header names in Go's canonical case (`X-Request-Id`)."""


class _LateBody:
    """Something whose `body` may be left out (see `defer_body`) until somebody reads it."""

    __slots__ = ("_source",)
    _source: Callable[[], bytes] | None
    body: bytes

    if not TYPE_CHECKING:  # A type checker would take every misspelt field for one that comes late.

        def __getattr__(self, name):
            # Called only for what is not set: a body that is to come.
            source = getattr(self, "_source", None) if name == "body" else None
            if source is not None:
                self.body = source()
                self._source = None
            # Of two threads that meet here one may find that the other has set it.
            return object.__getattribute__(self, name)


@dataclass(slots=True, kw_only=True)
class Message(_LateBody):
    """What a request and a response have in common."""

    headers: Headers = field(default_factory=dict)
    body: bytes = b""
    proto: str = "HTTP/1.1"
    proto_major: int = 1
    proto_minor: int = 1
    transfer_encoding: list[str] = field(default_factory=list)
    trailer: Headers = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Request(Message):
    """One request as recorded. `content_length` is -1 when unknown; `form` is query plus urlencoded body."""

    method: str = "GET"
    url: str = ""
    content_length: int = 0
    host: str = ""
    remote_addr: str = ""
    request_uri: str = ""
    form: Headers = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Response(Message):
    """One response as recorded. `duration_ns` is the time to the response headers, in nanoseconds."""

    code: int = 200
    status: str = "200 OK"
    content_length: int = -1
    uncompressed: bool = False
    duration_ns: int = 0


class Outcome(Enum):
    """How an exchange ended."""

    COMPLETE = "complete"
    CLOSED = "closed"
    """The client closed the stream before its end."""
    GIVEN_UP = "given up"
    """The client left before an answer came (a lost race, a deadline)."""
    FAILED = "failed"
    """An error of the network ended it, before the answer or within it."""


class FrameKind(Enum):
    """What a frame holds, by the file's word for it."""

    TEXT = "text"
    BINARY = "base64"
    CLOSE = "close"
    """A WebSocket's end: the code, and the reason behind a space where there is one (`1000 bye`)."""


@dataclass(slots=True, kw_only=True)
class Frame:
    """One message of a conversation that goes both ways: of a WebSocket, or of a gRPC call.

    - `sender`: `CLIENT` or `SERVER`.
    - `data`: the message; of a text its UTF-8.
    - `at`: milliseconds since the response headers.
    - `json`: what binary `data` says, as JSON text, where the recording could tell (a protobuf message); else `""`.
    """

    sender: str
    data: bytes
    kind: FrameKind = FrameKind.TEXT
    at: float = 0.0
    json: str = ""


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
    - `frames`: what both sides said, in the order in which this client sent or had it, where that is no body: of a
      WebSocket (behind a 101) and of a gRPC call.
    """

    request: Request
    response: Response
    phase: str = ""
    end: str = ""
    end_message: str = ""
    chunks: tuple[tuple[float, int], ...] = ()
    frames: tuple[Frame, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """How the exchange ended: what `end` and `response.code` say together."""
        if not self.response.code:
            return Outcome.GIVEN_UP if self.end == CLOSED else Outcome.FAILED
        if not self.end:
            return Outcome.COMPLETE
        return Outcome.CLOSED if self.end == CLOSED else Outcome.FAILED


def defer_body(message: _LateBody, source: Callable[[], bytes]) -> None:
    """Let `source` give the message's body when it is first asked for: most bodies of a large file never are."""
    message._source = source
    del message.body
