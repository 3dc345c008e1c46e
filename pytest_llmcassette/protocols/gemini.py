"""Google's Gemini API on AI Studio and on Vertex AI: generateContent in all its forms, and embeddings.

A stream is server-sent events (`?alt=sse`) or one JSON array whose elements arrive one by one.
Format: https://ai.google.dev/api/generate-content; the parts are those of `google.genai.types.Part`.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

from pytest_llmcassette.protocols.assembly import Vectors
from pytest_llmcassette.protocols.base import Exchange, WireProtocol
from pytest_llmcassette.protocols.gemini_assembly import ContentAssembly, usage_of
from pytest_llmcassette.protocols.http_errors import error_object, http_error, is_error
from pytest_llmcassette.protocols.json_stream import JsonStream, is_event_stream
from pytest_llmcassette.protocols.transcript import Transcript
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, dict_list, sum_known

_CALL = re.compile(r"([^/:]+):(generateContent|streamGenerateContent)$")
_EMBED = re.compile(r"([^/:]+):(embedContent|batchEmbedContents|predict)$")
_RAW_OBJECT = re.compile(rb"^\[?\s*\{", re.MULTILINE)


class GeminiGenerateContent(WireProtocol):
    """`gemini.generate_content`: generateContent and streamGenerateContent."""

    name = "gemini.generate_content"

    def claims(self, exchange: Exchange) -> bool:
        """By the method at the end of the path, on any host (proxies keep it)."""
        return _CALL.search(unquote(exchange.posted_to)) is not None

    def read(self, exchange: Exchange) -> Transcript:
        """The candidates, streamed or plain."""
        match = _CALL.search(unquote(exchange.posted_to))
        assembly = ContentAssembly(exchange)
        if is_error(exchange):
            assembly.error = http_error(exchange)
        elif is_event_stream(exchange):
            assembly.streamed = True
            _read_events(assembly, exchange.body)
        else:
            assembly.streamed = match is not None and match[2] == "streamGenerateContent"
            _read_json(assembly, exchange)
        return assembly.transcript(self.name, _model_of(match))


def _read_events(assembly: ContentAssembly, body: bytes) -> None:
    events = JsonStream(body)
    for _, event in events:
        assembly.chunk(event)
    assembly.cut = events.cut
    assembly.notes.extend(events.notes)
    if not assembly.complete() and assembly.error is None:
        # An error in mid-stream comes as bare JSON over several lines, without `data:`.
        start = _RAW_OBJECT.search(body)
        document = _first_value(body[start.start() :].lstrip()) if start else None
        if document is not None:
            assembly.error = error_object(document, status=None)


def _first_value(body: bytes) -> Any:
    try:
        return json.JSONDecoder().raw_decode(body.decode(errors="replace"))[0]
    except (ValueError, RecursionError):
        return None


def _read_json(assembly: ContentAssembly, exchange: Exchange) -> None:
    document = exchange.response_json
    if document is None and exchange.body.lstrip()[:1] == b"[":
        document = _readable_elements(exchange.body)
        assembly.cut = True
        assembly.notes.append(f"the JSON array is not closed; {len(document)} whole elements were read")
    if isinstance(document, list):
        for element in dict_list(document):
            assembly.chunk(element)
    elif isinstance(document, dict):
        assembly.chunk(document)
    else:
        assembly.unreadable("The recorded answer is no JSON object.")


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


class GeminiEmbedContent(WireProtocol):
    """`gemini.embed_content`: embedContent, batchEmbedContents, and Vertex AI's `predict` of embedding models."""

    name = "gemini.embed_content"

    def claims(self, exchange: Exchange) -> bool:
        """By the method at the end of the path; `predict` serves other models too: their name decides."""
        match = _EMBED.search(unquote(exchange.posted_to))
        return match is not None and (match[2] != "predict" or "embedding" in match[1])

    def read(self, exchange: Exchange) -> Transcript:
        """Usage and completeness."""
        answer = Vectors(exchange)
        document = as_dict(exchange.response_json)
        answer.counted = _embedding_usage(document)
        if is_error(exchange):
            answer.error = http_error(exchange)
        elif "error" in document:
            answer.error = error_object(document, status=exchange.status)
        elif not any(key in document for key in ("embedding", "embeddings", "predictions")):
            answer.unreadable("The recorded answer holds no embeddings.")
        return answer.transcript(self.name, _model_of(_EMBED.search(unquote(exchange.posted_to))))


def _embedding_usage(document: dict[str, Any]) -> Usage | None:
    wire = as_dict(document.get("usageMetadata"))
    if wire:
        return usage_of(wire)
    # Vertex counts each input by itself.
    statistics = [
        as_dict(as_dict(entry.get("embeddings")).get("statistics")) for entry in dict_list(document.get("predictions"))
    ]
    counts = sum_known(*(as_int(entry.get("token_count")) for entry in statistics))
    return None if counts is None else Usage(input_tokens=counts, wire={"statistics": statistics})


def _model_of(match: re.Match[str] | None) -> str | None:
    return match[1] if match is not None and match[1] not in ("v1internal", "v1", "v1beta") else None


PROTOCOLS = (GeminiGenerateContent(), GeminiEmbedContent())
