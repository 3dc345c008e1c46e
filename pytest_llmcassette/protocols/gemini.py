"""Google's Gemini API on AI Studio and on Vertex AI: generateContent in all its forms, and embeddings.

A stream is server-sent events (`?alt=sse`) or one JSON array whose elements arrive one by one.
Format: https://ai.google.dev/api/generate-content; the parts are those of `google.genai.types.Part`.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

from pytest_llmcassette.protocols.assembly import ProtocolRow
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.documents import Vectors
from pytest_llmcassette.protocols.forms import Forms
from pytest_llmcassette.protocols.gemini_assembly import ContentAssembly, usage_of
from pytest_llmcassette.protocols.http_errors import error_object
from pytest_llmcassette.protocols.json_stream import Events
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, dict_list, sum_known

_CALL = re.compile(r"([^/:]+):(generateContent|streamGenerateContent)$")
_EMBED = re.compile(r"([^/:]+):(embedContent|batchEmbedContents|predict)$")


class _Content(ContentAssembly):
    """The answer of one call, in whichever form it came."""

    # google-genai reads what is left at a stream's end as one more chunk.
    counts_unended = True

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._call = _CALL.search(unquote(exchange.posted_to))

    def request_model(self) -> str | None:
        """The model in the URL."""
        return _model_of(self._call) or super().request_model()

    def stream(self, events: Events) -> None:
        """Take in a stream's events: chunks, and an error in mid-stream."""
        kinds = self.kinds
        super().stream(events)
        # Counted by what they hold: they have no names.
        self.kinds = kinds

    def plain(self, document: Any) -> None:
        """Take in a response object, or the array of a stream's chunks."""
        self.streamed = self._call is not None and self._call[2] == "streamGenerateContent"
        body = self.exchange.body
        self.came_whole = document is not None
        if document is None and body.lstrip()[:1] == b"[":
            document = _readable_elements(body)
            self.cut = True
            self.notes.append(f"the JSON array is not closed; {len(document)} whole elements were read")
        if isinstance(document, list):
            for element in dict_list(document):
                self.chunk(element)
        elif isinstance(document, dict):
            self.chunk(document)
        else:
            self.unreadable("The recorded answer is no JSON object.")


_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
}


def _error(status: int, message: str) -> dict[str, Any]:
    words = _STATUSES.get(status, "INVALID_ARGUMENT" if status < 500 else "UNAVAILABLE")
    return {"error": {"code": status, "message": message, "status": words}}


_FORMS = Forms(
    error_body=_error,
    # Between the events it stands as bare JSON over several lines.
    error_event=lambda message: json.dumps(_error(503, message), indent=2).encode() + b"\n",
    length="MAX_TOKENS",
    usage=frozenset({"usageMetadata"}),
)


def _is_call(exchange: Exchange) -> bool:
    """By the method at the end of the path, on any host (proxies keep it)."""
    return _CALL.search(unquote(exchange.posted_to)) is not None


def _readable_elements(body: bytes) -> list[Any]:
    """The whole elements at the head of a JSON array that was cut."""
    text = body.decode(errors="replace")
    decoder = json.JSONDecoder()
    found: list[Any] = []
    at = text.index("[") + 1
    try:
        while True:
            while text[at : at + 1] in (" ", "\t", "\r", "\n", ","):
                at += 1
            element, at = decoder.raw_decode(text, at)
            found.append(element)
    except (ValueError, RecursionError):
        return found


class _Embeddings(Vectors):
    def request_model(self) -> str | None:
        """The model in the URL."""
        return _model_of(_EMBED.search(unquote(self.exchange.posted_to))) or super().request_model()

    def plain(self, document: object) -> None:
        """Take in a whole answer."""
        fields = as_dict(document)
        if "error" in fields:
            self.error = error_object(fields, status=self.exchange.status)
        elif not any(key in fields for key in ("embedding", "embeddings", "predictions")):
            self.unreadable("The recorded answer holds no embeddings.")
        wire = as_dict(fields.get("usageMetadata"))
        self.counts = usage_of(wire) if wire else _counted_by_input(dict_list(fields.get("predictions")))


def _counted_by_input(predictions: list[dict[str, Any]]) -> Usage | None:
    """Vertex counts for each input by itself."""
    statistics = [as_dict(as_dict(entry.get("embeddings")).get("statistics")) for entry in predictions]
    counts = sum_known(*(as_int(entry.get("token_count")) for entry in statistics))
    return None if counts is None else Usage(input_tokens=counts, wire={"statistics": statistics})


def _is_embed(exchange: Exchange) -> bool:
    """By the method at the end of the path; Vertex AI's `predict` serves other models too: their name decides."""
    match = _EMBED.search(unquote(exchange.posted_to))
    return match is not None and (match[2] != "predict" or "embedding" in match[1])


def _model_of(match: re.Match[str] | None) -> str | None:
    return match[1] if match is not None and match[1] not in ("v1internal", "v1", "v1beta") else None


PROTOCOLS = (
    ProtocolRow("gemini.generate_content", _Content, _is_call, _FORMS),
    ProtocolRow("gemini.embed_content", _Embeddings, _is_embed, _FORMS),
)
