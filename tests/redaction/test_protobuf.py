"""Secrets in binary messages of protobuf: they go, and the message stays one."""

from __future__ import annotations

import pytest

from pytest_llmcassette.redaction.protobuf import in_message

KEY = b"sk-0123456789"
NUMBERS = b"\x10\x96\x01\x0d\x00\x00\x80\x3f\x19" + bytes(8)
"""150 as a varint, 1.0 in four bytes, 0.0 in eight."""


def field(number: int, held: bytes) -> bytes:
    return bytes([number << 3 | 2, len(held)]) + held


def without(text: bytes) -> bytes:
    return text.replace(KEY, b"REDACTED")


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (field(1, KEY), field(1, b"REDACTED")),
        (field(1, b"my " + KEY + b"!"), field(1, b"my REDACTED!")),
        (field(1, field(2, field(3, KEY))) + NUMBERS, field(1, field(2, field(3, b"REDACTED"))) + NUMBERS),
        (NUMBERS + field(2, KEY), NUMBERS + field(2, b"REDACTED")),
        # A message of more than 127 bytes, whose length takes two.
        (b"\x0a\x8d\x01" + b"x" * 128 + KEY, b"\x0a\x88\x01" + b"x" * 128 + b"REDACTED"),
        # None of protobuf's: a group, a length beyond the end, a number without one, JSON.
        (b"\x0b" + KEY, b"\x0bREDACTED"),
        (b"\x0a\x7f" + KEY, b"\x0a\x7fREDACTED"),
        (b"\x08\xff" + KEY[:0], b"\x08\xff"),
        (b'{"key": "' + KEY + b'"}', b'{"key": "REDACTED"}'),
        (b"", b""),
    ],
)
def test_what_is_left(message: bytes, shown: bytes) -> None:
    assert in_message(message, without) == shown
    assert in_message(shown, without) == shown
