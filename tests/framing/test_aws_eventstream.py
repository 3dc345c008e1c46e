"""AWS event streams: the frames that were written are read, both checksums count, what is left over is told."""

from __future__ import annotations

import struct
import uuid
from zlib import crc32

import pytest
from aws_frames import exception, frame, header, raw_frame
from characters import CHARACTERS
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmcassette.framing.aws_eventstream import EventStreamMessage, frame_of, frames, parse, with_payload

_VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.binary(max_size=40),
    st.text(CHARACTERS, max_size=40),
    st.uuids(),
)
_NAMES = st.text(CHARACTERS, min_size=1, max_size=20)
_MESSAGES = st.lists(st.tuples(st.dictionaries(_NAMES, _VALUES, max_size=4), st.binary(max_size=80)), max_size=6)


@given(_MESSAGES, st.binary(max_size=11))
def test_the_frames_that_were_written_are_read(written: list[tuple[dict[str, object], bytes]], rest: bytes) -> None:
    messages, tail = parse(b"".join(frame(headers, payload) for headers, payload in written) + rest)
    assert [(dict(message.headers), message.payload) for message in messages] == written
    assert (tail.data if tail else b"") == rest


@given(_MESSAGES.filter(bool), st.integers(0, 100_000), st.integers(1, 255))
def test_no_changed_byte_goes_unnoticed(
    written: list[tuple[dict[str, object], bytes]], place: int, change: int
) -> None:
    frames = [frame(headers, payload) for headers, payload in written]
    body = bytearray(b"".join(frames))
    place %= len(body)
    body[place] ^= change
    sound = 0
    while sum(map(len, frames[: sound + 1])) <= place:
        sound += 1
    messages, tail = parse(bytes(body))
    assert len(messages) == sound
    assert tail is not None
    assert tail.data == bytes(body)[sum(map(len, frames[:sound])) :]


@given(st.binary(max_size=200))
def test_no_bytes_raise(body: bytes) -> None:
    messages, tail = parse(body)
    assert messages == []
    assert (tail is None) == (body == b"")


def test_header_types_that_python_has_no_own_type_for() -> None:
    block = (
        b"\x01b\x02\xff"
        + b"\x01s\x03\xff\xfe"
        + b"\x01t\x08"
        + struct.pack(">q", 1_700_000_000_123)
        + header("id", uuid.UUID(int=7))
    )
    (message,), tail = parse(raw_frame(block, b""))
    assert dict(message.headers) == {"b": -1, "s": -2, "t": 1_700_000_000_123, "id": uuid.UUID(int=7)}
    assert tail is None


def test_kind_and_name_follow_the_message_type() -> None:
    error = frame({":message-type": "error", ":error-code": "InternalError", ":error-message": "sorry"})
    bare = frame({})
    messages, _ = parse(exception("throttlingException", "slow down") + error + bare)
    assert [(message.kind, message.name) for message in messages] == [
        ("exception", "throttlingException"),
        ("error", "InternalError"),
        ("event", ""),
    ]


def _bad_lengths() -> bytes:
    prelude = struct.pack(">II", 20, 100)
    return prelude + struct.pack(">I", crc32(prelude)) + b"\0" * 8


@pytest.mark.parametrize(
    ("damaged", "words"),
    [
        (frame({"a": 1}, b"payload")[:-1] + b"\0", "checksum of a frame is wrong"),
        (b"\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0\0", "checksum of a frame's prelude is wrong"),
        (_bad_lengths(), "lengths contradict"),
        (raw_frame(b"\x01a\x0a", b""), "unknown value type 10"),
        (raw_frame(b"\x01a\x07\0\x09short", b""), "longer than its header block"),
        (raw_frame(b"\x01a\x00\x01a\x01", b""), "comes twice"),
        (raw_frame(b"\x01a\x05\0", b""), "headers cannot be read"),
        (raw_frame(b"\xffa", b""), "headers cannot be read"),
        (raw_frame(b"\x01\xff\x00", b""), "headers cannot be read"),
        (frame({"a": 1}, b"payload")[:-5], "ends inside a frame"),
    ],
)
def test_damage_ends_the_stream_with_the_problem_in_words(damaged: bytes, words: str) -> None:
    found, tail = parse(frame({"a": "b"}, b"before") + damaged)
    assert found == [EventStreamMessage({"a": "b"}, b"before")]
    assert tail is not None
    assert words in tail.problem
    assert tail.data == damaged


def test_frames_after_a_damaged_one_are_not_guessed() -> None:
    damaged = bytearray(frame({"a": "b"}, b"x"))
    damaged[-1] ^= 1
    body = bytes(damaged) + frame({"a": "b"}, b"y")
    messages, tail = parse(body)
    assert messages == []
    assert tail is not None
    assert tail.data == body


@given(_MESSAGES, st.binary(max_size=11))
def test_what_is_cut_into_frames_is_all_there(written: list[tuple[dict[str, object], bytes]], rest: bytes) -> None:
    made = [frame(headers, payload) for headers, payload in written]
    assert frames(b"".join(made) + rest) == [*made, *([rest] if rest else [])]


def test_a_frame_that_is_made_or_changed_is_sound() -> None:
    headers = {":message-type": "event", ":event-type": "Olá"}
    assert frame_of(headers, b"{}") == frame(headers, b"{}")
    assert with_payload(frame({**headers, "n": 7}, b"{}"), b"other") == frame({**headers, "n": 7}, b"other")
