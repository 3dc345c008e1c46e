"""Answers of Bedrock, their events and errors: for Converse, InvokeModel and Anthropic inside it."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from pytest_llmcassette.framing.aws_eventstream import EventStreamMessage, parse
from pytest_llmcassette.protocols.assembly import Assembly
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.forms import Forms
from pytest_llmcassette.protocols.http_errors import error_object
from pytest_llmcassette.protocols.json_stream import Events
from pytest_llmcassette.protocols.transcript import ExchangeError
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_int, counts_in, first_int, sum_known

_MEDIA_TYPE = "application/vnd.amazon.eventstream"
# An ARN has slashes, which not every client escapes.
_MODEL = re.compile(r"/model/(.+)/[^/]+$")


# Of a whole answer Bedrock counts in headers, of a stream in the last event.
_COUNTS = {
    "inputTokenCount": "X-Amzn-Bedrock-Input-Token-Count",
    "outputTokenCount": "X-Amzn-Bedrock-Output-Token-Count",
    "cacheReadInputTokenCount": "X-Amzn-Bedrock-Cache-Read-Input-Token-Count",
    "cacheWriteInputTokenCount": "X-Amzn-Bedrock-Cache-Write-Input-Token-Count",
}
_ERRORS = {
    400: "ValidationException",
    401: "UnrecognizedClientException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    413: "ValidationException",
    429: "ThrottlingException",
    503: "ServiceUnavailableException",
}


def with_aws_errors(forms: Forms) -> Forms:
    """The same forms with the errors of Bedrock, in answers and in streams."""
    return replace(
        forms,
        error_body=lambda status, message: {"message": message},
        error_headers=lambda status: {"X-Amzn-ErrorType": _ERRORS.get(status, "InternalServerException")},
        error_event=lambda message: ("modelStreamErrorException", {"message": message, "originalStatusCode": 503}),
    )


def is_aws_stream(exchange: Exchange) -> bool:
    """Whether the answer came as AWS event stream: by its first frame, or by its media type when it is no JSON text."""
    if exchange.body[:1] == b"\0":
        return True
    return exchange.content_type == _MEDIA_TYPE and exchange.body[:64].lstrip()[:1] != b"{"


def model_in_path(path: str) -> str | None:
    """The model's id, ARN or inference profile that a Bedrock URL names."""
    match = _MODEL.search(path)
    return unquote(match[1]) if match else None


def counts_in_headers(exchange: Exchange) -> dict[str, int]:
    """What Bedrock counted of a whole answer, under the names that it has in streams."""
    return {name: count for name, header in _COUNTS.items() if (count := as_int(exchange.header(header))) is not None}


def bedrock_usage(wire: dict[str, Any]) -> Usage | None:
    """The counts of Converse, or of InvokeModel. Cached input is reported beside the input and added here."""
    if not wire:
        return None
    asked, made, read, written = (
        first_int(wire.get(f"{name}s"), wire.get(f"{name}Count"))
        for name in ("inputToken", "outputToken", "cacheReadInputToken", "cacheWriteInputToken")
    )
    return Usage(
        input_tokens=sum_known(asked, read, written),
        output_tokens=made,
        total_tokens=as_int(wire.get("totalTokens")),
        cache_read_input_tokens=read,
        cache_creation_input_tokens=written,
        server_tool_calls=counts_in(wire.get("serverToolUsage")),
        wire=wire,
    )


class BedrockAnswer(Assembly):
    """An answer that Bedrock serves: as an AWS event stream or as one document, the model in the URL."""

    def request_model(self) -> str | None:
        """The model that the URL names."""
        return model_in_path(self.exchange.path) or super().request_model()

    def http_error(self) -> ExchangeError:
        """The error of an answer with an error status, under the code that boto3 gives it."""
        error = super().http_error()
        header = self.exchange.header("X-Amzn-ErrorType")
        kind = header or error.type or (str(self.exchange.status) if self.exchange.status else None)
        return ExchangeError(status=error.status, type=kind and _short(kind), message=error.message)

    def events(self) -> Events | None:
        """The frames of an AWS event stream."""
        return AwsJsonStream(self.exchange.body, self.exchange.status) if is_aws_stream(self.exchange) else None

    def plain(self, document: Any) -> None:
        """Take in a whole answer."""
        if isinstance(document, dict):
            self.document(document)
        else:
            self.unreadable("The recorded answer is neither JSON nor an AWS event stream.")

    def document(self, document: dict[str, Any]) -> None:
        """Take in a whole answer's JSON object; here there is to be a stream."""
        self.unreadable("A whole answer came instead of a stream.")


class AwsJsonStream(Events):
    """The frames of an AWS event stream; `error` is the last one that is marked as exception or error.

    InvokeModel wraps the model's own events as base64 `bytes` in `chunk` frames: those are given unwrapped.
    """

    def __init__(self, body: bytes, status: int) -> None:
        super().__init__()
        self._status = status
        self._messages, self._tail = parse(body)

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for number, message in enumerate(self._messages):
            if message.kind != "event":
                self.error = self._frame_error(message)
                self.count(message.name or message.kind)
                continue
            name = message.name
            value = _value(message.payload, name)
            if value is None:
                self.cut = True
                self.note(f"event {number} ({name}) holds no JSON object: {message.payload[:80]!r}")
                continue
            inner = value.get("type") if name == "chunk" else None
            self.count(inner if isinstance(inner, str) else name)
            yield name, value
        if self._tail is not None:
            self.cut = True
            self.notes.append(f"{self._tail.problem}; {len(self._tail.data)} bytes at the end were not read")

    def _frame_error(self, message: EventStreamMessage) -> ExchangeError:
        try:
            document = json.loads(message.payload)
        except (ValueError, RecursionError):
            document = message.payload.decode(errors="replace")[:500] or None
        words = error_object(document, status=self._status).message
        if words is None:
            header = message.headers.get(":error-message")
            words = header if isinstance(header, str) else None
        return ExchangeError(status=self._status, type=message.name or message.kind, message=words)


def _value(payload: bytes, name: str) -> dict[str, Any] | None:
    try:
        value = json.loads(payload)
        if name == "chunk":
            value = json.loads(b64decode(value["bytes"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _short(code: str) -> str:
    """The code without its namespace and URL: `com.amazon#ValidationException:http://...`."""
    return code.partition(":")[0].rpartition("#")[2]
