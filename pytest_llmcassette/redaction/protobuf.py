"""Binary messages of protobuf, changed within: their lengths stay right. Needs no classes, only the wire's form."""

from __future__ import annotations

from collections.abc import Callable

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WIDTHS = {_FIXED64: 8, _FIXED32: 4}
_LONGEST_VARINT = 10

Field = tuple[bytes, bytes | None]
"""A field that holds no bytes, as it is on the wire; or its tag, and the bytes that it holds."""


def in_message(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The message with each of its texts as `change` returns it, at any depth; data that is no message, changed whole.

    Whether a field holds text or a message is not on the wire: what can be read as a message is taken for one, as no
    text of some length can.
    """
    fields = _fields(data)
    if not fields:
        return change(data)
    return b"".join(start if held is None else _field(start, in_message(held, change)) for start, held in fields)


def _field(tag: bytes, held: bytes) -> bytes:
    return tag + _varint(len(held)) + held


def _fields(data: bytes) -> list[Field]:
    """Those of a message; none where this is no message."""
    found: list[Field] = []
    place = 0
    while place < len(data):
        start = place
        tag, place = _read_varint(data, place)
        kind = tag & 7
        if not tag >> 3 or place < 0:
            return []
        if kind == _BYTES:
            length, behind = _read_varint(data, place)
            if behind < 0 or behind + length > len(data):
                return []
            found.append((data[start:place], data[behind : behind + length]))
            place = behind + length
            continue
        if kind == _VARINT:
            place = _read_varint(data, place)[1]
        elif kind in _WIDTHS:
            place += _WIDTHS[kind]
        else:
            return []
        if place < 0 or place > len(data):
            return []
        found.append((data[start:place], None))
    return found


def _read_varint(data: bytes, place: int) -> tuple[int, int]:
    """The number, and the place behind it; -1 where there is none."""
    value = 0
    for index in range(_LONGEST_VARINT):
        if place + index >= len(data):
            break
        byte = data[place + index]
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, place + index + 1
    return 0, -1


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
