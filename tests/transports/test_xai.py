"""xAI's own SDK, which speaks gRPC: each of its calls recorded and replayed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.context import use_cassette
from pytest_llmcassette.errors import RequestNotRecorded, RequestRefused
from pytest_llmcassette.provider import Provider

xai_sdk = pytest.importorskip("xai_sdk")

from servers.grok import GrokServer  # noqa: E402
from xai_sdk.chat import tool, user  # noqa: E402
from xai_sdk.proto import embed_pb2, embed_pb2_grpc  # noqa: E402

KEY = "xai-0123456789abcdefghijklmnopqrstuvwxyz"
SECURE = pytest.mark.parametrize("secure", [True, False], ids=["secure", "insecure"])
POLLS = {"timeout": timedelta(seconds=5), "interval": timedelta(milliseconds=5)}


class Person(BaseModel):
    name: str
    age: int


@pytest.fixture
def grok() -> Iterator[GrokServer]:
    with GrokServer() as server:
        yield server


def options(grok: GrokServer, secure: bool, key: str = KEY) -> dict[str, Any]:
    where = {"api_host": grok.secure_target} if secure else {"api_host": grok.target, "use_insecure_channel": True}
    return {"api_key": key, **where}


def chat(client: Any, text: str = "hi", model: str = "grok-4", **settings: Any) -> Any:
    return client.chat.create(model=model, messages=[user(text)], **settings)


def ask(client: Any) -> list[Any]:
    weather = tool("weather", "of a city", {"type": "object"})
    embeds = embed_pb2_grpc.EmbedderStub(client._api_channel)
    return [
        chat(client).sample().proto,
        [(response.content, chunk.content) for response, chunk in chat(client).stream()],
        chat(client).parse(Person)[1],
        chat(client).defer(**POLLS).content,
        chat(client, tools=[weather]).sample().proto,
        client.tokenize.tokenize_text("hello", "grok-4"),
        client.models.list_language_models(),
        client.image.sample("a cat", "grok-image", image_format="base64").base64,
        embeds.Embed(embed_pb2.EmbedRequest(model="grok-embed")),
    ]


async def ask_async(client: Any) -> list[Any]:
    weather = tool("weather", "of a city", {"type": "object"})
    embeds = embed_pb2_grpc.EmbedderStub(client._api_channel)
    return [
        (await chat(client).sample()).proto,
        [(response.content, chunk.content) async for response, chunk in chat(client).stream()],
        (await chat(client).parse(Person))[1],
        (await chat(client).defer(**POLLS)).content,
        (await chat(client, tools=[weather]).sample()).proto,
        await client.tokenize.tokenize_text("hello", "grok-4"),
        await client.models.list_language_models(),
        (await client.image.sample("a cat", "grok-image", image_format="base64")).base64,
        await embeds.Embed(embed_pb2.EmbedRequest(model="grok-embed")),
    ]


@SECURE
def test_sync(secure: bool, grok: GrokServer, path: Path) -> None:
    """With a client that is older than any cassette."""
    client = xai_sdk.Client(**options(grok, secure))
    with use_cassette(path, record_mode="once"):
        live = ask(client)
    grok.stop()
    with use_cassette(path):
        assert ask(client) == live
    assert live[2] == Person(name="Ada", age=36)
    assert grok.keys == [f"Bearer {KEY}"] * len(grok.keys)
    assert KEY.encode() not in path.read_bytes()


@SECURE
def test_async(secure: bool, grok: GrokServer, path: Path) -> None:
    async def run() -> list[Any]:
        client = xai_sdk.AsyncClient(**options(grok, secure))
        try:
            return await ask_async(client)
        finally:
            await client.close()

    with use_cassette(path, record_mode="once"):
        live = asyncio.run(run())
    grok.stop()
    with use_cassette(path):
        assert asyncio.run(run()) == live
    assert KEY.encode() not in path.read_bytes()


def test_what_is_recorded(grok: GrokServer, path: Path) -> None:
    with use_cassette(path, record_mode="once"):
        chat(xai_sdk.Client(**options(grok, secure=True)), temperature=0.7).sample()
    [one] = load(path)
    assert one.request.url == f"https://{grok.secure_target}/xai_api.Chat/GetCompletion"
    assert one.request.body == (
        b'{"messages": [{"content": [{"text": "hi"}], "role": "ROLE_USER"}], "model": "grok-4", "n": 1, '
        b'"temperature": 0.7}'
    )
    assert one.request.headers == {"Content-Type": ["application/grpc"]}
    assert one.frames[0].json.startswith('{"id": "cmpl-1", "outputs": [{"finish_reason": "REASON_STOP", "message": {')
    assert one.response.trailer == {"Grpc-Status": ["0"]}


def test_a_miss_does_not_wait_for_retries(grok: GrokServer, path: Path) -> None:
    client = xai_sdk.Client(**options(grok, secure=True))
    with use_cassette(path, record_mode="once"):
        chat(client).sample()
    with pytest.raises(RequestNotRecorded, match=r'text  recorded: "hi"  sent: "ho"'), use_cassette(path):
        chat(client, "ho").sample()

    async def changed() -> None:
        changing = xai_sdk.AsyncClient(**options(grok, secure=False))
        async for _ in chat(changing, "ho").stream():
            """Nothing comes."""

    with pytest.raises(RequestNotRecorded, match=r'text  recorded: "hi"  sent: "ho"'), use_cassette(path):
        asyncio.run(changed())


def test_the_key_of_a_channel(grok: GrokServer, path: Path) -> None:
    """It is in no metadata of the call: grpc asks for it in a thread of its own when the call is sent."""
    key = Provider("xai", base_url="x", model="m", api_key_env="NOBODYS_KEY").api_key
    with pytest.raises(RequestRefused, match="NOBODYS_KEY"), use_cassette(path, record_mode="once"):
        chat(xai_sdk.Client(**options(grok, True, key), channel_options=[("grpc.enable_retries", 0)])).sample()
    assert grok.asked == []
    unlike_a_key = "nothing-that-looks-like-one"
    with use_cassette(path, record_mode="once"):
        client = xai_sdk.Client(**options(grok, True, unlike_a_key))
        client.tokenize.tokenize_text(f"my key is {unlike_a_key}", "grok-4")
    assert unlike_a_key.encode() not in path.read_bytes()
    assert unlike_a_key.encode() not in load(path)[0].frames[0].data
