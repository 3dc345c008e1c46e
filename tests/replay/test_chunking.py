"""Where the pieces of an answer end, and when they come."""

from __future__ import annotations

import tracemalloc
from itertools import islice, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmcassette.cassette.model import Interaction, Request, Response
from pytest_llmcassette.config import CassetteConfig, build_config
from pytest_llmcassette.errors import ConfigError
from pytest_llmcassette.replay import deliver as delivering
from pytest_llmcassette.replay.cuts import told
from pytest_llmcassette.replay.deliver import Delivery, End, deliver
from pytest_llmcassette.replay.pieces import Piece

TYPES = ["text/event-stream", "application/x-ndjson", "application/vnd.amazon.eventstream", "text/plain"]
CHUNKINGS = ["event", "recorded", "whole", "byte", "random:0", "random:7", "size:3"]
TIMINGS = ["instant", "recorded", "x10", "ttft=0.4,tps=80"]
EVENTS = [b"data: Ol\xc3\xa1\r\n\r\n", b"data: 2\r\n\r\n", b"data: 3\r\n\r\n"]
STREAM = b"".join(EVENTS)


def interaction(body: bytes = STREAM, content_type: str = "text/event-stream", **more: Any) -> Interaction:
    response = Response(body=body, headers={"Content-Type": [content_type]}, **more.pop("response", {}))
    return Interaction(request=Request(method="POST"), response=response, **more)


def delivered(one: Interaction, changes: Any = (), **switches: Any) -> list[Piece]:
    return list(deliver(one, CassetteConfig(**switches), changes).pieces)


def pieces(one: Interaction, chunking: str) -> list[bytes]:
    return [piece for _, piece in delivered(one, chunking=chunking)]


@pytest.mark.parametrize(
    ("chunking", "expected"),
    [
        ("event", [EVENTS[0], EVENTS[1] + EVENTS[2]]),
        ("whole", [STREAM]),
        ("byte", [bytes([byte]) for byte in STREAM]),
        ("size:9", [STREAM[:9], STREAM[9:18], STREAM[18:27], STREAM[27:]]),
        ("size:1000", [STREAM]),
        ("recorded", [STREAM[:9], STREAM[9:12], STREAM[12:]]),
        # Whatever the version of Python: a seed is worth nothing where it cuts elsewhere.
        ("random:7", [STREAM[start:end] for start, end in pairwise((0, 1, 2, 5, 7, 8, 9, None))]),
    ],
)
def test_where_the_pieces_end(chunking: str, expected: list[bytes]) -> None:
    assert pieces(interaction(chunks=((1.0, 9), (2.0, 0), (3.0, 3))), chunking) == expected


def test_recorded_pieces_where_none_are_recorded_are_events() -> None:
    assert pieces(interaction(), "recorded") == pieces(interaction(), "event")


def test_seeds_differ_and_each_delivery_of_a_seed_is_the_same() -> None:
    one = interaction(STREAM * 20)
    assert len({tuple(pieces(one, f"random:{seed}")) for seed in range(20)}) == 20
    assert pieces(one, "random:3") == pieces(one, "random:3")


@given(
    st.binary(max_size=200),
    st.sampled_from(TYPES),
    st.sampled_from(CHUNKINGS),
    st.sampled_from(TIMINGS),
    st.lists(st.tuples(st.floats(0, 1000), st.integers(0, 50)), max_size=6),
    st.booleans(),
)
def test_neither_bytes_nor_time_are_lost(
    body: bytes, content_type: str, chunking: str, timing: str, chunks: list[tuple[float, int]], slow: bool
) -> None:
    def slower(delivery: Delivery) -> Delivery:
        delivery.pieces = [(seconds + 0.5, piece) for seconds, piece in delivery.pieces]
        return delivery

    one = interaction(body, content_type, chunks=tuple(chunks))
    changes = (slower,) if slow else ()
    cut = delivered(one, changes, chunking=chunking, timing=timing)
    uncut = delivered(one, changes, timing=timing)
    assert b"".join(piece for _, piece in cut) == body
    assert sum(seconds for seconds, _ in cut) == pytest.approx(sum(seconds for seconds, _ in uncut))


def test_a_piece_comes_when_its_last_byte_does() -> None:
    one = interaction(b"aabbbcc", chunks=((10.0, 2), (30.0, 3), (70.0, 2)))
    assert delivered(one, timing="recorded") == [(0.01, b"aa"), (0.02, b"bbb"), (0.04, b"cc")]
    cut = delivered(one, timing="recorded", chunking="size:3")
    assert [piece for _, piece in cut] == [b"aab", b"bbc", b"c"]
    assert [seconds for seconds, _ in cut] == pytest.approx([0.03, 0.04, 0.0])
    [(seconds, _)] = delivered(one, timing="recorded", chunking="whole")
    assert seconds == pytest.approx(0.07)


def test_cuts_are_made_last_and_hold_for_whatever_is_delivered() -> None:
    def cut_off(delivery: Delivery) -> Delivery:
        delivery.pieces = [*islice(delivery.pieces, 1), (2.0, b"")]
        delivery.end = End("ReadError", "reset")
        return delivery

    config = CassetteConfig(chunking="size:8")
    delivery = deliver(interaction(), config, (cut_off,))
    assert list(delivery.pieces) == [(0.0, EVENTS[0][:8]), (2.0, EVENTS[0][8:])]
    assert delivery.end == End("ReadError", "reset")
    nothing = deliver(interaction(response={"code": 0}, end="ConnectError"), config)
    assert (list(nothing.pieces), nothing.handed_out) == ([], None)


def test_what_was_handed_out_is_counted_where_it_is_cut() -> None:
    delivery = deliver(interaction(), CassetteConfig(chunking="size:8"))
    assert delivery.handed_out == 0
    next(iter(delivery.pieces))
    assert delivery.handed_out == 8
    assert deliver(interaction(), CassetteConfig()).handed_out is None


@pytest.mark.parametrize(
    ("size", "read", "expected"),
    [
        (100, 1, ["all 36 bytes handed out, not cut."]),
        (4, 0, ["0 of 36 bytes handed out, not cut."]),
        (4, 2, ["8 of 36 bytes handed out, cut at 4, 8.", "at 8: b'data: Ol' | b'\\xc3\\xa1\\r\\n"]),
        (6, 99, ["all 36 bytes handed out, cut at 6, 12, 18, 24, 30.", "at 30: "]),
        (5, 99, ["all 36 bytes handed out, cut at 5, 10, 15, 20, 25, 30, ..., 35.", "at 35: "]),
        (1, 7, ["7 of 36 bytes handed out, cut at 1, 2, 3, 4, 5, 6, ..., 7.", "at 7: b'data: O' | b'l"]),
    ],
)
def test_a_failure_tells_the_cuts_until_then(size: int, read: int, expected: list[str]) -> None:
    chunking = f"size:{size}"
    deliveries = [deliver(interaction(), CassetteConfig(chunking=chunking)) for _ in range(5)]
    for _ in islice(deliveries[-1].pieces, read):
        """Read so far."""
    first, *_, last = told(deliveries, chunking)
    assert first == "The last 3 of 5 answers:"
    for words in expected:
        assert words in last


def test_a_large_body_is_cut_as_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """20 MB by the byte, and nobody looks for events that nobody asked for."""
    monkeypatch.setattr(delivering, "by_event", None)
    one = interaction(b"data: 1\n\n" * (20 * 1024 * 1024 // 9))
    for chunking in ("byte", "random:1"):
        tracemalloc.start()
        read = sum(len(piece) for _, piece in islice(deliver(one, CassetteConfig(chunking=chunking)).pieces, 2_000))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert read >= 2_000
        assert peak < 100_000
    assert next(iter(deliver(one, CassetteConfig(chunking="whole")).pieces))[1] is one.response.body


def test_a_factor_is_how_many_times_faster() -> None:
    one = interaction(b"aabbb", chunks=((10.0, 2), (35.0, 3)), response={"duration_ns": 2_000_000_000})
    ten, half = (deliver(one, CassetteConfig(timing=timing)) for timing in ("x10", "x0.5"))
    assert (ten.wait, half.wait) == (0.2, 4.0)
    assert [seconds for seconds, _ in ten.pieces] == pytest.approx([0.001, 0.0025])
    assert [seconds for seconds, _ in half.pieces] == pytest.approx([0.02, 0.05])


@pytest.mark.parametrize(("content_type", "expected"), [("text/event-stream", EVENTS), ("application/json", [STREAM])])
def test_a_model_has_a_first_event_and_a_pace(content_type: str, expected: list[bytes]) -> None:
    delivery = deliver(interaction(content_type=content_type), CassetteConfig(timing="ttft=0.4,tps=80"))
    assert delivery.wait == 0.4
    assert list(delivery.pieces) == [(0.0125 if number else 0.0, event) for number, event in enumerate(expected)]


def test_a_model_has_each_event_of_a_long_stream() -> None:
    events = [b"data: %d\n\n" % number for number in range(5000)]
    for one in (interaction(b"".join(events)), interaction(b"\n".join(events), "application/x-ndjson")):
        served = delivered(one, timing="ttft=0,tps=1")
        assert len(served) >= 5000
        assert b"".join(piece for _, piece in served) == one.response.body
        assert all(seconds == 1 for seconds, _ in served[1:])


def test_an_error_of_the_network_has_no_first_event() -> None:
    failed = interaction(response={"code": 0, "duration_ns": 3_000_000_000}, end="ConnectTimeout")
    waits = {timing: deliver(failed, CassetteConfig(timing=timing)).wait for timing in TIMINGS}
    assert waits == {"instant": 0, "recorded": 3, "x10": 0.3, "ttft=0.4,tps=80": 0}


def test_only_the_recorded_pace_keeps_what_a_client_is_told_to_wait() -> None:
    for timing in TIMINGS:
        one = interaction(response={"code": 429})
        one.response.headers["Retry-After"] = ["60"]
        head = deliver(one, CassetteConfig(timing=timing)).head
        assert head is not None
        assert (dict(head.headers)[b"Retry-After"] == b"60") is (timing == "recorded")


@pytest.mark.parametrize(
    ("switch", "values"),
    [
        ("chunking", ["event", "recorded", "whole", "byte", "random:0", "random:123", "size:1", "size:4096"]),
        ("timing", ["instant", "recorded", "x1", "x10", "x0.5", "ttft=0.4,tps=80", "ttft=0,tps=0.5"]),
    ],
)
def test_values(switch: str, values: list[str]) -> None:
    for value in values:
        assert getattr(build_config(("a test", {switch: value})), switch) == value


@pytest.mark.parametrize(
    ("switch", "allowed", "values"),
    [
        (
            "chunking",
            "random:SEED",
            [
                "",
                "bytes",
                "random",
                "random:",
                "random:x",
                "random:-1",
                "size",
                "size:0",
                "size:00",
                "size:1.5",
                3,
                "byte ",
            ],
        ),
        (
            "timing",
            "ttft=0.4,tps=80",
            ["", "slow", "x", "x0", "x0.0", "10x", "x-1", "x1e3", "ttft=1", "tps=1,ttft=1", "ttft=1,tps=0", 10, "xy"],
        ),
    ],
)
def test_values_that_make_no_sense(switch: str, allowed: str, values: list[object]) -> None:
    for value in values:
        with pytest.raises(ConfigError) as caught:
            build_config(("a test", {switch: value}))
        for words in ("a test", switch, repr(value), allowed):
            assert words in str(caught.value)


def test_random_cuts_fall_everywhere() -> None:
    """Between two bytes of one character, and between the two of one line end."""
    body = STREAM * 40
    kinds = set()
    for seed in range(20):
        for piece, following in pairwise(pieces(interaction(body), f"random:{seed}")):
            kinds.add((piece[-1:], following[:1]))
    assert {(b"\xc3", b"\xa1"), (b"\r", b"\n")} <= kinds
