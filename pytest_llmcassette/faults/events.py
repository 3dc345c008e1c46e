"""A streamed answer as its events, whatever their framing, and what its protocol makes of the first so many."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.framing import aws_eventstream, ndjson, sse
from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.aws_json_stream import AwsJsonStream, is_aws_stream
from pytest_llmcassette.protocols.base import Exchange, WireProtocol
from pytest_llmcassette.protocols.forms import Forms
from pytest_llmcassette.protocols.json_stream import is_event_stream, json_object
from pytest_llmcassette.protocols.transcript import Transcript

_NDJSON = ("application/x-ndjson", "application/jsonl", "application/x-jsonlines")


class Event(NamedTuple):
    """One event: its bytes with what sets it off from the next, its name, and its JSON object if it has one."""

    raw: bytes
    name: str = ""
    value: dict[str, Any] | None = None

    @property
    def kind(self) -> str:
        """What its protocol calls it: its name, else its `type`."""
        kind = (self.value or {}).get("type") if self.name in ("", "chunk") else self.name
        return kind if isinstance(kind, str) else ""


def joined(events: Iterable[Event]) -> bytes:
    """The bytes of these events."""
    return b"".join(event.raw for event in events)


class Framing(NamedTuple):
    """How the events of a stream are set off from each other."""

    name: str
    split: Callable[[bytes], list[Event]]
    made: Callable[[str, Any], bytes]
    """An event's bytes, from its name and value."""
    failed: Callable[[str, Any], bytes]
    """The same for an event that is an error."""
    changed: Callable[[Event, Any], bytes]
    """The bytes of an event with another value."""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _sse_split(body: bytes) -> list[Event]:
    found: list[Event] = []
    before = b""
    for block in sse.blocks(body):
        events = sse.parse(block).events
        if events:
            found.append(Event(before + block, events[0].event, json_object(events[0].data)))
            before = b""
        else:
            # A comment, or a field alone, goes with the event behind it.
            before += block
    if before and found:
        found[-1] = found[-1]._replace(raw=found[-1].raw + before)
    return found


def _sse_made(name: str, value: Any) -> bytes:
    return (f"event: {name}\n" if name else "").encode() + f"data: {_text(value)}\n\n".encode()


def _lines_split(body: bytes) -> list[Event]:
    return [Event(line, "", json_object(line.decode(errors="replace"))) for line in ndjson.raw_lines(body)]


def _lines_made(name: str, value: Any) -> bytes:
    return f"{_text(value)}\n".encode()


def _aws_split(body: bytes) -> list[Event]:
    found = []
    for frame in aws_eventstream.frames(body):
        values = list(AwsJsonStream(frame, 200))
        found.append(Event(frame, *(values[0] if values else ("", None))))
    return found


def _aws_payload(name: str, value: Any) -> bytes:
    inner = {"bytes": b64encode(_text(value).encode()).decode(), "p": "abcdefgh"} if name == "chunk" else value
    return _text(inner).encode()


def _aws_frame(kind: str, name: str, value: Any) -> bytes:
    headers = {f":{kind}-type": name, ":content-type": "application/json", ":message-type": kind}
    return aws_eventstream.frame_of(headers, _aws_payload(name, value))


SSE = Framing("sse", _sse_split, _sse_made, _sse_made, lambda event, value: _sse_made(event.name, value))
LINES = Framing("ndjson", _lines_split, _lines_made, _lines_made, lambda event, value: _lines_made("", value))
AWS = Framing(
    "aws",
    _aws_split,
    lambda name, value: _aws_frame("event", name, value),
    lambda name, value: _aws_frame("exception", name, value),
    lambda event, value: aws_eventstream.with_payload(event.raw, _aws_payload(event.name, value)),
)


@dataclass(frozen=True, eq=False)
class Stream:
    """A recorded answer that was streamed."""

    exchange: Exchange
    protocol: WireProtocol
    framing: Framing
    events: tuple[Event, ...]

    def after(self, number: int) -> int:
        """How many bytes the first `number` events are."""
        return sum(len(event.raw) for event in self.events[:number])

    def read(self, events: Sequence[Event]) -> Transcript:
        """What the protocol makes of these events alone."""
        return self.protocol.read(self.exchange_of(events))

    def exchange_of(self, events: Sequence[Event]) -> Exchange:
        """The exchange, had these events been all."""
        recorded = self.exchange.interaction
        response = replace(recorded.response, body=joined(events), uncompressed=True)
        return Exchange(replace(recorded, response=response))

    def changed(self, event: Event, value: dict[str, Any] | None) -> Event:
        """The event with another value; itself where that is the same."""
        return event if value == event.value else Event(self.framing.changed(event, value))

    @cached_property
    def forms(self) -> Forms:
        """Those of the protocol, at this host."""
        return self.protocol.forms_of(self.exchange)

    def first(self, holds: Callable[[Transcript], bool]) -> int | None:
        """The place of the first event with which `holds` is true of all so far, and stays so; None without one."""
        low, high = 0, len(self.events)
        if not holds(self.read(self.events)):
            return None
        while low < high:
            middle = (low + high) // 2
            if holds(self.read(self.events[: middle + 1])):
                high = middle
            else:
                low = middle + 1
        return low

    @cached_property
    def end(self) -> int | None:
        """The place of the event with which the answer ends: its finish reason. None where it has none."""
        return self.first(lambda transcript: any(choice.finish_reason for choice in transcript.choices))

    @cached_property
    def begin(self) -> int | None:
        """The place of the first event that adds to the answer; None where none does."""
        return self.first(says_something)

    @cached_property
    def call(self) -> int | None:
        """The place of the first event with arguments of a tool call; None without one."""
        return self.first(lambda transcript: any(call.arguments.strip("{} ") for call in transcript.tool_calls))


def says_something(transcript: Transcript) -> bool:
    """Whether there is any answer."""
    return bool(transcript.text or transcript.reasoning or transcript.tool_calls or transcript.refusal)


@lru_cache(maxsize=16)
def _stream_of(recorded: _ByIdentity) -> Stream | None:
    exchange = Exchange(recorded.interaction)
    protocol = registry.find(exchange)
    if protocol is None:
        return None
    if is_aws_stream(exchange):
        framing = AWS
    elif exchange.content_type in _NDJSON:
        framing = LINES
    elif is_event_stream(exchange):
        framing = SSE
    else:
        return None
    events = tuple(framing.split(exchange.body))
    return Stream(exchange, protocol, framing, events) if events else None


class _ByIdentity:
    """An interaction as a key: it is never changed, and its equals are another one's."""

    def __init__(self, interaction: Interaction) -> None:
        self.interaction = interaction

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and other.interaction is self.interaction

    def __hash__(self) -> int:
        return id(self.interaction)


def stream_of(interaction: Interaction) -> Stream | None:
    """The interaction as a stream of a known protocol; None where it is none."""
    return _stream_of(_ByIdentity(interaction))
