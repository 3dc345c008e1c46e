"""AWS event streams (`application/vnd.amazon.eventstream`) from bytes: Bedrock's framing of streamed answers.

A frame is: total length, header length (uint32, big endian), CRC32 of these 8 bytes, headers, payload, CRC32 of all
that came before. A header is: name length (uint8), name, value type (uint8), value.
Format: https://smithy.io/2.0/aws/amazon-eventstream.html; the value types are those of botocore's `eventstream.py`.

After a damaged frame nothing is trusted any more: its length may be wrong, so no later frame can be found.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable, Mapping
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


class _DamagedError(Exception):
    """A frame that is not sound: the rest of the stream is not read."""


def parse(body: bytes) -> tuple[list[EventStreamMessage], EventStreamTail | None]:
    """A whole body's frames, and what was left over. Both checksums are checked."""
    found: list[EventStreamMessage] = []
    # Nearly all frames of a stream carry the same header bytes.
    known: dict[bytes, Mapping[str, HeaderValue]] = {}
    start = 0
    try:
        while (frame := _frame(body, start, known)) is not None:
            message, start = frame
            found.append(message)
        problem = f"the stream ends inside a frame ({len(body) - start} bytes of it came)"
    except _DamagedError as damage:
        problem = str(damage)
    return found, EventStreamTail(body[start:], problem) if start < len(body) else None


def with_payloads(body: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The stream with each payload as `change` returns it, its lengths and checksums mended; up to a damaged frame."""
    pieces: list[bytes] = []
    known: dict[bytes, Mapping[str, HeaderValue]] = {}
    start = 0
    try:
        while (frame := _frame(body, start, known)) is not None:
            message, end = frame
            payload = change(message.payload)
            frame_as_it_was = body[start:end]
            pieces.append(frame_as_it_was if payload == message.payload else with_payload(frame_as_it_was, payload))
            start = end
    except _DamagedError:
        """What follows stays as it is."""
    return b"".join([*pieces, body[start:]])


def _frame(
    body: bytes, start: int, known: dict[bytes, Mapping[str, HeaderValue]]
) -> tuple[EventStreamMessage, int] | None:
    """The frame at `start` and where it ends; None when the body ends before it."""
    if len(body) - start < _PRELUDE.size:
        return None
    view = memoryview(body)
    total, header_length, prelude_crc = _PRELUDE.unpack_from(body, start)
    if crc32(view[start : start + 8]) != prelude_crc:
        raise _DamagedError("the checksum of a frame's prelude is wrong")
    if total < _SHORTEST + header_length:
        raise _DamagedError("a frame's lengths contradict each other")
    stop = start + total
    if stop > len(body):
        return None
    payload_end = stop - _CRC.size
    if crc32(view[start:payload_end]) != _CRC.unpack_from(body, payload_end)[0]:
        raise _DamagedError("the checksum of a frame is wrong")
    payload_start = start + _PRELUDE.size + header_length
    block = body[start + _PRELUDE.size : payload_start]
    headers = known.get(block)
    if headers is None:
        try:
            headers = known[block] = _headers(block)
        except (ValueError, struct.error, IndexError) as problem:
            raise _DamagedError(f"a frame's headers cannot be read ({problem})") from None
    return EventStreamMessage(headers, body[payload_start:payload_end]), stop


def _headers(block: bytes) -> dict[str, HeaderValue]:
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


def _exactly(block: bytes, at: int, size: int) -> bytes:
    part = block[at : at + size]
    if len(part) != size:
        raise ValueError("a value is longer than its header block")
    return part


def _text(value: HeaderValue | None) -> str:
    return value if isinstance(value, str) else ""


def frames(body: bytes) -> list[bytes]:
    """The body cut behind its frames, nothing left out; what makes no whole frame is the last piece."""
    found, start = [], 0
    while len(body) - start >= _PRELUDE.size:
        length = _PRELUDE.unpack_from(body, start)[0]
        if length < _SHORTEST or start + length > len(body):
            break
        found.append(body[start : start + length])
        start += length
    return found + ([body[start:]] if start < len(body) else [])


def with_payload(frame: bytes, payload: bytes) -> bytes:
    """A whole, sound frame with its headers as they are, another payload, and checksums that fit."""
    header_length = _PRELUDE.unpack_from(frame)[1]
    return _framed(frame[_PRELUDE.size : _PRELUDE.size + header_length], payload)


def frame_of(headers: Mapping[str, str], payload: bytes) -> bytes:
    """A frame with these headers, all of them texts."""
    block = b""
    for name, value in headers.items():
        raw = value.encode()
        block += bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(raw)) + raw
    return _framed(block, payload)


def _framed(header_block: bytes, payload: bytes) -> bytes:
    lengths = struct.pack(">II", _SHORTEST + len(header_block) + len(payload), len(header_block))
    frame = lengths + _CRC.pack(crc32(lengths)) + header_block + payload
    return frame + _CRC.pack(crc32(frame))
