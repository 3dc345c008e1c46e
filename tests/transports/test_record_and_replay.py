"""What goes live and is recorded comes back the same, through each HTTP library and event loop."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from servers.hostile import EVENTS, STREAM, TEXT, HostileServer

from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.context import use_cassette
from pytest_llmcassette.errors import RecordingTruncated, RequestNotRecorded, RequestRefused
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.replay import deliver
from transports.clients import (
    ONE_HALF,
    OTHER_HALF,
    READ_AHEAD,
    accepted_by,
    drain,
    each,
    error_of,
    fetch,
    limits,
    run_async,
)


@each()
def test_plain_answer(kind: str, server: HostileServer, path: Path) -> None:
    url = server.url + "/json?page=1"
    with use_cassette(path, record_mode="once"):
        live = fetch(kind, "POST", url, json={"q": TEXT})
    with use_cassette(path):
        replayed = fetch(kind, "POST", url, json={"q": TEXT})
    assert json.loads(replayed.body)["text"] == TEXT
    assert (replayed.status, replayed.reason, replayed.version) == (200, "OK", "HTTP/1.1")
    assert replayed.body == live.body
    assert replayed.header("content-type") == ["application/json"]
    assert server.hits["/json?page=1"] == 1


@each()
def test_stream_is_live_while_recorded(kind: str, server: HostileServer, path: Path) -> None:
    """The server sends the last event only after the client has seen the first."""
    with use_cassette(path, record_mode="once"):
        live = fetch(kind, "GET", server.url + "/gated", on_piece=lambda piece: server.gate.set())
    assert live.body == EVENTS[0] + EVENTS[1]
    assert load(path)[0].response.body == EVENTS[0] + EVENTS[1]


@each(OTHER_HALF)
@pytest.mark.parametrize("route", ["/stream", "/torn"])
def test_replay_serves_the_first_event_alone(kind: str, route: str, server: HostileServer, path: Path) -> None:
    with use_cassette(path, record_mode="once"):
        live = fetch(kind, "GET", server.url + route)
    with use_cassette(path):
        replayed = fetch(kind, "GET", server.url + route)
    assert live.body == replayed.body == STREAM
    assert replayed.pieces == [EVENTS[0], b"".join(EVENTS[1:])]


@each(ONE_HALF)
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_encoded_bodies_are_stored_decoded(kind: str, encoding: str, server: HostileServer, path: Path) -> None:
    accepted = accepted_by(kind)
    if encoding not in accepted:
        pytest.skip(f"this client accepts {accepted} only")
    url = f"{server.url}/encoded/{encoding}"
    with use_cassette(path, record_mode="once"):
        live = fetch(kind, "GET", url)
    with use_cassette(path):
        replayed = fetch(kind, "GET", url)
    assert live.body == replayed.body == STREAM
    assert live.header("content-encoding") == [encoding]
    assert replayed.header("content-encoding") == []
    stored = load(path)[0].response
    assert (stored.body, stored.uncompressed, stored.content_length) == (STREAM, True, -1)
    assert "Content-Encoding" not in stored.headers


@each(ONE_HALF)
def test_arrivals_of_an_encoded_stream_are_sized_decoded(kind: str, server: HostileServer, path: Path) -> None:
    with use_cassette(path, record_mode="once", record_timing=True):
        fetch(kind, "GET", server.url + "/flushed")
    [stored] = load(path)
    assert [size for _, size in stored.chunks] == [len(event) for event in EVENTS]


@each(OTHER_HALF)
def test_early_close_of_an_encoded_stream_keeps_what_was_read(kind: str, server: HostileServer, path: Path) -> None:
    """openai closes at [DONE], before the end of the gzip stream."""
    with use_cassette(path, record_mode="once"):
        fetch(kind, "GET", server.url + "/flushed", stop_after=2)
    [stored] = load(path)
    assert stored.end == "closed" or kind in READ_AHEAD
    assert stored.response.body.startswith(EVENTS[0] + EVENTS[1])
    assert STREAM.startswith(stored.response.body)


@each(OTHER_HALF)
def test_client_that_reads_past_an_early_close_is_told(
    kind: str, server: HostileServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "CANCELLED_SECONDS", 0.01)
    url = server.url + "/gated"
    with use_cassette(path, record_mode="once"):
        fetch(kind, "GET", url, stop_after=1)
    assert load(path)[0].end == "closed"
    with use_cassette(path):
        assert fetch(kind, "GET", url, stop_after=1).body == EVENTS[0]
    with pytest.raises(RecordingTruncated, match="Record this cassette again"), use_cassette(path):
        fetch(kind, "GET", url)


@each(ONE_HALF)
def test_reset_in_mid_stream(kind: str, server: HostileServer, path: Path) -> None:
    error = error_of(kind, "ReadError")
    seen: list[bytes] = []

    def read(piece: bytes) -> None:
        seen.append(piece)
        server.gate.set()

    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode), pytest.raises(error):
            fetch(kind, "GET", server.url + "/reset", on_piece=read)
    assert load(path)[0].end == "ReadError"
    assert seen == [EVENTS[0], EVENTS[0]]


@each(ONE_HALF)
def test_errors_before_an_answer(kind: str, server: HostileServer, path: Path) -> None:
    expected = {
        server.url + "/drop": error_of(kind, "RemoteProtocolError"),
        "http://127.0.0.1:1/refused": error_of(kind, "ConnectError"),
        server.url + "/hang": error_of(kind, "ReadTimeout"),
    }
    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode):
            for url, error in expected.items():
                patience = limits(kind, read=0.05) if url.endswith("/hang") else limits(kind)
                with pytest.raises(error):
                    fetch(kind, "POST", url, client={"timeout": patience})
    assert [(one.response.code, one.end) for one in load(path)] == [
        (0, "RemoteProtocolError"),
        (0, "ConnectError"),
        (0, "ReadTimeout"),
    ]


@each(OTHER_HALF)
def test_redirect_is_two_interactions(kind: str, server: HostileServer, path: Path) -> None:
    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode) as cassette:
            answer = fetch(kind, "POST", server.url + "/redirect", json={"a": 1}, client={"follow_redirects": True})
            assert json.loads(answer.body)["body"] in ('{"a":1}', '{"a": 1}')
            assert [one.response.code for one in cassette.interactions] == [307, 200]
    assert server.hits["/redirect"] == 1


@each(ONE_HALF)
def test_generator_body_is_sent_and_recorded_whole(kind: str, server: HostileServer, path: Path) -> None:
    pieces = (b'{"a": ', b'"', b"b" * 70000, b'"}')

    def body() -> Any:
        if kind.endswith("-sync"):
            return iter(pieces)

        async def produce() -> Any:
            for piece in pieces:
                yield piece

        return produce()

    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode):
            answer = fetch(kind, "POST", server.url + "/json", content=body())
            assert json.loads(answer.body)["body"].encode() == b"".join(pieces)
    assert load(path)[0].request.body == b"".join(pieces)


@each(OTHER_HALF)
def test_live_client_gets_the_servers_own_head(kind: str, server: HostileServer, path: Path) -> None:
    """Case, order and duplicates of header lines, and the reason phrase."""
    with use_cassette(path, record_mode="once"):
        live = fetch(kind, "GET", server.url + "/headers")
    assert live.headers == [
        (b"X-Second", b"2"),
        (b"x-First", b"1"),
        (b"Set-Cookie", b"a=1"),
        (b"X-Second", b"two"),
        (b"SET-COOKIE", b"b=2"),
        (b"content-length", b"2"),
        (b"content-type", b"application/json"),
    ]
    with use_cassette(path):
        replayed = fetch(kind, "GET", server.url + "/headers")
    assert (replayed.status, replayed.reason) == (200, "Fine By Me")
    assert replayed.header("set-cookie") == []


@each(ONE_HALF)
def test_head_request(kind: str, server: HostileServer, path: Path) -> None:
    lengths = []
    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode):
            answer = fetch(kind, "HEAD", server.url + "/json")
            assert answer.body == b""
            lengths.append(answer.header("content-length"))
    assert lengths[0] == lengths[1] != []
    assert server.hits["/json"] == 1


@each(OTHER_HALF)
def test_cancelled_requests(kind: str, server: HostileServer, path: Path) -> None:
    """A deadline in mid-stream, and one before the answer: replay meets the same deadlines."""
    if kind.endswith("-sync"):
        pytest.skip("nothing cancels a sync request")

    def with_deadline(route: str, seconds: float) -> bytes:
        """It has so long for its first event, and hardly any time for the next."""
        read: list[bytes] = []

        async def run(within: Callable[[float], None]) -> None:
            def on_piece(piece: bytes) -> None:
                read.append(piece)
                within(0.02)

            await drain(kind, server.url + route, on_piece)

        run_async(kind, lambda: _within(kind, seconds, run))
        return b"".join(read)

    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode):
            assert with_deadline("/hang", 0.05) == b""
            assert with_deadline("/gated", 5) == EVENTS[0]
    assert [(one.response.code, one.end) for one in load(path)] == [(0, "closed"), (200, "closed")]


@each()
def test_task_that_is_cancelled_at_its_first_event(kind: str, server: HostileServer, path: Path) -> None:
    """Replay has the rest of the recording at hand, but the task is cancelled where it was."""
    if not kind.endswith("-asyncio"):
        pytest.skip("the loop's own tasks")
    import asyncio

    async def run() -> list[bytes]:
        read: list[bytes] = []
        task = asyncio.create_task(drain(kind, server.url + "/gated", read.append))
        while not (read or task.done()):
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return read

    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode):
            assert run_async(kind, run) == [EVENTS[0]]


async def _within(kind: str, seconds: float, function: Callable[[Callable[[float], None]], Any]) -> None:
    """Runs it until its deadline, which it may set anew: so many seconds from then."""
    if kind.endswith("trio"):
        import trio

        with trio.move_on_after(seconds) as scope:
            await function(lambda left: setattr(scope, "deadline", trio.current_time() + left))
        return
    import asyncio

    loop = asyncio.get_running_loop()
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds) as limit:
            await function(lambda left: limit.reschedule(loop.time() + left))


@each(("httpx-asyncio", "requests-sync"))
def test_recorded_timing_is_kept_on_demand(kind: str, server: HostileServer, path: Path) -> None:
    """The server waits 50 ms between events."""
    with use_cassette(path, record_mode="once", record_timing=True):
        live = fetch(kind, "GET", server.url + "/paced")
    waits = _waits(kind, server.url + "/paced", path, timing="recorded")
    assert b"".join(piece for _, piece in waits) == live.body
    assert [piece for _, piece in waits] == EVENTS[:3]
    assert all(waited > 0.03 for waited, _ in waits[1:])
    assert sum(waited for waited, _ in _waits(kind, server.url + "/paced", path)[1:]) < 0.1


def _waits(kind: str, url: str, path: Path, **switches: Any) -> list[tuple[float, bytes]]:
    seen: list[tuple[float, bytes]] = []
    with use_cassette(path, **switches):
        fetch(kind, "GET", url, on_piece=lambda piece: seen.append((time.perf_counter(), piece)))
    return [(at - before, piece) for (before, _), (at, piece) in zip([(0.0, b""), *seen], seen, strict=False)]


@each(("httpx2-asyncio", "urllib3-sync"))
def test_twenty_at_once_each_with_a_cassette_of_its_own(kind: str, server: HostileServer, tmp_path: Path) -> None:
    """Threads, or tasks: each gets what it asks for, and its cassette holds that and no more, in order."""

    def urls(number: int) -> list[str]:
        return [f"{server.url}/json?{number}-{step}" for step in ("first", "then")]

    def one(number: int, mode: str) -> list[str]:
        with use_cassette(tmp_path / f"{number}.yaml", record_mode=mode):
            return [json.loads(fetch(kind, "GET", url).body)["path"] for url in urls(number)]

    async def one_async(number: int, mode: str) -> list[str]:
        found: list[bytes] = []
        async with use_cassette(tmp_path / f"{number}.yaml", record_mode=mode):
            for url in urls(number):
                await drain(kind, url, found.append)
        return [json.loads(body)["path"] for body in found]

    def all_at_once(mode: str) -> list[list[str]]:
        if kind.endswith("-sync"):
            with ThreadPoolExecutor(20) as pool:
                return list(pool.map(one, range(20), [mode] * 20))
        got: list[list[str]] = run_async(kind, lambda: _gathered(kind, lambda number: one_async(number, mode)))
        return got

    expected = [[url.removeprefix(server.url) for url in urls(number)] for number in range(20)]
    assert all_at_once("once") == all_at_once("none") == expected
    for number in range(20):
        assert [stored.request.url for stored in load(tmp_path / f"{number}.yaml")] == urls(number)
    assert set(server.hits.values()) == {1}


async def _gathered(kind: str, ask: Callable[[int], Any]) -> list[Any]:
    found: list[Any] = [None] * 20

    async def one(number: int) -> None:
        found[number] = await ask(number)

    if kind.endswith("trio"):
        import trio

        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(one, number)
    else:
        import asyncio

        await asyncio.gather(*map(one, range(20)))
    return found


@each(OTHER_HALF)
def test_suspended_cassette_refuses_with_its_reason(kind: str, server: HostileServer) -> None:
    with (
        in_force.Suspension("Enter use_cassette in this fixture."),
        pytest.raises(RequestRefused, match="in this fixture"),
    ):
        fetch(kind, "GET", server.url + "/json")
    assert not server.hits


@each()
def test_miss_cannot_be_swallowed(kind: str, server: HostileServer, path: Path) -> None:
    with use_cassette(path, record_mode="once"):
        fetch(kind, "GET", server.url + "/json")
    with pytest.raises(RequestNotRecorded, match="/json\\?other"), use_cassette(path, allow_unplayed=True):
        _swallowing_exceptions(kind, server.url + "/json?other")
    assert server.hits["/json?other"] == 0


def _swallowing_exceptions(kind: str, url: str) -> None:
    """As the SDKs do it."""
    try:
        fetch(kind, "GET", url)
    except Exception:
        pytest.fail("an SDK would have swallowed this")
