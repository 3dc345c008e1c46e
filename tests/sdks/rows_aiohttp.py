"""SDKs over aiohttp: its own sessions, and httpx over them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from faults import streams

from sdks.row import ASYNC, EMBEDDING, HELLO, PLAIN, STREAM, SYNC, Row, document, embedded, http_row, module, staged
from sdks.rows_httpx import (
    BEFORE_1,
    CHAT,
    CHAT_STREAM,
    MESSAGE_STREAM,
    MESSAGES,
    OLD_HUGGINGFACE,
    cohere_rows,
    genai_meaning,
    genai_plain,
    genai_stream,
    huggingface,
)

AIOHTTP = "aiohttp"
_OVER_HTTPX = "httpx-aiohttp"


def _with_aiohttp_client(name: str, kind: str) -> Any:
    def made(url: str) -> Any:
        sdk = module(name)
        return getattr(sdk, kind)(api_key="k", base_url=url, http_client=sdk.DefaultAioHttpClient())

    return made


def _makers() -> Iterator[Row]:
    openai = _with_aiohttp_client("openai", "AsyncOpenAI")
    anthropic = _with_aiohttp_client("anthropic", "AsyncAnthropic")
    for what, stream, chat, message in (
        (PLAIN, False, CHAT, MESSAGES),
        (STREAM, True, CHAT_STREAM, MESSAGE_STREAM),
    ):

        def ask(client: Any, stream: bool = stream) -> Any:
            return client.chat.completions.create(model="m", messages=HELLO, stream=stream)

        def tell(client: Any, stream: bool = stream) -> Any:
            return client.messages.create(model="m", max_tokens=9, messages=HELLO, stream=stream)

        yield http_row(
            "openai with `DefaultAioHttpClient`", ASYNC, what, AIOHTTP, ("openai", AIOHTTP), openai, ask, chat
        )
        yield http_row(
            "anthropic with `DefaultAioHttpClient`",
            ASYNC,
            what,
            AIOHTTP,
            ("anthropic", AIOHTTP),
            anthropic,
            tell,
            message,
        )
        yield http_row("fireworks-ai", ASYNC, what, AIOHTTP, ("fireworks-ai",), _fireworks(ASYNC), ask, chat)
        yield http_row("fireworks-ai", SYNC, what, "httpx", ("fireworks-ai",), _fireworks(SYNC), ask, chat)


def _fireworks(way: str) -> Any:
    def made(url: str) -> Any:
        fireworks = module("fireworks")
        return (fireworks.Fireworks if way == SYNC else fireworks.AsyncFireworks)(api_key="k", base_url=url)

    return made


def _google() -> Iterator[Row]:
    def made(url: str) -> Any:
        return module("google.genai").Client(api_key="k", http_options={"base_url": url}).aio

    for what, ask, body in ((PLAIN, genai_plain, document("gemini")), (STREAM, genai_stream, staged(streams.gemini()))):
        yield http_row(
            "google-genai with aiohttp installed",
            ASYNC,
            what,
            AIOHTTP,
            ("google-genai", AIOHTTP),
            made,
            ask,
            body,
            meaning=genai_meaning,
        )


def _litellm() -> Iterator[Row]:
    """Its functions are the module's own: for a client there is what they are called with."""
    needs = ("litellm",)

    def made(url: str) -> Any:
        return {"model": "openai/m", "api_key": "k", "api_base": url}

    for way, chat, embed, through in (
        (SYNC, "completion", "embedding", "httpx"),
        (ASYNC, "acompletion", "aembedding", AIOHTTP),
    ):
        for what, stream, body in ((PLAIN, False, CHAT), (STREAM, True, CHAT_STREAM)):

            def ask(options: Any, chat: str = chat, stream: bool = stream) -> Any:
                return getattr(module("litellm"), chat)(messages=HELLO, stream=stream, **options)

            yield http_row("litellm", way, what, through, needs, made, ask, body)

        def vector(options: Any, embed: str = embed) -> Any:
            return getattr(module("litellm"), embed)(input=["hi"], **options)

        yield http_row("litellm", way, EMBEDDING, through, needs, made, vector, embedded())


def _azure() -> Iterator[Row]:
    def made(url: str) -> Any:
        key = module("azure.core.credentials").AzureKeyCredential("k")
        return module("azure.ai.inference.aio").ChatCompletionsClient(endpoint=url, credential=key)

    for what, stream, body in ((PLAIN, False, CHAT), (STREAM, True, CHAT_STREAM)):

        def ask(client: Any, stream: bool = stream) -> Any:
            return client.complete(messages=HELLO, stream=stream)

        needs = ("azure-ai-inference", AIOHTTP)
        yield http_row("azure-ai-inference", ASYNC, what, AIOHTTP, needs, made, ask, body)


def _voyageai() -> Iterator[Row]:
    def made(url: str) -> Any:
        return module("voyageai").AsyncClient(api_key="k", base_url=url)

    def ask(client: Any) -> Any:
        return client.embed(["hi"], model="voyage-3")

    yield http_row(
        "voyageai", ASYNC, EMBEDDING, AIOHTTP, ("voyageai",), made, ask, embedded(), meaning=lambda found: vars(found)
    )


def _huggingface() -> Iterator[Row]:
    for what, stream, body in ((PLAIN, False, CHAT), (STREAM, True, CHAT_STREAM)):
        made, ask = huggingface("AsyncInferenceClient", stream)
        yield http_row(OLD_HUGGINGFACE, ASYNC, what, AIOHTTP, (*BEFORE_1, AIOHTTP), made, ask, body)


def _cohere(url: str) -> Any:
    return module("cohere").AsyncClientV2(api_key="k", base_url=url)


def _used_directly() -> Iterator[Row]:
    def made(url: str) -> Any:
        return module(AIOHTTP).ClientSession(url)

    async def plain(session: Any) -> Any:
        async with session.post("/", json={"q": "hi"}) as response:
            return response.status, await response.json()

    async def lines(session: Any) -> AsyncIterator[bytes]:
        async with session.post("/", json={"q": "hi"}) as response:
            async for line in response.content:
                yield line

    yield http_row(AIOHTTP, ASYNC, PLAIN, AIOHTTP, (AIOHTTP,), made, plain, CHAT)
    yield http_row(AIOHTTP, ASYNC, STREAM, AIOHTTP, (AIOHTTP,), made, lines, CHAT_STREAM)


def rows() -> Iterator[Row]:
    """All of them, in the order of the README."""
    yield from _makers()
    yield from _google()
    yield from cohere_rows("cohere with httpx-aiohttp installed", AIOHTTP, _cohere, ASYNC, ("cohere", _OVER_HTTPX))
    yield from _litellm()
    yield from _azure()
    yield from _voyageai()
    yield from _huggingface()
    yield from _used_directly()
