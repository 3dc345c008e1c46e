"""Pieces and waits as a client meets them, and its own timeouts, through each HTTP library and event loop."""

from __future__ import annotations

import gzip
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from servers.hostile import EVENTS, STREAM, HostileServer

from pytest_llmcassette.cassette.files import save
from pytest_llmcassette.cassette.model import Interaction, Request, Response
from pytest_llmcassette.context import use_cassette
from pytest_llmcassette.replay.deliver import Delivery
from transports.clients import (
    ONE_HALF,
    OTHER_HALF,
    OVER_URLLIB3,
    async_client,
    drain,
    each,
    error_of,
    fetch,
    library_of,
    limits,
    run_async,
)

URL = "http://127.0.0.1:1/stream"
CRLF = STREAM.replace(b"\n", b"\r\n")


@pytest.fixture
def stream(path: Path) -> Path:
    """A cassette of one stream, whose lines end with CRLF and whose events took 20 s each."""
    events = CRLF.split(b"\r\n\r\n")[:-1]
    chunks = tuple((20_000.0 * number, len(event) + 4) for number, event in enumerate(events))
    save(path, [_recorded(CRLF, chunks=chunks)])
    return path


def _recorded(body: bytes, chunks: Any = (), **response: Any) -> Interaction:
    headers = {"Content-Type": ["text/event-stream"], **response.pop("headers", {})}
    return Interaction(
        request=Request(method="GET", url=URL), response=Response(body=body, headers=headers, **response), chunks=chunks
    )


def _read(kind: str, method: str) -> list[Any]:
    """What `iter_raw`, `iter_bytes`, `iter_text` or `iter_lines` yields."""
    library = library_of(kind)
    if kind in OVER_URLLIB3:
        return _read_by_urllib3(kind, method)
    if kind.endswith("-sync"):
        with library.Client(verify=False) as client, client.stream("GET", URL) as response:
            return list(getattr(response, method)())

    async def run() -> list[Any]:
        async with async_client(kind, verify=False) as client, client.stream("GET", URL) as response:
            return [piece async for piece in getattr(response, "a" + method)()]

    async def run_in_aiohttp() -> list[Any]:
        inflates = method != "iter_raw"
        async with library.ClientSession(auto_decompress=inflates) as session, session.get(URL) as response:
            if method == "iter_lines":
                return [line.decode().rstrip("\r\n") async for line in response.content]
            if method == "iter_text":
                return [await response.text()]
            return [piece async for piece in response.content.iter_any()]

    found: list[Any] = run_async(kind, run_in_aiohttp if kind.startswith("aiohttp") else run)
    return found


def _read_by_urllib3(kind: str, method: str) -> list[Any]:
    library = library_of(kind)
    if kind.startswith("requests"):
        with library.get(URL, stream=True) as response:
            pieces = list(response.raw.stream(None) if method == "iter_raw" else response.iter_content(None))
    else:
        response = library.PoolManager().request("GET", URL, preload_content=False)
        pieces = list(response.stream(None, decode_content=method != "iter_raw"))
    if method == "iter_lines":
        # That of requests takes a line end which is cut for two.
        return b"".join(pieces).decode().split("\r\n")[:-1]
    return [b"".join(pieces).decode()] if method == "iter_text" else pieces


@each(OTHER_HALF)
def test_a_client_meets_the_pieces_and_reads_the_same_lines(kind: str, stream: Path) -> None:
    lines = CRLF.decode().split("\r\n")[:-1]
    counts = {"whole": 1, "byte": len(CRLF), "size:7": -(-len(CRLF) // 7), "recorded": len(EVENTS), "random:1": None}
    for chunking, count in counts.items():
        with use_cassette(stream, chunking=chunking, allow_repeats=True):
            raw = _read(kind, "iter_raw")
            assert b"".join(raw) == CRLF
            assert len(raw) == count or count is None
            assert _read(kind, "iter_lines") == lines
            assert "".join(_read(kind, "iter_text")) == CRLF.decode()


@each(OTHER_HALF)
def test_an_encoded_body_is_cut_as_it_is_on_the_wire(kind: str, path: Path) -> None:
    packed = gzip.compress(STREAM, mtime=0)
    save(path, [_recorded(packed, headers={"Content-Encoding": ["gzip"]})])
    for chunking in ("byte", "random:1"):
        with use_cassette(path, chunking=chunking, allow_repeats=True):
            raw = _read(kind, "iter_raw")
            assert len(raw) > 3
            assert b"".join(raw) == packed
            assert b"".join(_read(kind, "iter_bytes")) == STREAM


def _seconds(kind: str, path: Path, **switches: Any) -> list[float]:
    """When each piece came."""
    seen: list[float] = []
    with use_cassette(path, **switches):
        started = time.perf_counter()
        fetch(kind, "GET", URL, on_piece=lambda piece: seen.append(time.perf_counter() - started))
    return seen


@each(ONE_HALF)
def test_the_pace_is_a_part_of_the_recorded_one_or_a_models(kind: str, stream: Path) -> None:
    """Nothing here waits for 20 s: the client's own timeout is 5."""
    faster = _seconds(kind, stream, timing="x4000")
    assert len(faster) == len(EVENTS)
    assert faster[-1] > 0.02
    modelled = _seconds(kind, stream, timing="ttft=0.02,tps=250")
    assert modelled[0] > 0.015
    assert modelled[-1] - modelled[0] > 0.015
    [whole] = _seconds(kind, stream, timing="x4000", chunking="whole")
    assert whole > 0.02


@each(OTHER_HALF)
def test_an_event_loop_goes_on_meanwhile(kind: str, stream: Path) -> None:
    if kind.endswith("-sync"):
        pytest.skip("no event loop")
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        sleep = _sleep_of(kind)
        while True:
            await sleep(0.005)
            ticks += 1

    with use_cassette(stream, timing="ttft=0.05,tps=100"):
        run_async(kind, partial(_beside, kind, tick, partial(drain, kind, URL)))
    assert ticks >= 3


def _sleep_of(kind: str) -> Any:
    import asyncio

    import trio

    return trio.sleep if kind.endswith("trio") else asyncio.sleep


async def _beside(kind: str, other: Any, function: Any) -> None:
    """Run one while the other goes on for ever."""
    import asyncio

    import trio

    if kind.endswith("trio"):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(other)
            await function()
            nursery.cancel_scope.cancel()
        return
    task = asyncio.create_task(other())
    await function()
    task.cancel()


def _in_a_body(kind: str) -> type[Exception]:
    """A read timeout, once the answer has begun: requests tells of it in its own way."""
    return error_of(kind, "ConnectionError" if kind.startswith("requests") else "ReadTimeout")


def _timeout(kind: str, url: str, **timeouts: float) -> tuple[type[BaseException], int, float]:
    """The error of a client that waits no longer, how many pieces it had by then, and the seconds that it took."""
    seen: list[bytes] = []
    started = time.perf_counter()
    with pytest.raises((error_of(kind, "TimeoutException"), _in_a_body(kind))) as caught:
        fetch(kind, "GET", url, on_piece=seen.append, client={"timeout": limits(kind, **timeouts)})
    return type(caught.value), len(seen), time.perf_counter() - started


@each(ONE_HALF)
def test_a_read_timeout_fires(kind: str, stream: Path) -> None:
    with use_cassette(stream, timing="recorded"):
        error, pieces, seconds = _timeout(kind, URL, read=0.05)
    assert (error, pieces) == (_in_a_body(kind), 1)
    assert seconds > 0.045


@pytest.mark.slow
@each()
def test_as_it_does_in_life(kind: str, server: HostileServer) -> None:
    """The server sends one event, and the next one seconds later."""
    assert _timeout(kind, server.url + "/gated", read=0.3)[:2] == (_in_a_body(kind), 1)


@each(OTHER_HALF)
def test_a_client_that_does_not_wait_for_the_head(kind: str, path: Path) -> None:
    save(path, [_recorded(STREAM, duration_ns=5_000_000_000)])
    for timing in ("recorded", "ttft=5,tps=1"):
        with use_cassette(path, timing=timing):
            for _ in ("first", "tried again"):
                error, pieces, seconds = _timeout(kind, URL, read=0.005)
                assert (error, pieces) == (error_of(kind, "ReadTimeout"), 0)
                assert 0.005 <= seconds < 4


@each(ONE_HALF)
def test_each_error_has_a_timeout_of_its_own(kind: str, path: Path) -> None:
    """Nobody reads yet where a connection is made."""
    failed = _recorded(b"", code=0, duration_ns=5_000_000_000)
    for end, timeouts, expected in (
        ("ConnectError", {"connect": 0.01, "read": 0.001}, error_of(kind, "ConnectTimeout")),
        ("ReadError", {"read": 0.01, "connect": 0.001}, error_of(kind, "ReadTimeout")),
    ):
        failed.end = end
        save(path, [failed])
        with use_cassette(path, timing="recorded"):
            error, _, seconds = _timeout(kind, URL, **timeouts)
        assert error is expected
        assert 0.01 <= seconds < 4


@each(ONE_HALF)
def test_a_wait_that_nobody_sleeps_still_meets_the_timeout(kind: str, stream: Path) -> None:
    """What faults are made of."""

    def stalled(delivery: Delivery) -> Delivery:
        first, *others = delivery.pieces
        delivery.pieces = [first, *((3600.0, piece) for _, piece in others)]
        delivery.sleeps = False
        return delivery

    with use_cassette(stream, allow_repeats=True) as cassette:
        cassette._recorder.changes = (stalled,)
        error, pieces, seconds = _timeout(kind, URL, read=600)
        assert (error, pieces) == (_in_a_body(kind), 1)
        assert fetch(kind, "GET", URL, client={"timeout": None}).body == CRLF
    assert seconds < 60
