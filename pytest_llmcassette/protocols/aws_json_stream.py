"""Bedrock's streamed answers as JSON events, and AWS errors, for Converse, InvokeModel and Anthropic inside it."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from pytest_llmcassette.framing.aws_eventstream import EventStreamMessage, parse
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.http_errors import error_object, http_error
from pytest_llmcassette.protocols.transcript import ExchangeError

_MEDIA_TYPE = "application/vnd.amazon.eventstream"
# An ARN has slashes, which not every client escapes.
_MODEL = re.compile(r"/model/(.+)/[^/]+$")
_MOST_NOTES = 5


def is_aws_stream(exchange: Exchange) -> bool:
    """Whether the answer came as AWS event stream: by its first frame, or by its media type when it is no JSON text."""
    if exchange.body[:1] == b"\0":
        return True
    return exchange.content_type == _MEDIA_TYPE and exchange.body[:64].lstrip()[:1] != b"{"


def aws_error(exchange: Exchange) -> ExchangeError:
    """The error of an answer with an error status, under the code that boto3 gives it."""
    error = http_error(exchange)
    header = exchange.header("X-Amzn-ErrorType")
    kind = header or error.type or (str(exchange.status) if exchange.status else None)
    return ExchangeError(status=error.status, type=kind and _short(kind), message=error.message)


def model_in_path(path: str) -> str | None:
    """The model's id, ARN or inference profile that a Bedrock URL names."""
    match = _MODEL.search(path)
    return unquote(match[1]) if match else None


class AwsJsonStream:
    """A stream's events as values. Iterate over it once; the other attributes are right after that.

    InvokeModel wraps the model's own events as base64 `bytes` in `chunk` frames: those are given unwrapped.
    `cut` says that the body ends inside a frame, or that one is damaged or holds no JSON object; `error` is the last
    frame that the framing itself marks as exception or error.
    """

    def __init__(self, body: bytes, status: int) -> None:
        self.cut = False
        self.error: ExchangeError | None = None
        self.notes: list[str] = []
        self._status = status
        self._kinds: dict[str, int] = {}
        self._messages, self._tail = parse(body)

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Pairs of the event's name and its JSON object."""
        kinds = self._kinds
        for number, message in enumerate(self._messages):
            if message.kind != "event":
                self.error = self._frame_error(message)
                kind = message.name or message.kind
                kinds[kind] = kinds.get(kind, 0) + 1
                continue
            name = message.name
            value = _value(message.payload, name)
            if value is None:
                self.cut = True
                if len(self.notes) < _MOST_NOTES:
                    self.notes.append(f"event {number} ({name}) holds no JSON object: {message.payload[:80]!r}")
                continue
            inner = value.get("type") if name == "chunk" else None
            kind = inner if isinstance(inner, str) else name
            kinds[kind] = kinds.get(kind, 0) + 1
            yield name, value
        if self._tail is not None:
            self.cut = True
            self.notes.append(f"{self._tail.problem}; {len(self._tail.data)} bytes at the end were not read")

    @property
    def shape(self) -> tuple[tuple[str, int], ...]:
        """Event kinds and counts in the order of their first appearance."""
        return tuple(self._kinds.items())

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
