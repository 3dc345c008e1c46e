"""WebSockets through each client: recorded from a loopback server, replayed with none, the same to who uses them."""

from __future__ import annotations

import asyncio
import importlib
import json
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from servers.misbehaving import MisbehavingServer
from servers.sockets import BIG, SocketServer, sockets

from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.cassette.model import CLOSED, FrameKind
from pytest_llmcassette.context import use_cassette
from pytest_llmcassette.errors import (
    RecordingTruncated,
    RequestNotRecorded,
    RequestRefused,
    UnplayedError,
)
from pytest_llmcassette.provider import placeholder_for
from pytest_llmcassette.recorder import in_force
from transports.socket_clients import KINDS, Socket, Talk, talk, talking

pytestmark = pytest.mark.filterwarnings("ignore:websockets.*deprecated")

LEGACY = "websockets-legacy"
MOST = pytest.mark.parametrize(
    "kind", [*(kind for kind in KINDS if kind != LEGACY), pytest.param(LEGACY, marks=pytest.mark.slow)]
)
"""Of its own is what the older client of websockets does in the tests with all `KINDS`."""
NOWHERE = "ws://127.0.0.1:1"
"""Nobody listens there; what was recorded is moved to it, so that a replay cannot have asked the server."""


@pytest.fixture
def socket_server() -> Iterator[SocketServer]:
    with sockets() as running:
        yield running


def record(path: Path, server: SocketServer, kind: str, use: Talk, place: str = "/echo", **options: Any) -> Any:
    """What `use` makes of the live server; the cassette is then of a server that does not run."""
    with use_cassette(path, record_mode="rewrite", **options.pop("switches", {})):
        found = talk(kind, server.url + place, use, **options)
    path.write_text(path.read_text().replace(server.url, NOWHERE).replace(server.url[5:], NOWHERE[5:]))
    return found


def replay(path: Path, kind: str, use: Talk, place: str = "/echo", **options: Any) -> Any:
    with use_cassette(path, **options.pop("switches", {})):
        return talk(kind, NOWHERE + place, use, **options)


async def all_of_it(ws: Socket) -> list[Any]:
    found = [ws.protocol, await ws.receive()]
    for message, answers in (("q", 2), (b"\xff\x00", 1), ("big", 1), ("quiet", 0), ("Zoë", 2)):
        await ws.send(message)
        found += [await ws.receive() for _ in range(answers)]
    await ws.send("bye 4001 enough")
    with pytest.raises(Exception, match=r"4001|CLOSE") as ended:
        await ws.receive()
    return [*found, type(ended.value), str(ended.value), ws.end]


@pytest.mark.parametrize("kind", KINDS)
def test_a_replay_is_as_it_was_live(kind: str, socket_server: SocketServer, path: Path) -> None:
    options = {"headers": {"Authorization": "Bearer sk-proj-0123456789abcdef"}, "protocols": ["other", "realtime"]}
    live = record(path, socket_server, kind, all_of_it, "/echo?model=m", **options)
    assert live[:4] == ["realtime", '{"type":"hello"}', '{"type": "answer", "to": "q"}', '{"type":"done"}']
    assert live[5] == BIG
    assert replay(path, kind, all_of_it, "/echo?model=m", **options) == live
    [one] = load(path)
    assert (one.request.method, one.request.url, one.response.code) == ("GET", NOWHERE + "/echo?model=m", 101)
    assert [frame.kind for frame in one.frames if frame.sender == "client"][:2] == [FrameKind.TEXT, FrameKind.BINARY]
    assert (one.frames[-1].kind, one.frames[-1].data, one.end) == (FrameKind.CLOSE, b"4001 enough", "")
    assert "sk-proj" not in path.read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_what_one_client_recorded_another_replays(kind: str, socket_server: SocketServer, path: Path) -> None:
    async def use(ws: Socket) -> list[Any]:
        await ws.receive()
        await ws.send("q")
        return [await ws.receive(), await ws.receive()]

    live = record(path, socket_server, "websockets-asyncio", use)
    assert replay(path, kind, use) == live


@MOST
def test_the_first_message_comes_before_the_last_is_sent(kind: str, socket_server: SocketServer, path: Path) -> None:
    async def use(ws: Socket) -> list[Any]:
        first = await ws.receive()
        socket_server.has_arrived.set()
        return [first, await ws.receive()]

    assert record(path, socket_server, kind, use, "/live") == ["first", "second"]
    assert replay(path, kind, use, "/live") == ["first", "second"]
    assert load(path)[0].end == CLOSED


@MOST
def test_a_server_that_dies(kind: str, socket_server: SocketServer, path: Path) -> None:
    async def use(ws: Socket) -> list[Any]:
        await ws.receive()
        await ws.send("die")
        with pytest.raises(Exception, match=r"close frame|CLOSED") as ended:
            await ws.receive()
        return [type(ended.value), str(ended.value), ws.end]

    live = record(path, socket_server, kind, use)
    assert live[2][0] == 1006
    assert replay(path, kind, use) == live
    assert load(path)[0].end == "RemoteProtocolError"


@MOST
def test_a_refused_handshake(kind: str, socket_server: SocketServer, path: Path) -> None:
    async def never(ws: Socket) -> None:
        pytest.fail("connected")

    def refused(url: str, mode: str) -> list[Any]:
        with use_cassette(path, record_mode=mode), pytest.raises(Exception, match="401") as caught:
            talk(kind, url + "/refused", never)
        error: Any = caught.value
        response = getattr(error, "response", error)
        return [
            type(error),
            str(error).replace(url, ""),
            response.headers["Retry-After"],
            getattr(response, "body", ""),
        ]

    live = refused(socket_server.url, "once")
    path.write_text(path.read_text().replace(socket_server.url, NOWHERE))
    assert refused(NOWHERE, "none") == [*live[:2], "0", live[3]]
    assert load(path)[0].response.body == b'{"error":"who are you?"}'


@MOST
def test_a_redirect(kind: str, socket_server: SocketServer, path: Path) -> None:
    if kind == "websockets-sync" and not hasattr(importlib.import_module("websockets.sync.client"), "reconnect"):
        pytest.skip("this client does not follow redirects before websockets 17")

    async def use(ws: Socket) -> Any:
        return await ws.receive()

    live = record(path, socket_server, kind, use, "/moved")
    assert replay(path, kind, use, "/moved") == live
    assert [one.response.code for one in load(path)] == [302, 101]


@MOST
def test_nobody_answers(kind: str, path: Path) -> None:
    async def never(ws: Socket) -> None:
        pytest.fail("connected")

    found = []
    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode), pytest.raises(OSError, match=r"[Cc]onnect") as caught:
            talk(kind, NOWHERE, never)
        found.append(str(caught.value))
    assert found[0] == found[1]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.startswith("websockets")])
def test_what_answers_is_no_http(kind: str, path: Path) -> None:
    async def never(ws: Socket) -> None:
        pytest.fail("connected")

    with MisbehavingServer() as server:
        server.sends = b"HTTP/1.1 what?\r\n\r\n"
        for mode in ("once", "none"):
            with use_cassette(path, record_mode=mode), pytest.raises(Exception, match="valid HTTP response"):
                talk(kind, server.url.replace("http", "ws"), never)


async def one_question(ws: Socket, question: str = "q") -> list[Any]:
    found = [await ws.receive()]
    await ws.send(question)
    return [*found, await ws.receive(), await ws.receive()]


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_message_is_a_miss_where_it_is_sent(kind: str, socket_server: SocketServer, path: Path) -> None:
    record(path, socket_server, kind, one_question)

    async def changed(ws: Socket) -> Any:
        await ws.receive()
        try:
            await ws.send("another q")
        except Exception:
            pytest.fail("as a library's own error an SDK would retry it")

    with pytest.raises(RequestNotRecorded, match=r'message 1 of recording id 0[\s\S]*"q"  sent: "another q"'):
        replay(path, kind, changed)


@MOST
def test_who_waits_for_what_will_not_come_is_told_soon(
    kind: str, socket_server: SocketServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_llmcassette.recorder.conversation.PATIENCE_SECONDS", 0.05)
    record(path, socket_server, kind, one_question)

    async def silent(ws: Socket) -> Any:
        await ws.receive()
        return await ws.receive(30)

    async def greedy(ws: Socket) -> Any:
        await one_question(ws)
        return await ws.receive(30)

    cases: list[tuple[Talk, type[BaseException]]] = [(silent, RequestNotRecorded)]
    if kind in ("websockets-sync", "aiohttp-asyncio"):
        cases.append((greedy, RecordingTruncated))
    for use, stop in cases:
        began = time.perf_counter()
        with pytest.raises(stop):
            replay(path, kind, use)
        assert time.perf_counter() - began < 1.5


@MOST
def test_what_a_client_does_not_send_was_not_played(kind: str, socket_server: SocketServer, path: Path) -> None:
    record(path, socket_server, kind, one_question)

    async def leaves(ws: Socket) -> Any:
        return await ws.receive()

    with pytest.raises(UnplayedError, match=r"/echo: message 1 of its client was not sent"):
        replay(path, kind, leaves)
    assert replay(path, kind, leaves, switches={"allow_unplayed": True}) == '{"type":"hello"}'


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    ["websockets-asyncio", "aiohttp-asyncio", LEGACY],
)
def test_twenty_tasks(kind: str, socket_server: SocketServer, path: Path) -> None:
    async def twenty(url: str) -> list[Any]:
        async def one(number: int) -> Any:
            async def use(ws: Socket) -> Any:
                return await one_question(ws, f"q{number}")

            return await talking(kind, url + "/echo", use)

        return await asyncio.gather(*map(one, range(20)))

    with use_cassette(path, record_mode="once"):
        live = asyncio.run(twenty(socket_server.url))
    path.write_text(path.read_text().replace(socket_server.url, NOWHERE))
    with use_cassette(path):
        assert asyncio.run(twenty(NOWHERE)) == live
    assert [answers[1] for answers in live] == [f'{{"type": "answer", "to": "q{number}"}}' for number in range(20)]


@pytest.mark.slow
def test_twenty_threads(socket_server: SocketServer, path: Path) -> None:
    def one(url: str, number: int) -> Any:
        async def use(ws: Socket) -> Any:
            return await one_question(ws, f"q{number}")

        return talk("websockets-sync", url + "/echo", use)

    found = []
    for url, mode in ((socket_server.url, "once"), (NOWHERE, "none")):
        with use_cassette(path, record_mode=mode), ThreadPoolExecutor(20) as pool:
            found.append(list(pool.map(lambda number: one(url, number), range(20))))  # noqa: B023
        path.write_text(path.read_text().replace(socket_server.url, NOWHERE))
    assert found[0] == found[1]


@pytest.mark.parametrize("kind", ["websockets-asyncio", pytest.param("aiohttp-asyncio", marks=pytest.mark.slow)])
def test_a_task_that_is_cancelled_while_recording(kind: str, socket_server: SocketServer, path: Path) -> None:
    async def use(ws: Socket) -> list[Any]:
        found = await one_question(ws)
        waiting = asyncio.create_task(ws.receive(60))
        await asyncio.sleep(0.02)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return found

    live = record(path, socket_server, kind, use)
    assert load(path)[0].end == CLOSED
    assert replay(path, kind, use) == live


def test_a_client_that_is_interrupted_while_recording(socket_server: SocketServer, path: Path) -> None:
    async def use(ws: Socket) -> None:
        await ws.receive()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), use_cassette(path, record_mode="once"):
        talk("websockets-asyncio", socket_server.url + "/echo", use)
    assert not path.exists()


def test_sender_and_receiver_in_tasks_of_their_own(socket_server: SocketServer, path: Path) -> None:
    """Audio: what is sent does not wait for what comes."""

    async def use(ws: Socket, pause: float = 0.005) -> list[Any]:
        found = []

        async def send() -> None:
            for number in range(10):
                await ws.send("quiet" if number % 2 else f"q{number}")
                await asyncio.sleep(pause)

        async def receive() -> None:
            for _ in range(11):
                found.append(await ws.receive())

        async with asyncio.TaskGroup() as group:
            group.create_task(receive())
            group.create_task(send())
        return found

    live = record(path, socket_server, "websockets-asyncio", use)
    assert replay(path, "websockets-asyncio", use) == live
    # Slower than it was, and faster.
    assert replay(path, "websockets-asyncio", lambda ws: use(ws, 0.02)) == live
    assert replay(path, "websockets-asyncio", lambda ws: use(ws, 0)) == live


def test_sender_and_receiver_in_threads_of_their_own(socket_server: SocketServer, path: Path) -> None:
    def talk_in_threads(url: str) -> list[Any]:
        from websockets.sync.client import connect

        found = []
        with connect(url + "/echo") as ws:

            def send() -> None:
                for number in range(6):
                    ws.send(f"q{number}")
                    time.sleep(0.01)

            sender = threading.Thread(target=send)
            sender.start()
            found = [ws.recv() for _ in range(13)]
            sender.join()
        return found

    with use_cassette(path, record_mode="once"):
        live = talk_in_threads(socket_server.url)
    path.write_text(path.read_text().replace(socket_server.url, NOWHERE))
    with use_cassette(path):
        assert talk_in_threads(NOWHERE) == live


def test_a_client_may_take_as_long_as_it_did(
    socket_server: SocketServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And as long again. Its other task waits all the time, for what it is to ask for."""
    monkeypatch.setattr("pytest_llmcassette.recorder.conversation.PATIENCE_SECONDS", 0.1)

    async def use(ws: Socket, pause: float) -> list[Any]:
        await ws.receive()
        waiting = asyncio.create_task(ws.receive())
        await asyncio.sleep(pause)
        await ws.send("q")
        return [await waiting]

    live = record(path, socket_server, "websockets-asyncio", lambda ws: use(ws, 0.15))
    assert replay(path, "websockets-asyncio", lambda ws: use(ws, 0.25)) == live


@pytest.mark.parametrize("kind", ["websockets-sync", "websockets-asyncio"])
def test_timing_as_recorded(kind: str, socket_server: SocketServer, path: Path) -> None:
    record(path, socket_server, kind, one_question)
    recorded = path.read_text()
    # The last two messages; nobody waits for an hour.
    for timing, last, least in (("recorded", (40, 80), 0.07), ("x4", (80, 160), 0.03), ("instant", (1, 3_600_000), 0)):
        times = iter((0, 1, *last))
        path.write_text(re.sub(r"    at: [\d.]+", lambda _: f"    at: {next(times)}", recorded, count=4))  # noqa: B023
        began = time.perf_counter()
        replay(path, kind, one_question, switches={"timing": timing})
        assert least < time.perf_counter() - began < 9


def test_all_that_a_connection_of_asyncio_can(socket_server: SocketServer, path: Path) -> None:
    from websockets.asyncio.client import connect

    async def use(url: str) -> list[Any]:
        found: list[Any] = []
        async for ws in connect(url + "/echo"):
            found.append(await ws.recv(decode=False))
            await ws.send(["in ", "pieces"])
            found.append([piece async for piece in ws.recv_streaming()])
            await ws.recv()
            found.append(await (await ws.ping()) >= 0)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await ws.recv()
            await ws.send("bye 1000 ")
            found.append([message async for message in ws])
            found += [ws.close_code, ws.state.name, ws.response.status_code, ws.request.path]
            break
        ws = await connect(url + "/echo")
        found.append(await ws.recv())
        await ws.close(4000, "mine")
        await ws.wait_closed()
        return [*found, ws.close_code, ws.close_reason]

    with use_cassette(path, record_mode="once"):
        live = asyncio.run(use(socket_server.url))
    path.write_text(path.read_text().replace(socket_server.url, NOWHERE))
    with use_cassette(path):
        assert asyncio.run(use(NOWHERE)) == live


def test_all_that_a_connection_of_threads_can(socket_server: SocketServer, path: Path) -> None:
    from websockets.sync.client import connect

    def use(url: str) -> list[Any]:
        with connect(url + "/echo") as ws:
            found: list[Any] = [ws.recv(decode=False)]
            ws.send(iter(["in ", "pieces"]))
            found.append(list(ws.recv_streaming()))
            ws.recv()
            found.append(ws.ping().wait(5))
            with pytest.raises(TimeoutError):
                ws.recv(timeout=0.01)
            ws.send("bye 1000 ")
            found.append(list(ws))
            return [*found, ws.close_code, ws.state.name, ws.response.status_code if ws.response else 0]

    with use_cassette(path, record_mode="once"):
        live = use(socket_server.url)
    path.write_text(path.read_text().replace(socket_server.url, NOWHERE))
    with use_cassette(path):
        assert use(NOWHERE) == live


def test_all_that_a_connection_of_aiohttp_can(socket_server: SocketServer, path: Path) -> None:
    import aiohttp

    async def use(url: str) -> list[Any]:
        async with aiohttp.ClientSession(base_url=url.replace("ws:", "http:")) as session:
            async with session.ws_connect("/echo", heartbeat=0.05, compress=15) as ws:
                found: list[Any] = [await ws.receive_json()]
                await ws.send_json({"q": 1})
                found += [await ws.receive_str(), (await ws.receive()).type]
                await ws.ping()
                await asyncio.sleep(0.15)
                await ws.send_str("bye 1000 ")
                found.append([message.data async for message in ws])
                found += [ws.close_code, ws.closed, ws.exception()]
            async with session.ws_connect("/echo") as ws:
                found.append(await ws.receive_str())
                found.append(await ws.close(code=4000))
            return [*found, ws.close_code]

    with use_cassette(path, record_mode="once"):
        live = asyncio.run(use(socket_server.url))
    path.write_text(path.read_text().replace(socket_server.url, NOWHERE))
    with use_cassette(path):
        assert asyncio.run(use(NOWHERE)) == live


@pytest.mark.parametrize("kind", KINDS)
def test_what_may_not_be_sent(kind: str, socket_server: SocketServer, path: Path) -> None:
    placeholder = placeholder_for("OPENAI_API_KEY")
    keys: list[dict[str, Any]] = [
        {"headers": {"Authorization": f"Bearer {placeholder}"}},
        {"protocols": ["realtime", f"openai-insecure-api-key.{placeholder}"]},
    ]
    for options in keys:
        with pytest.raises(RequestRefused, match="OPENAI_API_KEY"), use_cassette(path, record_mode="once"):
            talk(kind, socket_server.url, one_question, **options)
    with in_force.Suspension("Not in here."), pytest.raises(RequestRefused, match=r"Not in here\."):
        talk(kind, socket_server.url, one_question)
    assert socket_server.asked == []

    async def key_in_a_message(ws: Socket) -> None:
        await ws.receive()
        await ws.send(json.dumps({"xi_api_key": placeholder}))

    with pytest.raises(RequestRefused, match="in the body"), use_cassette(path, record_mode="once"):
        talk(kind, socket_server.url, key_in_a_message)
    assert socket_server.heard == []
    with use_cassette(path, record_mode="none", ignore_hosts=["127.0.0.1"], allow_no_calls=True):
        assert len(talk(kind, socket_server.url, one_question)) == 3
    assert not path.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_no_secret_is_written(kind: str, socket_server: SocketServer, path: Path) -> None:
    key = "sk-proj-0123456789abcdefghijklmnop"
    options: dict[str, Any] = {"protocols": ["realtime", f"openai-insecure-api-key.{key}"]}

    async def use(ws: Socket) -> list[Any]:
        found = await one_question(ws, json.dumps({"api_key": "another-key-0123", "echo": key}))
        await ws.send(json.dumps({"token": key}).encode())
        return [*found, await ws.receive()]

    record(path, socket_server, kind, use, **options)
    assert key not in path.read_text()
    assert "another-key-0123" not in path.read_text()
    assert "api_key" in path.read_text()
    replay(path, kind, use, **options)


def test_an_old_connection_says_nothing_for_the_next_test(socket_server: SocketServer, path: Path) -> None:
    from websockets.sync.client import connect

    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode, allow_unplayed=True):
            ws = connect(socket_server.url + "/echo", legacy=True)
            ws.recv()
        with pytest.raises(RequestRefused, match="is over"):
            ws.send("q")
        ws.close_socket()
    assert socket_server.heard == []
    with use_cassette(path, allow_unplayed=True):
        ws = connect(socket_server.url + "/echo", legacy=True)
        ws.recv()
    with pytest.raises(RequestRefused, match="is over"):
        ws.recv()
