"""SDKs that send through aiohttp: recorded from a server, and replayed with the server gone, the results are equal.

Those that are not installed are skipped.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from faults import streams
from servers.misbehaving import MisbehavingServer

from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.context import use_cassette

pytest.importorskip("aiohttp")
# google-genai's and litellm's own.
pytestmark = pytest.mark.filterwarnings("ignore")
HELLO = [{"role": "user", "content": "hi"}]
EMBEDDED = {
    "object": "list",
    "model": "m-1",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.25, 0.5]}],
    "usage": {"total_tokens": 1, "prompt_tokens": 1},
}


async def openai_plain(url: str) -> Any:
    openai = pytest.importorskip("openai")
    async with openai.AsyncOpenAI(api_key="k", base_url=url, http_client=openai.DefaultAioHttpClient()) as client:
        return await client.chat.completions.create(model="m", messages=HELLO)


async def anthropic_plain(url: str) -> Any:
    anthropic = pytest.importorskip("anthropic")
    http_client = anthropic.DefaultAioHttpClient()
    async with anthropic.AsyncAnthropic(api_key="k", base_url=url, http_client=http_client) as client:
        return await client.messages.create(model="m", messages=HELLO, max_tokens=9)


async def genai_plain(url: str) -> Any:
    genai = pytest.importorskip("google.genai")
    async with genai.Client(api_key="k", http_options={"base_url": url}).aio as client:
        return (await client.models.generate_content(model="m", contents="hi")).text


async def genai_stream(url: str) -> Any:
    genai = pytest.importorskip("google.genai")
    async with genai.Client(api_key="k", http_options={"base_url": url}).aio as client:
        answer = await client.models.generate_content_stream(model="m", contents="hi")
        return [chunk.candidates async for chunk in answer]


async def azure_plain(url: str) -> Any:
    async with _azure(url) as client:
        return (await client.complete(messages=HELLO)).as_dict()


async def azure_stream(url: str) -> Any:
    async with _azure(url) as client:
        return [chunk.as_dict() async for chunk in await client.complete(messages=HELLO, stream=True)]


def _azure(url: str) -> Any:
    inference = pytest.importorskip("azure.ai.inference.aio")
    credentials = pytest.importorskip("azure.core.credentials")
    return inference.ChatCompletionsClient(endpoint=url, credential=credentials.AzureKeyCredential("k"))


async def voyageai_embed(url: str) -> Any:
    voyageai = pytest.importorskip("voyageai")
    return (await voyageai.AsyncClient(api_key="k", base_url=url).embed(["hi"], model="voyage-3")).embeddings


async def litellm_plain(url: str) -> Any:
    litellm = pytest.importorskip("litellm")
    answer = await litellm.acompletion(model="openai/m", api_base=url, api_key="k", messages=HELLO)
    return answer.choices[0].message.content


async def litellm_stream(url: str) -> Any:
    litellm = pytest.importorskip("litellm")
    answer = await litellm.acompletion(model="groq/m", api_base=url, api_key="k", messages=HELLO, stream=True)
    return [chunk.choices[0].delta.content async for chunk in answer]


async def litellm_embed(url: str) -> Any:
    litellm = pytest.importorskip("litellm")
    return (await litellm.aembedding(model="openai/m", api_base=url, api_key="k", input=["hi"])).data


ROWS: list[tuple[Callable[[str], Coroutine[Any, Any, Any]], bytes]] = [
    (openai_plain, streams.document("chat")),
    (anthropic_plain, streams.document("messages")),
    (genai_plain, streams.document("gemini")),
    (genai_stream, streams.gemini()),
    (azure_plain, streams.document("chat")),
    (azure_stream, streams.chat()),
    (voyageai_embed, json.dumps(EMBEDDED).encode()),
    (litellm_plain, streams.document("chat")),
    (litellm_stream, streams.chat()),
    (litellm_embed, json.dumps(EMBEDDED).encode()),
]


@pytest.mark.parametrize(("ask", "body"), ROWS, ids=[ask.__name__ for ask, _ in ROWS])
def test_recorded_and_replayed(ask: Callable[[str], Coroutine[Any, Any, Any]], body: bytes, path: Path) -> None:
    is_stream = body.startswith(b"data: ")
    content_type = "text/event-stream" if is_stream else "application/json"
    with MisbehavingServer() as server:
        url = server.url
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        server.sends = head.encode() + body
        with use_cassette(path, record_mode="once", ignore_hosts=["raw.githubusercontent.com"]):
            live = asyncio.run(ask(url))
    with use_cassette(path, ignore_hosts=["raw.githubusercontent.com"]):
        replayed = asyncio.run(ask(url))
    assert replayed == live
    assert live
    [stored] = load(path)
    assert (stored.response.body, stored.end) == (body, "")
