"""SDKs that talk by WebSocket or gRPC, and these libraries themselves."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

from servers.staged import Gate

from sdks.row import ASYNC, PLAIN, STREAM, SYNC, Row, module

WEBSOCKETS, GRPC = "websockets", "grpc"
_USAGE = {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9}
_RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1750000000,
    "status": "completed",
    "model": "gpt-5",
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "usage": _USAGE,
}
_DELTA = {"event_id": "e2", "response_id": "r", "item_id": "i", "output_index": 0, "content_index": 0}
_REALTIME: dict[str, list[dict[str, Any]]] = {
    "response.create": [
        {"type": "response.output_text.delta", **_DELTA, "delta": "Olá"},
        {"type": "response.done", "event_id": "e3", "response": {"id": "r", "output": [], "usage": _USAGE}},
    ],
}
_RESPONSES: dict[str, list[dict[str, Any]]] = {
    "response.create": [
        {"type": "response.created", "sequence_number": 0, "response": {**_RESPONSE, "status": "in_progress"}},
        {"type": "response.completed", "sequence_number": 1, "response": _RESPONSE},
    ]
}
_GEMINI: dict[str, list[dict[str, Any]]] = {
    "setup": [{"setupComplete": {"sessionId": "s1"}}],
    "client_content": [
        {"serverContent": {"modelTurn": {"parts": [{"text": "Olá"}]}}},
        {"serverContent": {"turnComplete": True}, "usageMetadata": {"promptTokenCount": 7, "totalTokenCount": 9}},
    ],
}
_ECHO = {"hi": [{"n": 1}, {"n": 2}]}
_LAST = ("response.done", "response.completed")


class Place(NamedTuple):
    """A server, as a row sees it."""

    url: str
    gate: Gate


@cache
def _contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's, and its clients': an SDK talks over TLS only."""
    trustme = module("trustme")
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    own, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.issue_cert("localhost").configure_cert(own)
    authority.configure_trust(trusting)
    return own, trusting


def _sockets(answers: dict[str, list[dict[str, Any]]], *, secure: bool) -> Callable[[], Any]:
    @contextmanager
    def serve() -> Iterator[Place]:
        gate = Gate()
        with module("servers.sockets").sockets(_contexts()[0] if secure else None) as server:
            server.answers = answers
            server.before_the_last = gate.wait
            yield Place(server.url, gate)

    return serve


def _openai(url: str, kind: str) -> Any:
    return getattr(module("openai"), kind)(
        api_key="k", base_url="https://nowhere.test/v1", websocket_base_url=url + "/v1"
    )


def _heard(events: Any, on_first: Callable[[], None]) -> list[Any]:
    found = []
    for event in events:
        on_first()
        found.append(event.model_dump(warnings=False))
        if event.type in _LAST:
            break
    return found


async def _heard_async(events: Any, on_first: Callable[[], None]) -> list[Any]:
    found = []
    async for event in events:
        on_first()
        found.append(event.model_dump(warnings=False))
        if event.type in _LAST:
            break
    return found


def _options() -> dict[str, Any]:
    return {"websocket_connection_options": {"ssl": _contexts()[1]}}


def _realtime(url: str, on_first: Callable[[], None]) -> Any:
    with _openai(url, "OpenAI").realtime.connect(model="m", **_options()) as connection:
        connection.response.create()
        return _heard(connection, on_first)


def _responses(url: str, on_first: Callable[[], None]) -> Any:
    with _openai(url, "OpenAI").responses.connect(**_options()) as connection:
        connection.response.create(model="gpt-5", input="hi")
        return _heard(connection, on_first)


def _realtime_async(url: str, on_first: Callable[[], None]) -> Any:
    async def main() -> Any:
        async with _openai(url, "AsyncOpenAI").realtime.connect(model="m", **_options()) as connection:
            await connection.response.create()
            return await _heard_async(connection, on_first)

    return asyncio.run(main())


def _responses_async(url: str, on_first: Callable[[], None]) -> Any:
    async def main() -> Any:
        async with _openai(url, "AsyncOpenAI").responses.connect(**_options()) as connection:
            await connection.response.create(model="gpt-5", input="hi")
            return await _heard_async(connection, on_first)

    return asyncio.run(main())


def _live(url: str, on_first: Callable[[], None]) -> Any:
    genai = module("google.genai")

    async def main() -> list[Any]:
        options = {"base_url": url.replace("wss:", "https:"), "async_client_args": {"ssl": _contexts()[1]}}
        client = genai.Client(api_key="k", http_options=options)
        found = []
        async with client.aio.live.connect(model="m", config={"response_modalities": ["TEXT"]}) as session:
            turn = genai.types.Content(role="user", parts=[genai.types.Part(text="hi")])
            await session.send_client_content(turns=turn)
            async for message in session.receive():
                on_first()
                found.append(message.model_dump())
        return found

    return asyncio.run(main())


def _websocket(url: str, on_first: Callable[[], None]) -> Any:
    with module("websockets.sync.client").connect(url + "/v1") as ws:
        ws.send('{"type": "hi"}')
        first = ws.recv()
        on_first()
        return [first, ws.recv()]


def _websocket_async(url: str, on_first: Callable[[], None]) -> Any:
    async def main() -> Any:
        async with module("websockets.asyncio.client").connect(url + "/v1") as ws:
            await ws.send('{"type": "hi"}')
            first = await ws.recv()
            on_first()
            return [first, await ws.recv()]

    return asyncio.run(main())


def _aiohttp(url: str, on_first: Callable[[], None]) -> Any:
    async def main() -> Any:
        async with module("aiohttp").ClientSession() as session, session.ws_connect(url + "/v1") as ws:
            await ws.send_json({"type": "hi"})
            first = await ws.receive_json()
            on_first()
            return [first, await ws.receive_json()]

    return asyncio.run(main())


def _over_sockets() -> Iterator[Row]:
    needs = ("openai", "websockets", "trustme")
    realtime, responses = _sockets(_REALTIME, secure=True), _sockets(_RESPONSES, secure=True)
    yield Row("openai", SYNC, "realtime", WEBSOCKETS, needs, _realtime, realtime)
    yield Row("openai", SYNC, "responses", WEBSOCKETS, needs, _responses, responses)
    yield Row("openai", ASYNC, "realtime", WEBSOCKETS, needs, _realtime_async, realtime)
    yield Row("openai", ASYNC, "responses", WEBSOCKETS, needs, _responses_async, responses)
    needs = ("google-genai", "websockets", "trustme")
    yield Row("google-genai", ASYNC, "live", WEBSOCKETS, needs, _live, _sockets(_GEMINI, secure=True))
    echo = _sockets(_ECHO, secure=False)
    yield Row("websockets", SYNC, "conversation", WEBSOCKETS, ("websockets",), _websocket, echo)
    yield Row("websockets", ASYNC, "conversation", WEBSOCKETS, ("websockets",), _websocket_async, echo)
    yield Row("aiohttp", ASYNC, "WebSocket", "aiohttp", ("aiohttp", "websockets"), _aiohttp, echo)


@contextmanager
def _grok() -> Iterator[Place]:
    with module("servers.grok").GrokServer() as server:
        server.go_on.clear()
        yield Place(server.target, Gate(server.go_on))


@contextmanager
def _calls() -> Iterator[Place]:
    with module("servers.calls").CallServer() as server:
        yield Place(server.target, Gate(server.go_on))


def _chat(host: str, kind: str) -> Any:
    client = getattr(module("xai_sdk"), kind)(api_key="k", api_host=host, use_insecure_channel=True)
    return client.chat.create(model="grok-4", messages=[module("xai_sdk.chat").user("hi")])


def _xai(host: str, on_first: Callable[[], None]) -> Any:
    return _chat(host, "Client").sample().proto


def _xai_stream(host: str, on_first: Callable[[], None]) -> Any:
    found = []
    for response, chunk in _chat(host, "Client").stream():
        on_first()
        found.append((chunk.proto, response.content))
    return found


def _xai_async(host: str, on_first: Callable[[], None]) -> Any:
    async def main() -> Any:
        return (await _chat(host, "AsyncClient").sample()).proto

    return asyncio.run(main())


def _xai_stream_async(host: str, on_first: Callable[[], None]) -> Any:
    async def main() -> Any:
        found = []
        async for response, chunk in _chat(host, "AsyncClient").stream():
            on_first()
            found.append((chunk.proto, response.content))
        return found

    return asyncio.run(main())


def _call(name: str, api: str) -> Callable[[str, Callable[[], None]], Any]:
    def ask(target: str, on_first: Callable[[], None]) -> Any:
        return module("transports.grpc_calls").call(api, target, name, b"hi", on_message=on_first, timeout=20)

    return ask


def _over_grpc() -> Iterator[Row]:
    for way, plain, stream, api in (
        (SYNC, _xai, _xai_stream, "sync"),
        (ASYNC, _xai_async, _xai_stream_async, "aio"),
    ):
        yield Row("xai-sdk", way, PLAIN, GRPC, ("xai-sdk",), plain, _grok)
        yield Row("xai-sdk", way, STREAM, GRPC, ("xai-sdk",), stream, _grok)
        yield Row("grpcio", way, PLAIN, GRPC, ("grpcio",), _call("Unary", api), _calls)
        yield Row("grpcio", way, STREAM, GRPC, ("grpcio",), _call("Gate", api), _calls)


def rows() -> Iterator[Row]:
    """All of them, in the order of the README."""
    yield from _over_grpc()
    yield from _over_sockets()
