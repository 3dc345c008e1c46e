"""AWS event streams (`application/vnd.amazon.eventstream`) from bytes: Bedrock's framing of streamed answers.

A frame is: total length, header length (uint32, big endian), CRC32 of these 8 bytes, headers, payload, CRC32 of all
that came before. A header is: name length (uint8), name, value type (uint8), value.
Format: https://smithy.io/2.0/aws/amazon-eventstream.html; the value types are those of botocore's `eventstream.py`.

After a damaged frame nothing is trusted any more: its length may be wrong, so no later frame can be found.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Mapping
from typing import NamedTuple
from zlib import crc32

HeaderValue = bool | int | bytes | str | uuid.UUID
"""A header's value in its type; a timestamp is an int, milliseconds since 1970."""

_PRELUDE = struct.Struct(">III")
_CRC = struct.Struct(">I")
_INTEGERS = {2: struct.Struct(">b"), 3: struct.Struct(">h"), 4: struct.Struct(">i"), 5: struct.Struct(">q")}
_TIMESTAMP = 8
_SHORTEST = _PRELUDE.size + _CRC.size


class EventStreamMessage(NamedTuple):
    """One frame. `headers` may be shared between frames: read only."""

    headers: Mapping[str, HeaderValue]
    payload: bytes

    @property
    def kind(self) -> str:
        """`event`, `exception` or `error`; an event when the frame does not say."""
        return _text(self.headers.get(":message-type")) or "event"

    @property
    def name(self) -> str:
        """What kind of event, exception or error it is (`chunk`, `throttlingException`, ...)."""
        key = {"exception": ":exception-type", "error": ":error-code"}.get(self.kind, ":event-type")
        return _text(self.headers.get(key))


class EventStreamTail(NamedTuple):
    """Bytes at the end that make no whole, sound frame. `problem` says why in words, `data` are the bytes."""

    data: bytes
    problem: str


class EventStreamDecoder:
    """Feed it bytes in any pieces; it gives the same frames for every way to cut them. Both checksums are checked."""

    __slots__ = ("_have", "_headers", "_need", "_pieces", "_problem")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._have = 0
        self._need = _PRELUDE.size
        self._problem = ""
        # Nearly all frames of a stream carry the same header bytes.
        self._headers: dict[bytes, Mapping[str, HeaderValue]] = {}

    def feed(self, data: bytes) -> list[EventStreamMessage]:
        """The frames that these bytes complete."""
        self._pieces.append(data)
        self._have += len(data)
        # Joined only when the bytes can complete something, so that small pieces cost linear time.
        if self._problem or self._have < self._need:
            return []
        whole = b"".join(self._pieces)
        messages, used = self._messages(whole)
        self._pieces = [whole[used:]]
        self._have = len(whole) - used
        return messages

    def finish(self) -> EventStreamTail | None:
        """What is left at the end of the stream, or None when it ended with a whole frame."""
        rest = b"".join(self._pieces)
        if not rest:
            return None
        return EventStreamTail(rest, self._problem or f"the stream ends inside a frame ({len(rest)} bytes of it came)")

    def _messages(self, whole: bytes) -> tuple[list[EventStreamMessage], int]:
        found: list[EventStreamMessage] = []
        start, end = 0, len(whole)
        view = memoryview(whole)
        while end - start >= _PRELUDE.size:
            total, header_length, prelude_crc = _PRELUDE.unpack_from(whole, start)
            if crc32(view[start : start + 8]) != prelude_crc:
                self._problem = "the checksum of a frame's prelude is wrong"
                return found, start
            if total < _SHORTEST + header_length:
                self._problem = "a frame's lengths contradict each other"
                return found, start
            stop = start + total
            if stop > end:
                self._need = total
                return found, start
            payload_end = stop - _CRC.size
            if crc32(view[start:payload_end]) != _CRC.unpack_from(whole, payload_end)[0]:
                self._problem = "the checksum of a frame is wrong"
                return found, start
            payload_start = start + _PRELUDE.size + header_length
            block = whole[start + _PRELUDE.size : payload_start]
            headers = self._headers.get(block)
            if headers is None:
                try:
                    headers = parse_headers(block)
                except (ValueError, struct.error, IndexError) as problem:
                    self._problem = f"a frame's headers cannot be read ({problem})"
                    return found, start
                if len(self._headers) < 64:
                    self._headers[block] = headers
            found.append(EventStreamMessage(headers, whole[payload_start:payload_end]))
            start = stop
        self._need = _PRELUDE.size
        return found, start


def parse_headers(block: bytes) -> dict[str, HeaderValue]:
    """The headers of one frame, each value in its type.

    Raises ValueError, struct.error or IndexError when the block is no sound header block.
    """
    headers: dict[str, HeaderValue] = {}
    at = 0
    while at < len(block):
        end = at + 1 + block[at]
        name = block[at + 1 : end].decode()
        value_type = block[end]
        at = end + 1
        value: HeaderValue
        if value_type <= 1:
            value = value_type == 0
        elif value_type in _INTEGERS or value_type == _TIMESTAMP:
            integer = _INTEGERS[5 if value_type == _TIMESTAMP else value_type]
            value = integer.unpack_from(block, at)[0]
            at += integer.size
        elif value_type in (6, 7):
            size = int.from_bytes(_exactly(block, at, 2))
            raw = _exactly(block, at + 2, size)
            value = raw.decode() if value_type == 7 else raw
            at += 2 + size
        elif value_type == 9:
            value = uuid.UUID(bytes=_exactly(block, at, 16))
            at += 16
        else:
            raise ValueError(f"header {name!r} has the unknown value type {value_type}")
        if name in headers:
            raise ValueError(f"header {name!r} comes twice")
        headers[name] = value
    return headers


def parse(body: bytes) -> tuple[list[EventStreamMessage], EventStreamTail | None]:
    """A whole body's frames, and what was left over."""
    decoder = EventStreamDecoder()
    return decoder.feed(body), decoder.finish()


def _exactly(block: bytes, at: int, size: int) -> bytes:
    part = block[at : at + size]
    if len(part) != size:
        raise ValueError("a value is longer than its header block")
    return part


def _text(value: HeaderValue | None) -> str:
    return value if isinstance(value, str) else ""
