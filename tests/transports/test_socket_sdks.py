"""SDKs that talk by WebSocket: recorded from a loopback server, replayed with none, the same objects to their users."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from servers.sockets import SocketServer, sockets

from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.context import use_cassette
from pytest_llmcassette.errors import RequestNotRecorded

pytestmark = pytest.mark.filterwarnings("ignore:connect.. must be used as a context manager")
"""openai's client for threads does not, with websockets 17."""

KEY = "sk-proj-0123456789abcdefghijklmnop"
USAGE = {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9}
RESPONSE = {
    "id": "resp_1", "object": "response", "created_at": 1750000000, "status": "completed", "model": "gpt-5",
    "output": [{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": "Olá", "annotations": []}]}],
    "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "usage": USAGE,
}  # fmt: skip
OPENAI: dict[str, Any] = {
    "session.update": [{"type": "session.updated", "event_id": "e1", "session": {"type": "realtime", "model": "m"}}],
    "response.create": [
        {"type": "response.output_text.delta", "event_id": "e2", "response_id": "r", "item_id": "i",
         "output_index": 0, "content_index": 0, "delta": "Olá", "sequence_number": 0, "logprobs": []},
        {"type": "response.done", "event_id": "e3", "response": {"id": "r", "object": "realtime.response",
         "status": "completed", "output": [], "usage": USAGE}},
    ],
}  # fmt: skip
RESPONSES: dict[str, Any] = {
    "response.create": [
        {"type": "response.created", "sequence_number": 0, "response": {**RESPONSE, "status": "in_progress"}},
        {"type": "response.completed", "sequence_number": 1, "response": RESPONSE},
    ]
}
GEMINI: dict[str, Any] = {
    "setup": [{"setupComplete": {"sessionId": "s1"}}],
    "client_content": [
        {"serverContent": {"modelTurn": {"parts": [{"text": "Olá"}]}}},
        {"serverContent": {"turnComplete": True}, "usageMetadata": {"promptTokenCount": 7, "totalTokenCount": 9}},
    ],
}


def _realtime(url: str, tls: ssl.SSLContext, question: str) -> list[str]:
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(api_key=KEY, base_url="https://nowhere.test/v1", websocket_base_url=url + "/v1")
    with client.realtime.connect(model="gpt-realtime", websocket_connection_options={"ssl": tls}) as connection:
        connection.session.update(session={"type": "realtime", "instructions": question})
        found = [connection.recv()]
        connection.response.create()
        for event in connection:
            found.append(event)
            if event.type == "response.done":
                break
    return [event.model_dump_json() for event in found]


def _realtime_async(url: str, tls: ssl.SSLContext, question: str) -> list[str]:
    openai = pytest.importorskip("openai")

    async def main() -> list[str]:
        client = openai.AsyncOpenAI(api_key=KEY, base_url="https://nowhere.test/v1", websocket_base_url=url + "/v1")
        options = {"ssl": tls}
        async with client.realtime.connect(model="gpt-realtime", websocket_connection_options=options) as connection:
            await connection.session.update(session={"type": "realtime", "instructions": question})
            found = [await connection.recv()]
            await connection.response.create()
            async for event in connection:
                found.append(event)
                if event.type == "response.done":
                    break
        return [event.model_dump_json() for event in found]

    return asyncio.run(main())


def _responses(url: str, tls: ssl.SSLContext, question: str) -> list[str]:
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(api_key=KEY, base_url="https://nowhere.test/v1", websocket_base_url=url + "/v1")
    if not hasattr(client.responses, "connect"):
        pytest.skip("this openai has no Responses over WebSocket")
    with client.responses.connect(websocket_connection_options={"ssl": tls}) as connection:
        connection.response.create(model="gpt-5", input=question)
        return [connection.recv().model_dump_json() for _ in range(2)]


def _live(url: str, tls: ssl.SSLContext, question: str) -> list[str]:
    genai = pytest.importorskip("google.genai")

    async def main() -> list[str]:
        options = {"base_url": url.replace("wss:", "https:"), "async_client_args": {"ssl": tls}}
        client = genai.Client(api_key="AIza" + KEY, http_options=options)
        async with client.aio.live.connect(model="gemini-live", config={"response_modalities": ["TEXT"]}) as session:
            turn = genai.types.Content(role="user", parts=[genai.types.Part(text=question)])
            await session.send_client_content(turns=turn)
            return [message.model_dump_json() async for message in session.receive()]

    return asyncio.run(main())


SDKS: dict[str, tuple[Callable[[str, ssl.SSLContext, str], list[str]], dict[str, Any]]] = {
    "openai realtime": (_realtime, OPENAI),
    "openai realtime async": (_realtime_async, OPENAI),
    "openai responses": (_responses, RESPONSES),
    "gemini live": (_live, GEMINI),
}


@pytest.fixture(scope="module")
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's, and its clients'."""
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    own, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.issue_cert("localhost").configure_cert(own)
    authority.configure_trust(trusting)
    return own, trusting


@pytest.mark.parametrize(
    "sdk",
    # The import of a second SDK takes a second, and what openai makes of the types of another API too.
    [pytest.param(sdk, marks=() if "realtime" in sdk else pytest.mark.slow) for sdk in SDKS],
)
def test_the_same_objects(sdk: str, contexts: tuple[ssl.SSLContext, ssl.SSLContext], path: Path) -> None:
    ask, answers = SDKS[sdk]
    own, trusting = contexts
    with sockets(own) as server:
        server.answers = answers
        url = server.url
        with use_cassette(path, record_mode="once"):
            live = ask(url, trusting, "Hi in Portuguese?")
    assert "Ol" in "".join(live)
    _check_file(path, url, server)
    # Nobody listens any more.
    with use_cassette(path):
        assert ask(url, trusting, "Hi in Portuguese?") == live
    with pytest.raises(RequestNotRecorded, match="Hi in Klingon") as missed, use_cassette(path):
        ask(url, trusting, "Hi in Klingon?")
    assert missed.value.kind == "json"


def _check_file(path: Path, url: str, server: SocketServer) -> None:
    written = path.read_text()
    assert KEY not in written
    [one] = load(path)
    assert one.request.url.startswith(url)
    assert [frame.json or frame.data.decode() for frame in one.frames if frame.sender == "client"][
        : len(server.heard)
    ] == [text if isinstance(text, str) else text.decode() for text in server.heard]
    for frame in one.frames:
        if frame.sender == "server":
            json.loads(frame.json or frame.data)
