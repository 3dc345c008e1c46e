"""Where a recorded body may be cut into pieces: behind its events, whatever their framing."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import lru_cache

from pytest_llmcassette.cassette.model import SERVER, Interaction, Response

Piece = tuple[float, bytes]
"""Seconds to wait, then what comes."""

_SEPARATORS = {
    "text/event-stream": (b"\r\n\r\n", b"\n\n", b"\r\r"),
    "application/x-ndjson": (b"\n",),
    "application/jsonl": (b"\n",),
    "application/x-jsonlines": (b"\n",),
    "application/json-seq": (b"\n",),
}
_BLOCK = 1 << 14
"""Bytes of whole events that are served together (one event may be longer)."""
_EVENTSTREAM = "application/vnd.amazon.eventstream"
_STREAMS = frozenset({_EVENTSTREAM, *_SEPARATORS})


def is_stream(response: Response) -> bool:
    """Whether the body is of a type that is sent piece by piece, so that its length is not known before."""
    return _media_type(response.headers.get("Content-Type", [""])[0]) in _STREAMS


@lru_cache(maxsize=64)
def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def in_one(response: Response) -> Iterator[Piece]:
    """The body as it is stored."""
    return iter(((0.0, response.body),) if response.body else ())


def each_event(response: Response) -> Iterator[Piece]:
    """The body in pieces, one for each event of a stream; anything else in one. None waits."""
    return by_event(response, block=0)


def each_message(interaction: Interaction) -> Iterator[Piece]:
    """The server's messages of a conversation, which are never cut. None waits."""
    return ((0.0, frame.data) for frame in interaction.frames if frame.sender == SERVER)


def by_event(response: Response, *, block: int = _BLOCK) -> Iterator[Piece]:
    """The body in pieces: a stream's first event, then whole events in blocks; anything else in one. None waits."""
    body = response.body
    content_type = _media_type(response.headers.get("Content-Type", [""])[0])
    # One byte is found many times faster than four, and most streams have no carriage return.
    has_returns = b"\r" in body
    for separator in _SEPARATORS.get(content_type, ()):
        if (has_returns or separator[0] != 0x0D) and separator in body:
            return _split(body, separator, block)
    if content_type == _EVENTSTREAM:
        return _split_frames(body)
    return iter(((0.0, body),) if body else ())


def _split(body: bytes, separator: bytes, block: int) -> Iterator[Piece]:
    """The first event alone, so that a client meets a stream that has only begun; then whole events in blocks.

    A piece for every event would cost more in httpx and the SDK than all the rest of a replay.
    """
    width = len(separator)
    start = body.find(separator) + width
    yield 0.0, body[:start]
    while len(body) - start > block:
        end = body.rfind(separator, start, start + block)
        if end < 0:
            end = body.find(separator, max(start, start + block - width))
            if end < 0:
                break
        yield 0.0, body[start : end + width]
        start = end + width
    if start < len(body):
        yield 0.0, body[start:]


def _split_frames(body: bytes) -> Iterator[Piece]:
    start = 0
    while start + 4 <= len(body):
        (length,) = struct.unpack_from(">I", body, start)
        if length < 16:
            break
        yield 0.0, body[start : start + length]
        start += length
    if start < len(body):
        yield 0.0, body[start:]
