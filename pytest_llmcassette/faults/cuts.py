"""Streams that do not come to their end."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.errors import ConfigError
from pytest_llmcassette.faults.bodies import CUT, RESET, body_of, is_answered, is_readable, with_body
from pytest_llmcassette.faults.events import Stream, stream_of
from pytest_llmcassette.faults.fault import Misfit, row
from pytest_llmcassette.replay.plan import Delivery, End


def no_stream(recorded: Interaction) -> str:
    """`misfit` of a fault of streams."""
    return is_answered(recorded) or ("" if stream_of(recorded) is not None else "it is no stream of a known protocol")


def lacks(words: str, holds: Callable[[Stream], object], before: Misfit = no_stream) -> Misfit:
    """`misfit` of a fault that needs a stream of which something `holds`: these words of any other."""

    def misfit(recorded: Interaction) -> str:
        said = before(recorded)
        stream = stream_of(recorded)
        return said or ("" if stream is None or holds(stream) else words)

    return misfit


no_end = lacks("it has no event that ends it, or no other", lambda stream: stream.end)
"""`misfit` of a fault that needs the event with which an answer ends, and one before it."""


def streamed(delivery: Delivery) -> Stream:
    """The stream that is delivered."""
    stream = stream_of(delivery.interaction)
    assert stream is not None, "asked for after `no_stream`"
    return stream


def place(delivery: Delivery, n: int) -> int:
    """How many bytes the first `n` events are; raises `ConfigError` where there are fewer."""
    stream = streamed(delivery)
    if not isinstance(n, int) or not 0 <= n <= len(stream.events):
        raise ConfigError(f"This stream has {len(stream.events)} events: n goes from 0 to that, not {n!r}.")
    return stream.after(n)


def cut_after_event(delivery: Delivery, n: int = 1) -> Delivery:
    """The connection is closed behind event n."""
    at = place(delivery, n)
    return with_body(delivery, streamed(delivery).exchange.body[:at], CUT)


def reset(delivery: Delivery, bytes: int | None = None) -> Delivery:
    """The connection is reset behind so many bytes, without a number half of them."""
    body = body_of(delivery.interaction)
    at = len(body) // 2 if bytes is None else bytes
    return with_body(delivery, body[:at], RESET)


def stall(delivery: Delivery, n: int = 1) -> Delivery:
    """Nothing comes any more behind event n, and the connection stays open."""
    at = place(delivery, n)
    silence = End("ReadTimeout", "The read operation timed out", silence=inf)
    delivery.sleeps = False
    return with_body(delivery, streamed(delivery).exchange.body[:at], silence)


def _without_body(recorded: Interaction) -> str:
    problem = is_answered(recorded)
    if not problem and not is_readable(recorded):
        return "its body is in an encoding that cannot be undone here"
    return problem or ("" if recorded.response.body else "its body is empty")


def _split_character(body: bytes) -> int | None:
    """Where the first character of several bytes is cut in two, behind the first half of the body if there is one."""
    places = [at for at, byte in enumerate(body) if byte & 0xC0 == 0x80]
    later = [at for at in places if at > len(body) // 2]
    return next(iter(later or places), None)


def _split_in_frames(stream: Stream) -> int | None:
    """The same in the JSON of AWS frames, whose lengths and checksums are no text."""
    at = 0
    for event in stream.events:
        start = event.raw.find(b"{")
        inside = _split_character(event.raw[start:-4]) if start >= 0 else None
        if inside is not None:
            return at + start + inside
        at += len(event.raw)
    return None


def _character(stream: Stream) -> int | None:
    return _split_in_frames(stream) if stream.framing.name == "aws" else _split_character(stream.exchange.body)


_no_character = lacks(
    "every character of it is one byte (escapes in JSON are)", lambda stream: _character(stream) is not None
)


def cut_in_character(delivery: Delivery) -> Delivery:
    """The connection is closed within a character of several bytes."""
    stream = streamed(delivery)
    return with_body(delivery, stream.exchange.body[: _character(stream)], CUT)


_no_tool_call = lacks("it holds no tool call with arguments", lambda stream: stream.call is not None)


def cut_in_tool_call(delivery: Delivery) -> Delivery:
    """The connection is closed within the JSON of a tool call's arguments."""
    stream = streamed(delivery)
    number = stream.call
    assert number is not None
    whole = [call for call in stream.read(stream.events[: number + 1]).tool_calls if call.parsed is not None]
    at = stream.after(number + 1)
    if whole:
        # The arguments come in one event: it is cut itself.
        at -= len(stream.events[number].raw) // 2
    return with_body(delivery, stream.exchange.body[:at], CUT)


def no_terminator(delivery: Delivery) -> Delivery:
    """The stream ends well by HTTP, without what ends it by its protocol."""
    stream = streamed(delivery)
    return with_body(delivery, stream.exchange.body[: stream.after(stream.end or 0)])


FAULTS = (
    row("cut_after_event", "The connection is closed behind event n.", cut_after_event, no_stream),
    row("cut_in_character", "The connection is closed within a UTF-8 character.", cut_in_character, _no_character),
    row("cut_in_tool_call", "The connection is closed within a tool call's JSON.", cut_in_tool_call, _no_tool_call),
    row("reset", "The connection is reset behind so many bytes.", reset, _without_body),
    row("no_terminator", "The stream ends well, without its finish reason and terminator.", no_terminator, no_end),
    row("stall", "Nothing comes any more behind event n.", stall, no_stream),
)
