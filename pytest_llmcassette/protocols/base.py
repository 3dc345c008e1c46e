"""What every wire protocol is given and what it must return."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from pytest_llmcassette.cassette.encoding import decode_sniffed
from pytest_llmcassette.cassette.model import Interaction, Request, Response
from pytest_llmcassette.protocols.hosts import provider_at
from pytest_llmcassette.protocols.transcript import Transcript

if TYPE_CHECKING:
    from pytest_llmcassette.protocols.forms import Forms
    from pytest_llmcassette.protocols.routes import Route

GRPC = "application/grpc"


class Exchange:
    """One interaction, with the readings that several protocols need made at most once."""

    def __init__(
        self, interaction: Interaction, read: Callable[[Interaction], Transcript | None] = lambda other: None
    ) -> None:
        self.interaction = interaction
        self._read = read
        self.request = interaction.request
        self.response = interaction.response

    @cached_property
    def url(self) -> SplitResult:
        """The request's URL in parts; an unreadable one gives empty parts."""
        try:
            return urlsplit(self.request.url)
        except ValueError:
            return SplitResult("", "", "", "", "")

    @cached_property
    def path(self) -> str:
        """The URL's path, percent-encoding as sent."""
        return self.url.path

    @cached_property
    def posted_to(self) -> str:
        """The URL's path, without slashes at its end, of a POST; `""` for other methods."""
        return (self.path.rstrip("/") or "/") if self.request.method.upper() == "POST" else ""

    @cached_property
    def host(self) -> str:
        """The URL's host in lower case, without port; `""` when there is none."""
        try:
            return (self.url.hostname or "").lower()
        except ValueError:
            return ""

    @property
    def port(self) -> int | None:
        """The URL's port, None when it names none."""
        try:
            return self.url.port
        except ValueError:
            return None

    @cached_property
    def provider(self) -> str:
        """The provider's short name, or the host; of a server on this machine the software, by its usual port."""
        return provider_at(self.host, self.path, self.port)

    @cached_property
    def route(self) -> Route | None:
        """Whose the request's URL is, of the APIs that are known by it alone."""
        # Imported here: a replay reads nothing.
        from pytest_llmcassette.protocols.routes import route_of

        return route_of(self.request.method, self.host, self.path)

    @cached_property
    def is_conversation(self) -> bool:
        """Whether what was said stands in frames: over a WebSocket, or in a gRPC call."""
        types = self.request.headers.get("Content-Type") or [""]
        return bool(self.interaction.frames) or self.url.scheme in ("ws", "wss") or types[0].startswith(GRPC)

    @property
    def status(self) -> int:
        """The HTTP status; 0 when the request failed before an answer came."""
        return self.response.code

    @cached_property
    def content_type(self) -> str:
        """The response's media type in lower case, without parameters; `""` when not recorded."""
        return self.header("Content-Type").partition(";")[0].strip().lower()

    def header(self, name: str) -> str:
        """A response header's first value, by any case; `""` when not recorded."""
        wanted = name.lower()
        for key, values in self.response.headers.items():
            if key.lower() == wanted and values:
                return values[0]
        return ""

    @cached_property
    def body(self) -> bytes:
        """The response's body, decoded unless it cannot be. Clients in Go that ask for gzip themselves store it raw."""
        return decode_sniffed(self.response.body, self.header("Content-Encoding"), self.content_type)[0]

    @cached_property
    def request_json(self) -> Any:
        """The request's body as values, or None when it is not JSON."""
        return _json(self.request.body)

    @cached_property
    def response_json(self) -> Any:
        """The response's body as values, or None when it is not one JSON document."""
        return _json(self.body)

    def asked(self, name: str) -> Any:
        """A top-level field of the request's JSON object, or None."""
        document = self.request_json
        return document.get(name) if isinstance(document, dict) else None

    def read_inside(self, url: str, answer: Any, *, status: int = 200, asked: bytes = b"") -> Transcript | None:
        """An answer that this one holds (a line of a batch), as JSON values, read as if it had come by itself."""
        request = Request(method="POST", url=url, body=asked)
        headers = {"Content-Type": ["application/json"]}
        response = Response(code=status, body=json.dumps(answer).encode(), headers=headers)
        return self._read(Interaction(request=request, response=response))

    def in_query(self, name: str) -> str | None:
        """A parameter of the URL's query, or None."""
        return dict(parse_qsl(self.url.query)).get(name)

    def asked_in_form(self, name: str) -> str | None:
        """A text field of the request's form (`multipart/form-data`, as files are sent), or None."""
        pattern = rb'name="?%s"?\r?\n(?:[^\r\n]+\r?\n)*\r?\n([^\r\n]*)' % re.escape(name.encode())
        found = re.search(pattern, self.request.body)
        return None if found is None else found[1].decode(errors="replace") or None


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


class WireProtocol(ABC):
    """One API's shape on the wire. Stateless; registered once under `name`. `forms` are what faults are made with."""

    name: str
    forms: Forms | None = None

    @abstractmethod
    def claims(self, exchange: Exchange) -> bool:
        """Whether this exchange is a call of this protocol, by URL first and content second. Never raises."""

    @abstractmethod
    def read(self, exchange: Exchange) -> Transcript:
        """The exchange's transcript with its usage, streamed or plain.

        May raise on garbage: the registry turns that into a transcript with an error and a note.
        """

    def forms_of(self, exchange: Exchange) -> Forms:
        """`forms`, unless the host has its own; those of chat completions where a protocol has none."""
        # Imported here: a run without faults needs none.
        from pytest_llmcassette.protocols.forms import Forms

        return self.forms or Forms()
