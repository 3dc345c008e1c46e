"""Streams of JSON objects: server-sent events, as most send them, and lines (Ollama, Cohere's first API, batches)."""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

from pytest_llmcassette.framing import ndjson, sse
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.transcript import ExchangeError

_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")
# Blank keep-alive lines before the answer: OpenRouter sends them for as long as a model thinks.
_BLANK = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*")
_MOST_NOTES = 5


def is_event_stream(exchange: Exchange) -> bool:
    """Whether the answer came as server-sent events, by its body first: recorders lose or change content types."""
    blank = _BLANK.match(exchange.body)
    start = 0 if blank is None else blank.end()
    head = exchange.body[start : start + 16]
    if head[:1] in (b"{", b"["):
        return False
    if head.startswith(_FIELDS):
        return True
    if exchange.content_type == "text/event-stream":
        return True
    # Cut before its first field was whole, or before anything came.
    begun = any(field.startswith(head) for field in _FIELDS)
    return begun and 0 < exchange.status < 400 and exchange.asked("stream") is True


# Without the layer of `json.loads` above it, which costs as much as reading a short event.
_decode = json.JSONDecoder().raw_decode


def json_object(data: str) -> dict[str, Any] | None:
    """The JSON object in a text, None when it is none."""
    try:
        try:
            value, end = _decode(data)
        except json.JSONDecodeError:
            end = -1
        if end != len(data):
            # White space around it, two values, or no JSON at all.
            value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


class Events:
    """A stream's events as values. Iterate over it once; the attributes are right after that.

    `kinds` counts the events by kind in the order of their first appearance, `cut` says that the body ends inside an
    event or holds one that is no JSON object; `error` is one that the framing itself marks; `unended` says that the
    last event lacks its line end and was taken all the same.
    """

    def __init__(self) -> None:
        self.cut = False
        self.unended = False
        self.error: ExchangeError | None = None
        self.notes: list[str] = []
        self.kinds: dict[str, int] = {}

    @abstractmethod
    def __iter__(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Pairs of the event's name (`""` when it had none) and its JSON object."""

    def count(self, kind: str) -> None:
        """One more event of a kind."""
        self.kinds[kind] = self.kinds.get(kind, 0) + 1

    def note(self, words: str) -> None:
        """Say what could not be read; the first few times."""
        if len(self.notes) < _MOST_NOTES:
            self.notes.append(words)


class JsonStream(Events):
    """Server-sent events up to `data: [DONE]`.

    `counts_unended`: whether the provider's SDK takes a last event that is whole but for the blank line behind it. The
    `[DONE]` needs none, since nothing can follow it.
    """

    def __init__(self, body: bytes, *, counts_unended: bool = False) -> None:
        super().__init__()
        self._words = ""
        self._events, self._tail, invalid_utf8 = sse.parse(body)
        if invalid_utf8:
            self.note("some bytes of the stream are no UTF-8 and were replaced")
        last = None if self._tail is None else sse.event_of(self._tail)
        if last is not None and (
            last.data.startswith("[DONE]") or (counts_unended and json_object(last.data) is not None)
        ):
            self._events.append(last)
            self._tail = None
            self.unended = True

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any]]]:
        kinds = self.kinds
        for number, (name, data) in enumerate(self._events):
            if data.startswith("[DONE]"):
                self.count("[DONE]")
                return
            if not data or data.isspace():
                # A ping: named events without data exist, nameless ones are keep-alive.
                self.count(name or "keep-alive")
                continue
            value = json_object(data)
            if value is None:
                if data.strip(' "') == "[DONE]":
                    self.count("[DONE]")
                    return
                self._not_json(number, name, data)
                continue
            kind = name or value.get("type") or value.get("object")
            if not isinstance(kind, str) or not kind:
                kind = "data"
            kinds[kind] = kinds.get(kind, 0) + 1
            yield name, value
        if self._tail is not None:
            self.cut = True
            self.note(f"the stream ends inside an event: {self._tail[:80]!r}")
        if self._words and not kinds:
            # Words where the answer was to be.
            self.error = ExchangeError(status=None, type=None, message=self._words)

    def _not_json(self, number: int, name: str, data: str) -> None:
        if name == "error":
            self.count(name)
            self.error = ExchangeError(status=None, type=None, message=data)
            return
        self.cut = True
        self.note(f"event {number} is no JSON object: {data[:80]!r}")
        self._words = self._words or data


class JsonLines(Events):
    """A stream's lines: each is a response object."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self._lines, self._tail = ndjson.parse(body)
        if self._tail is not None and json_object(self._tail) is not None:
            # Whole but for its line end: the SDKs of Ollama and Cohere take it.
            self._lines.append(self._tail)
            self._tail = None

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for number, line in enumerate(self._lines):
            event = json_object(line)
            if event is None:
                self.cut = True
                self.notes.append(f"line {number} is no JSON object: {line[:80]!r}")
                continue
            kind = "error" if event.get("error") else "done" if event.get("done") is True else "chunk"
            self.count(kind)
            yield kind, event
        if self._tail is not None:
            self.cut = True
            self.notes.append(f"the last line has no end: {self._tail[:80]!r}")
