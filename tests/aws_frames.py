"""Writes AWS event stream frames for tests, from the specification and not with the decoder under test."""

from __future__ import annotations

import base64
import json
import struct
import uuid
from collections.abc import Mapping
from typing import Any
from zlib import crc32


def header(name: str, value: object) -> bytes:
    """One header; ints are written as 32-bit integers, or as 64-bit ones where they do not fit."""
    head = bytes([len(name.encode())]) + name.encode()
    if isinstance(value, bool):
        return head + bytes([0 if value else 1])
    if isinstance(value, int):
        return head + (b"\x04" + struct.pack(">i", value) if -(2**31) <= value < 2**31 else b"\x05" + _long(value))
    if isinstance(value, uuid.UUID):
        return head + b"\x09" + value.bytes
    if isinstance(value, bytes):
        return head + b"\x06" + struct.pack(">H", len(value)) + value
    text = str(value).encode()
    return head + b"\x07" + struct.pack(">H", len(text)) + text


def _long(value: int) -> bytes:
    return struct.pack(">q", value)


def raw_frame(headers: bytes, payload: bytes) -> bytes:
    """A frame with the right checksums around header bytes and payload."""
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    prelude += struct.pack(">I", crc32(prelude))
    message = prelude + headers + payload
    return message + struct.pack(">I", crc32(message))


def frame(headers: Mapping[str, object], payload: bytes = b"") -> bytes:
    """A frame with these headers."""
    return raw_frame(b"".join(header(name, value) for name, value in headers.items()), payload)


def event(name: str, value: Any) -> bytes:
    """A Converse event."""
    headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, json.dumps(value).encode())


def chunk(value: Any) -> bytes:
    """An InvokeModel event: the model's own JSON as base64 `bytes`, with Bedrock's padding."""
    inner = base64.b64encode(json.dumps(value).encode()).decode()
    return event("chunk", {"bytes": inner, "p": "abcdefgh"})


def exception(kind: str, message: str) -> bytes:
    """An exception frame, as Bedrock sends one in mid-stream."""
    headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return frame(headers, json.dumps({"message": message}).encode())
