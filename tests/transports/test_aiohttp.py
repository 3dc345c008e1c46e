"""What only aiohttp has: its readers, forms, middlewares, traces and errors, over recorded answers as over live."""

from __future__ import annotations

import asyncio
import io
import json
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import trustme
from servers import hostile
from servers.hostile import EVENTS, STREAM, HostileServer
from servers.misbehaving import MisbehavingServer

from pytest_llmcassette.cassette.files import load, save
from pytest_llmcassette.cassette.model import Interaction, Request, Response
from pytest_llmcassette.context import use_cassette
from pytest_llmcassette.errors import CassetteFault, NotIntercepted, RequestRefused
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.outside import Block, Loopback
from pytest_llmcassette.replay.plan import Delivery
from transports.clients import error_of, fetch

aiohttp = pytest.importorskip("aiohttp")
URL = "http://127.0.0.1:1/stream"
Session = Any


def in_session(use: Callable[[Session], Coroutine[Any, Any, Any]], **options: Any) -> Any:
    async def main() -> Any:
        async with aiohttp.ClientSession(**options) as session:
            return await use(session)

    return asyncio.run(main())


def twice(path: Path, use: Callable[[Session], Coroutine[Any, Any, Any]], **options: Any) -> list[Any]:
    """Recorded, and replayed."""
    found = []
    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode):
            found.append(in_session(use, **options))
    return found


async def _all(pieces: AsyncIterator[Any]) -> list[Any]:
    return [piece async for piece in pieces]


async def _lines(content: Any) -> list[bytes]:
    return [await content.readline() for _ in range(STREAM.count(b"\n") + 1)]


async def _exactly(content: Any) -> bytes:
    return bytes(await content.readexactly(10) + await content.read())


READERS: dict[str, Callable[[Any], Coroutine[Any, Any, Any]]] = {
    "read": lambda content: content.read(),
    "readline": _lines,
    "readexactly": _exactly,
    "readuntil": lambda content: content.readuntil(b"\n\n"),
    "iter_chunked": lambda content: _all(content.iter_chunked(5)),
    "iter_chunks": lambda content: _all(content.iter_chunks()),
    "lines": _all,
}


@pytest.mark.parametrize("route", ["/stream", "/torn", "/encoded/gzip"])
def test_every_reader_reads_the_same_on_replay(route: str, server: HostileServer, path: Path) -> None:
    async def read(session: Session) -> dict[str, Any]:
        found = {}
        for name, reader in READERS.items():
            async with session.get(server.url + route) as response:
                found[name] = await reader(response.content)
        return found

    for chunking in ("event", "byte", "random:1"):
        with use_cassette(path, record_mode="once", allow_repeats=True, chunking=chunking):
            found = in_session(read)
        assert found["read"] == found["readexactly"] == STREAM
        assert found["lines"] == STREAM.splitlines(keepends=True) == found["readline"][:-1]
        assert found["readuntil"] == EVENTS[0]
        assert b"".join(found["iter_chunked"]) == b"".join(piece for piece, _ in found["iter_chunks"]) == STREAM
        assert max(map(len, found["iter_chunked"])) <= 5


def test_status_json_and_text_are_aiohttps(server: HostileServer, path: Path) -> None:
    async def ask(session: Session) -> tuple[Any, ...]:
        async with session.post("/json", json={"q": "é"}, params={"page": "1 2"}) as response:
            document = await response.json()
            assert response.ok
            assert response.url.query["page"] == "1 2"
        with pytest.raises(aiohttp.ClientResponseError) as missing:
            await session.get("/no-such-path", raise_for_status=True)
        with pytest.raises(aiohttp.ContentTypeError):
            async with session.get("/stream") as response:
                await response.json()
        return document, response.content_type, response.charset, missing.value.status, missing.value.message

    live, replayed = twice(path, ask, base_url=server.url)
    assert live == replayed
    assert live[1:] == ("text/event-stream", "utf-8", 404, "Not Found")


def test_bodies_of_every_kind_are_sent_and_recorded_whole(server: HostileServer, path: Path, tmp_path: Path) -> None:
    file = tmp_path / "file.bin"
    file.write_bytes(bytes(range(256)) * 300)

    async def generate() -> AsyncIterator[bytes]:
        yield b"a" * 70000
        yield b"b"

    def form() -> Any:
        data = aiohttp.FormData()
        data.add_field("file", file.read_bytes(), filename="file.bin")
        data.add_field("text", "é")
        return data

    bodies: dict[str, Callable[[], Any]] = {
        "bytes": lambda: b"bytes",
        "text": lambda: "é",
        "urlencoded": lambda: {"a": "1", "b": "é"},
        "generator": generate,
        "file": lambda: file.open("rb"),
        "memory": lambda: io.BytesIO(b"memory"),
        "form": form,
    }

    async def ask(session: Session) -> list[str]:
        found = []
        for name, make in bodies.items():
            async with session.post(f"{server.url}/json?{name}", data=make()) as response:
                found.append((await response.json())["body"])
        async with session.put(server.url + "/json?expect", data=b"after 100", expect100=True) as response:
            found.append((await response.json())["body"])
        async with session.put(server.url + "/json?none") as response:
            found.append((await response.json())["body"])
        return found

    live, replayed = twice(path, ask)
    stored = load(path)
    assert [one.request.body for one in stored] == server.bodies
    assert [len(body) for body in server.bodies[3:5]] == [70001, 256 * 300]
    assert live[:3] == replayed[:3] == ["bytes", "é", "a=1&b=%C3%A9"]
    assert live[-2:] == replayed[-2:] == ["after 100", ""]


def test_an_error_of_the_users_generator_is_told_as_in_life(server: HostileServer, path: Path) -> None:
    async def generate() -> AsyncIterator[bytes]:
        yield b"one"
        raise ValueError("of the user's own")

    async def ask(session: Session) -> None:
        with pytest.raises(aiohttp.ClientConnectionError, match="of the user's own"):
            await session.post(server.url + "/json", data=generate())

    in_session(ask)
    with use_cassette(path, allow_no_calls=True):
        in_session(ask)


def test_redirects_and_middlewares_go_through_the_session(server: HostileServer, path: Path) -> None:
    async def add(request: Any, handler: Any) -> Any:
        request.headers["X-Added"] = "yes"
        response = await handler(request)
        if response.status == 429:
            await response.read()
            response = await handler(request)
        return response

    async def ask(session: Session) -> tuple[Any, ...]:
        async with session.post(server.url + "/redirect", json={"a": 1}) as response:
            history = [(one.status, one.url.path) for one in response.history]
            document = await response.json()
        async with session.get(server.url + "/flaky?1") as response:
            status = response.status
        return history, document["body"], status

    with use_cassette(path, record_mode="once", record_errors=True):
        live = in_session(ask, middlewares=[add])
    with use_cassette(path):
        replayed = in_session(ask, middlewares=[add])
    assert live == replayed == ([(307, "/redirect")], '{"a": 1}', 200)
    assert [one.response.code for one in load(path)] == [307, 200, 429, 200]


def test_traces_see_a_replay(server: HostileServer, path: Path) -> None:
    async def ask(session: Session) -> None:
        async with session.post(server.url + "/json", data=b"body") as response:
            await response.read()

    seen: list[str] = []
    names = ["request_start", "request_headers_sent", "request_chunk_sent", "response_chunk_received", "request_end"]
    tracing = aiohttp.TraceConfig()
    for name in names:

        async def note(session: Any, context: Any, parameters: Any, name: str = name) -> None:
            seen.append(name)

        getattr(tracing, f"on_{name}").append(note)
    for mode in ("once", "none"):
        seen.clear()
        with use_cassette(path, record_mode=mode):
            in_session(ask, trace_configs=[tracing])
        assert sorted(seen) == sorted(names)


def test_a_total_timeout_is_a_bare_one_again(server: HostileServer, path: Path) -> None:
    async def ask(session: Session) -> list[type[BaseException]]:
        found: list[type[BaseException]] = []
        # A live answer must have begun by then.
        for route, total in (("/hang", 0.05), ("/gated", 0.05 if path.exists() else 0.3)):
            with pytest.raises(TimeoutError) as caught:
                async with session.post(server.url + route, timeout=aiohttp.ClientTimeout(total)) as response:
                    await response.read()
            found.append(type(caught.value))
        return found

    live, replayed = twice(path, ask)
    assert live == replayed == [TimeoutError, TimeoutError]
    assert [(one.response.code, one.end) for one in load(path)] == [(0, "ReadTimeout"), (200, "ReadTimeout")]


def test_an_answer_that_aiohttp_refuses_is_recorded_as_none(path: Path) -> None:
    """We could read these; then a replay would have an answer that the client never got."""

    async def ask(session: Session) -> None:
        refused = (
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, world",
            b"HTTP/1.1 200 OK\r\nX-Large: " + b"x" * 20_000 + b"\r\nContent-Length: 5\r\n\r\nhello",
        )
        for number, server.sends in enumerate(refused):
            with pytest.raises(aiohttp.ClientError):
                await session.get(f"{server.url}/{number}")

    with MisbehavingServer() as server:
        twice(path, ask)
    assert [(one.response.code, one.end) for one in load(path)] == [(0, "RemoteProtocolError")] * 3


def test_a_websocket_is_refused_again_whatever_has_come_of_the_body(path: Path) -> None:
    async def ask(session: Session) -> list[tuple[int, str]]:
        found = []
        for number, length in enumerate((b"", b"Content-Length: 50\r\n")):
            server.sends = b"HTTP/1.1 403 Forbidden\r\n%s\r\nno key" % length
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(f"{server.url}/{number}")
            found.append((refused.value.status, refused.value.message))
        return found

    with MisbehavingServer() as server:
        server.then = "stall"
        live, replayed = twice(path, ask)
    assert live == replayed == [(403, "Invalid response status")] * 2


def test_a_total_timeout_ends_what_nobody_sleeps(path: Path) -> None:
    """What faults are made of: the wait is longer than the client's only timeout."""

    def stalled(delivery: Delivery) -> Delivery:
        delivery.pieces = [(3600.0, STREAM)]
        delivery.sleeps = False
        return delivery

    async def ask(session: Session) -> None:
        async with session.get(URL) as response:
            await response.read()

    save(path, [Interaction(request=Request(url=URL), response=Response(body=STREAM))])
    with use_cassette(path) as cassette:
        cassette._recorder.changes = (stalled,)
        with pytest.raises(TimeoutError) as caught:
            in_session(ask)
    assert type(caught.value) is TimeoutError


def test_a_read_that_is_cancelled_can_be_taken_up_again(path: Path) -> None:
    """As in life: with httpx a cancelled read ends the stream."""
    headers = {"Content-Type": ["text/event-stream"]}
    recorded = Interaction(
        request=Request(method="GET", url=URL),
        response=Response(body=STREAM, headers=headers),
        chunks=tuple((60.0 * number, len(event)) for number, event in enumerate(EVENTS)),
    )
    save(path, [recorded])

    async def ask(session: Session) -> tuple[bytes, int]:
        read, given_up = b"", 0
        async with session.get(URL) as response:
            while not response.content.at_eof():
                try:
                    read += await asyncio.wait_for(response.content.readany(), 0.01)
                except TimeoutError:
                    given_up += 1
        return read, given_up

    with use_cassette(path, timing="recorded"):
        read, given_up = in_session(ask)
    assert read == STREAM
    assert given_up >= 3


def test_nothing_is_left_running(server: HostileServer, path: Path) -> None:
    """Neither by answers that nobody reads, nor by those that are left in the middle."""

    async def ask(session: Session) -> int:
        async with session.get(server.url + "/stream") as response:
            await response.content.readany()
        async with session.get(server.url + "/json") as response:
            assert response.status == 200
        response = await session.get(server.url + "/json?2")
        # Nobody reads it: it ends by itself once it has arrived.
        for _ in range(500):
            await asyncio.sleep(0.01)
            if response.connection is None:
                break
        assert response.connection is None
        return len(asyncio.all_tasks())

    assert twice(path, ask)[1] == 1


def test_twenty_tasks_at_once(server: HostileServer, path: Path) -> None:
    async def ask(session: Session) -> list[str]:
        async def one(number: int) -> str:
            async with session.post(server.url + "/json", json={"n": number}) as response:
                return str((await response.json())["body"])

        return await asyncio.gather(*map(one, range(20)))

    live, replayed = twice(path, ask)
    assert live == replayed == [json.dumps({"n": number}) for number in range(20)]


def test_a_connection_that_recorded_serves_others_unrecorded(server: HostileServer, path: Path) -> None:
    async def ask(session: Session) -> None:
        async def read(text: str) -> None:
            async with session.post(server.url + "/json", data=text) as response:
                await response.read()

        with use_cassette(path, record_mode="once"):
            await read("within")
        await read("after")

    in_session(ask)
    assert [one.request.body for one in load(path)] == [b"within"]
    assert server.bodies == [b"within", b"after"]


@pytest.mark.parametrize(("records", "replays"), [("aiohttp-asyncio", "httpx-sync"), ("httpx-sync", "aiohttp-asyncio")])
def test_one_file_for_all_clients(records: str, replays: str, server: HostileServer, path: Path) -> None:
    bodies = []
    for kind, mode in ((records, "once"), (replays, "none")):
        with use_cassette(path, record_mode=mode):
            asked = [
                fetch(kind, "POST", server.url + "/json?q=a%20b,c:d", json={"text": "é"}),
                fetch(kind, "GET", server.url + "/encoded/gzip"),
            ]
            with pytest.raises(error_of(kind, "ReadError")):
                fetch(kind, "GET", server.url + "/reset", on_piece=lambda piece: server.gate.set())
            bodies.append([answer.body for answer in asked])
    assert bodies[0] == bodies[1]
    assert bodies[0][1] == STREAM
    assert sum(server.hits.values()) == 3


def test_tls_unix_sockets_and_proxies(tmp_path: Path, path: Path) -> None:
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    own, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.issue_cert("localhost").configure_cert(own)
    authority.configure_trust(trusting)

    async def ask(url: str, connector: dict[str, Any], **options: Any) -> bytes:
        made = aiohttp.UnixConnector(**connector) if connector else None
        async with aiohttp.ClientSession(connector=made) as session, session.get(url, **options) as response:
            return bytes(await response.read())

    with hostile.tls(own) as secure, hostile.unix(tmp_path / "s") as local, hostile.plain() as proxy:
        asked: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
            (secure.url + "/stream", {}, {"ssl": trusting}),
            (local.url + "/stream", {"path": str(tmp_path / "s")}, {}),
            ("http://far.test/stream", {}, {"proxy": proxy.url}),
        ]
        with use_cassette(path, record_mode="once"):
            live = [asyncio.run(ask(url, connector, **options)) for url, connector, options in asked]
    with use_cassette(path):
        assert live == [asyncio.run(ask(url, {})) for url, _, _ in asked] == [STREAM] * 3


ERRORS = {
    "ConnectError": "ClientConnectorError",
    "ConnectTimeout": "ConnectionTimeoutError",
    "PoolTimeout": "ConnectionTimeoutError",
    "ProxyError": "ClientProxyConnectionError",
    "ReadError": "ClientOSError",
    "ReadTimeout": "SocketTimeoutError",
    "RemoteProtocolError": "ServerDisconnectedError",
    "WriteError": "ClientOSError",
    "WriteTimeout": "SocketTimeoutError",
    "nobody knows": "ClientOSError",
}


@pytest.mark.parametrize("kind", ERRORS)
def test_errors_of_other_clients_recordings_are_aiohttps(kind: str, path: Path) -> None:
    import openai

    failed = Response(code=0, status="", content_length=0)
    # Nothing is sent before; one by openai, which takes a body.
    save(path, [Interaction(request=Request(method="POST", url=URL), response=failed, end=kind, end_message="no luck")])

    async def ask(session: Session) -> None:
        await session.post(URL)

    with pytest.raises(aiohttp.ClientError, match="no luck") as caught, use_cassette(path):
        in_session(ask, timeout=aiohttp.ClientTimeout(sock_read=5))
    assert type(caught.value).__name__ == ERRORS[kind]

    async def ask_openai() -> None:
        async with openai.AsyncOpenAI(
            api_key="k", base_url=URL, max_retries=0, http_client=openai.DefaultAioHttpClient()
        ) as client:
            await client.embeddings.create(model="m", input="hi")

    expected = openai.APITimeoutError if kind.endswith("Timeout") else openai.APIConnectionError
    with pytest.raises(expected), use_cassette(path, match_on=["method"]):
        asyncio.run(ask_openai())


def test_what_lets_a_request_through_or_refuses_it(
    server: HostileServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask(session: Session) -> int:
        async with session.get(server.url + "/json") as response:
            return int(response.status)

    assert in_session(ask) == 200
    with use_cassette(path, ignore_hosts=["127.0.0.1"], allow_no_calls=True):
        assert in_session(ask) == 200
    with (
        in_force.Suspension("Enter use_cassette in this fixture."),
        pytest.raises(RequestRefused, match="this fixture"),
    ):
        in_session(ask)
    monkeypatch.setattr(Loopback, "passes", False)
    before = in_force.block(Block((), lambda host: f"Allow {host}."))
    try:
        with pytest.raises(RequestRefused, match=r"no cassette is in force[\s\S]*Allow 127"):
            in_session(ask)
    finally:
        in_force.block(before)
    assert server.hits["/json"] == 2


def test_a_fault_of_ours_in_the_head_stops_the_test(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_llmcassette.transports.aiohttp.recorded import RecordedProtocol

    async def ask(session: Session) -> None:
        await session.get(URL)

    save(path, [Interaction(request=Request(url=URL), response=Response(body=b"text"))])
    monkeypatch.setattr(RecordedProtocol, "_begin", len)
    with pytest.raises(CassetteFault, match="aiohttp 3"), use_cassette(path):
        in_session(ask)


def test_a_newer_aiohttp_without_its_connector_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_llmcassette.transports import patching
    from pytest_llmcassette.transports.aiohttp import connectors

    monkeypatch.setattr(patching, "gone", {})
    monkeypatch.delattr(aiohttp.connector, "Connection")
    with pytest.raises(NotIntercepted, match=r"aiohttp 3\S+ has no aiohttp\.connector\.Connection"), use_cassette(path):
        connectors._patch(aiohttp)
