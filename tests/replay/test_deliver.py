"""How a recorded response is served: its head, its pieces, its waits."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmcassette.cassette.model import Interaction, Outcome, Request, Response
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.replay.deliver import Delivery, End, deliver
from pytest_llmcassette.replay.head import reason_phrase


def interaction(body: bytes = b"", content_type: str = "", **more: Any) -> Interaction:
    headers = {"Content-Type": [content_type], **more.pop("headers", {})}
    return Interaction(
        request=Request(method=more.pop("method", "POST")),
        response=Response(body=body, headers=headers, **more.pop("response", {})),
        **more,
    )


def head(one: Interaction, *, instant: bool = True) -> dict[bytes, bytes]:
    return dict(lines(one, instant=instant))


def lines(one: Interaction, *, instant: bool = True) -> list[tuple[bytes, bytes]]:
    delivery = delivered(one, instant=instant)
    assert delivery.head is not None
    return delivery.head.headers


def delivered(one: Interaction, *, instant: bool = True) -> Delivery:
    return deliver(one, CassetteConfig(timing="instant" if instant else "recorded"))


def pieces(one: Interaction) -> list[bytes]:
    return [piece for _, piece in delivered(one).pieces]


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("text/event-stream", b"data: 1\n\ndata: 2\n\n", [b"data: 1\n\n", b"data: 2\n\n"]),
        (
            "text/event-stream; charset=utf-8",
            b"data: 1\r\n\r\ndata: 2\r\n\r\n",
            [b"data: 1\r\n\r\n", b"data: 2\r\n\r\n"],
        ),
        ("Text/Event-Stream", b"data: 1\r\rdata: 2", [b"data: 1\r\r", b"data: 2"]),
        (
            "text/event-stream",
            b"data: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4",
            [b"data: 1\n\n", b"data: 2\n\ndata: 3\n\ndata: 4"],
        ),
        ("text/event-stream", b": cut", [b": cut"]),
        ("application/x-ndjson", b'{"a":1}\n{"b":2}\n', [b'{"a":1}\n', b'{"b":2}\n']),
        ("application/json", b'{"a":\n\n1}', [b'{"a":\n\n1}']),
        ("application/json", b"", []),
        ("text/event-stream", b"", []),
    ],
)
def test_the_first_event_is_a_piece_of_its_own(content_type: str, body: bytes, expected: list[bytes]) -> None:
    assert pieces(interaction(body, content_type)) == expected


def test_a_long_stream_comes_in_blocks_of_whole_events() -> None:
    events = [b"data: " + b"x" * 3000 + b"\n\n"] * 20 + [b"data: " + b"y" * 40_000 + b"\n\n", b"data: end\n\n"]
    served = pieces(interaction(b"".join(events), "text/event-stream"))
    assert served[0] == events[0]
    assert all(piece.endswith(b"\n\n") for piece in served)
    assert [len(piece) // 3008 for piece in served[1:5]] == [5, 5, 5, 4]
    assert b"".join(served) == b"".join(events)


def test_one_piece_an_aws_frame() -> None:
    frames = [struct.pack(">III", 16 + size, 0, 0) + b"x" * size + b"crc!" for size in (0, 5, 300)]
    body = b"".join(frames)
    one = interaction(body, "application/vnd.amazon.eventstream")
    assert pieces(one) == frames
    one.response.body = body + b"\0\0\0\1garbage"
    assert pieces(one) == [*frames, b"\0\0\0\1garbage"]


@given(
    st.binary(max_size=200),
    st.sampled_from(["text/event-stream", "application/x-ndjson", "application/vnd.amazon.eventstream", "text/plain"]),
    st.lists(st.tuples(st.floats(0, 1000), st.integers(0, 50)), max_size=6),
)
def test_pieces_are_always_the_whole_body(body: bytes, content_type: str, chunks: list[tuple[float, int]]) -> None:
    one = interaction(body, content_type, chunks=tuple(chunks))
    assert b"".join(pieces(one)) == body
    timed = list(delivered(one, instant=False).pieces)
    assert b"".join(piece for _, piece in timed) == body
    assert all(delay >= 0 for delay, _ in timed)


def test_recorded_timing() -> None:
    one = interaction(b"aabbb", chunks=((10.0, 2), (35.5, 3)))
    assert list(delivered(one, instant=False).pieces) == [(0.01, b"aa"), (0.0255, b"bbb")]


def test_waits_are_the_smallest_that_sdks_accept() -> None:
    """openai and anthropic take `0` for no hint and back off; they read the milliseconds first."""
    one = interaction(headers={"Retry-After": ["60"], "Openai-Poll-After-Ms": ["5000"]})
    served = head(one)
    assert served[b"Retry-After"] == b"0"
    assert float(served[b"Retry-After-Ms"]) == 1
    assert served[b"Openai-Poll-After-Ms"] == b"0"
    recorded = head(one, instant=False)
    assert (recorded[b"Retry-After"], recorded[b"Openai-Poll-After-Ms"]) == (b"60", b"5000")
    assert b"Retry-After-Ms" not in recorded


def test_both_waits_recorded_gives_one_of_each() -> None:
    served = lines(interaction(headers={"Retry-After-Ms": ["9"], "Retry-After": ["9"]}))
    assert sorted(name for name, _ in served if name.startswith(b"Retry")) == [b"Retry-After", b"Retry-After-Ms"]


@pytest.mark.parametrize(
    ("body", "encoding", "served"),
    [
        (b"\x1f\x8bzipped", "gzip", True),
        (b"decoded, but the header stayed", "gzip", False),
        (b"\x28\xb5\x2f\xfd", "zstd", True),
        (b"plain", "identity", False),
        (b"whatever", "snappy", True),
    ],
)
def test_content_encoding_is_served_only_with_an_encoded_body(body: bytes, encoding: str, served: bool) -> None:
    assert (b"Content-Encoding" in head(interaction(body, headers={"Content-Encoding": [encoding]}))) is served


def test_framing_headers() -> None:
    headers = {"Content-Length": ["99"], "Transfer-Encoding": ["chunked"], "Connection": ["close"]}
    assert head(interaction(b"four", headers=headers)) == {b"Content-Type": b"", b"Content-Length": b"4"}
    assert b"Content-Length" not in head(interaction(b"four", headers=headers, end="ReadError"))


def test_status_line() -> None:
    assert reason_phrase(Response(code=404, status="404 Nope")) == b"Nope"
    assert reason_phrase(Response(code=404, status="404")) == b"Not Found"
    assert reason_phrase(Response(code=999, status="999")) == b""
    for major, minor, version in ((2, 0, b"HTTP/2"), (1, 0, b"HTTP/1.0")):
        head = delivered(interaction(response={"proto_major": major, "proto_minor": minor})).head
        assert head is not None
        assert head.version == version


def test_changes_are_made_in_order_to_what_is_delivered_and_not_to_what_is_recorded() -> None:
    def cut(delivery: Delivery) -> Delivery:
        delivery.pieces = list(delivery.pieces)[:1]
        delivery.end = End("ReadError", "cut")
        return delivery

    def slow(delivery: Delivery) -> Delivery:
        delivery.pieces = [(2.0, piece) for _, piece in delivery.pieces]
        return delivery

    def overloaded(delivery: Delivery) -> Delivery:
        assert delivery.head is not None
        delivery.head.status = 529
        delivery.head.headers.append((b"Retry-After", b"1"))
        return delivery

    one = interaction(b"data: 1\n\ndata: 2\n\n", "text/event-stream")
    changed = deliver(one, CassetteConfig(), (cut, slow, overloaded))
    assert list(changed.pieces) == [(2.0, b"data: 1\n\n")]
    assert changed.end == End("ReadError", "cut")
    assert changed.head is not None
    assert (changed.head.status, changed.head.headers[-1]) == (529, (b"Retry-After", b"1"))
    assert pieces(one) == [b"data: 1\n\n", b"data: 2\n\n"]
    assert (one.response.code, one.end, "Retry-After" in one.response.headers) == (200, "", False)


@pytest.mark.parametrize(
    ("code", "end", "outcome", "expected"),
    [
        (200, "", Outcome.COMPLETE, None),
        (200, "closed", Outcome.CLOSED, "reads on"),
        (200, "ReadError", Outcome.FAILED, "ReadError"),
        (0, "closed", Outcome.GIVEN_UP, "waits for an answer"),
        (0, "ConnectError", Outcome.FAILED, "ConnectError"),
    ],
)
def test_a_delivery_ends_as_the_exchange_did(code: int, end: str, outcome: Outcome, expected: str | None) -> None:
    one = interaction(b"text", response={"code": code}, end=end)
    delivery = delivered(one)
    assert one.outcome is outcome
    assert (delivery.head is None) is (code == 0)
    if expected is None:
        assert delivery.end is None
    else:
        assert delivery.end is not None
        assert expected in (str(delivery.end.stop) if outcome is not Outcome.FAILED else delivery.end.kind)
