"""The official SDKs: each streams one answer to its end, sync or async, and tries only once."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from typing import Any, NamedTuple

from faults import streams

HELLO = [{"role": "user", "content": "hi"}]
SSE = "text/event-stream; charset=utf-8"


class Sdk(NamedTuple):
    """`made(base, timeout, is_async)` is a client, `pool(client)` what it sends with, `ask(client)` its stream.

    `words(chunk)` are those of one chunk of the stream.
    """

    name: str
    body: bytes
    made: Callable[[str, float, bool], Any]
    http: Callable[[Any, bool], Any]
    ask: Callable[[Any], Any]
    words: Callable[[Any], str]
    content_type: str = SSE
    is_stream: bool = True


def _openai(base: str, timeout: float, is_async: bool) -> Any:
    import openai

    kind = openai.AsyncOpenAI if is_async else openai.OpenAI
    return kind(api_key="k", base_url=base + "/v1", max_retries=0, timeout=timeout)


def _groq(base: str, timeout: float, is_async: bool) -> Any:
    import groq

    kind = groq.AsyncGroq if is_async else groq.Groq
    return kind(api_key="k", base_url=base, max_retries=0, timeout=timeout)


def _anthropic(base: str, timeout: float, is_async: bool) -> Any:
    import anthropic

    kind = anthropic.AsyncAnthropic if is_async else anthropic.Anthropic
    return kind(api_key="k", base_url=base, max_retries=0, timeout=timeout)


@cache
def _trusted() -> ssl.SSLContext:
    """One for all: to make it takes longer than the rest of a client."""
    return ssl.create_default_context()


def _genai(base: str, timeout: float, is_async: bool) -> Any:
    import httpx
    from google import genai
    from google.genai import types

    options = types.HttpOptions(
        base_url=base,
        timeout=int(timeout * 1000),
        retry_options=types.HttpRetryOptions(attempts=1),
        # Else it takes aiohttp where that is installed.
        async_client_args={"transport": httpx.AsyncHTTPTransport(verify=_trusted())},
        client_args={"verify": _trusted()},
    )
    client = genai.Client(api_key="k", http_options=options)
    return client.aio if is_async else client


def _mistral(base: str, timeout: float, is_async: bool) -> Any:
    from mistralai.client import Mistral

    return Mistral(api_key="k", server_url=base, timeout_ms=int(timeout * 1000))


def _cohere(base: str, timeout: float, is_async: bool) -> Any:
    import cohere
    import httpx

    if not is_async:
        return cohere.ClientV2(api_key="k", base_url=base, timeout=timeout)
    # Its own is one on aiohttp wherever httpx-aiohttp is installed.
    client = httpx.AsyncClient(timeout=timeout, follow_redirects=True)
    return cohere.AsyncClientV2(api_key="k", base_url=base, timeout=timeout, httpx_client=client)


def _ollama(base: str, timeout: float, is_async: bool) -> Any:
    import ollama

    kind = ollama.AsyncClient if is_async else ollama.Client
    return kind(host=base, timeout=timeout)


def _own(client: Any, is_async: bool) -> Any:
    return client._client


def _genai_http(client: Any, is_async: bool) -> Any:
    api = client._api_client
    return api._async_httpx_client if is_async else api._httpx_client


def _mistral_http(client: Any, is_async: bool) -> Any:
    configured = client.sdk_configuration
    return configured.async_client if is_async else configured.client


def _cohere_http(client: Any, is_async: bool) -> Any:
    return client._client_wrapper.httpx_client.httpx_client


def _chat_words(chunk: Any) -> str:
    return (chunk.choices[0].delta.content or "") if chunk.choices else ""


def _message_words(event: Any) -> str:
    return getattr(event.delta, "text", "") if event.type == "content_block_delta" else ""


def _response_words(event: Any) -> str:
    return event.delta if event.type == "response.output_text.delta" else ""


def _cohere_words(event: Any) -> str:
    return event.delta.message.content.text if event.type == "content-delta" else ""


def _chat(client: Any) -> Any:
    return client.chat.completions.create(model="m", messages=HELLO, stream=True)


_QUIET = {"max_retries": 0}

SDKS = {
    sdk.name: sdk
    for sdk in (
        Sdk("openai", streams.chat(), _openai, _own, _chat, _chat_words),
        Sdk(
            "openai responses",
            streams.responses(),
            _openai,
            _own,
            lambda client: client.responses.create(model="m", input="hi", stream=True),
            _response_words,
        ),
        Sdk(
            "anthropic",
            streams.messages(),
            _anthropic,
            _own,
            lambda client: client.messages.create(model="m", max_tokens=9, messages=HELLO, stream=True),
            _message_words,
        ),
        Sdk(
            "google-genai",
            streams.gemini(),
            _genai,
            _genai_http,
            lambda client: client.models.generate_content_stream(model="m", contents="hi"),
            lambda chunk: chunk.text or "",
        ),
        Sdk(
            "mistralai",
            streams.mistral(),
            _mistral,
            _mistral_http,
            lambda client: client.chat.stream(model="m", messages=HELLO),
            lambda event: _chat_words(event.data),
        ),
        Sdk(
            "cohere",
            streams.cohere(),
            _cohere,
            _cohere_http,
            lambda client: client.chat_stream(model="m", messages=HELLO, request_options=_QUIET),
            _cohere_words,
        ),
        Sdk("groq", streams.chat(), _groq, _own, _chat, _chat_words),
        Sdk(
            "ollama",
            streams.ollama(),
            _ollama,
            _own,
            lambda client: client.chat(model="m", messages=HELLO, stream=True),
            lambda part: part.message.content or "",
            "application/x-ndjson",
        ),
    )
}


def _plain(name: str, body: bytes, ask: Callable[[Any], Any], words: Callable[[Any], str]) -> Sdk:
    of = SDKS[name]
    return of._replace(body=body, ask=ask, words=words, content_type="application/json", is_stream=False)


PLAIN = {
    sdk.name: sdk
    for sdk in (
        _plain(
            "openai",
            streams.document("chat"),
            lambda client: client.chat.completions.create(model="m", messages=HELLO),
            lambda answer: answer.choices[0].message.content,
        ),
        _plain(
            "openai responses",
            streams.document("responses"),
            lambda client: client.responses.create(model="m", input="hi"),
            lambda answer: answer.output_text,
        ),
        _plain(
            "anthropic",
            streams.document("messages"),
            lambda client: client.messages.create(model="m", max_tokens=9, messages=HELLO),
            lambda answer: answer.content[0].text,
        ),
        _plain(
            "google-genai",
            streams.document("gemini"),
            lambda client: client.models.generate_content(model="m", contents="hi"),
            lambda answer: answer.text or "",
        ),
        _plain(
            "mistralai",
            streams.document("chat"),
            lambda client: client.chat.complete(model="m", messages=HELLO),
            lambda answer: answer.choices[0].message.content,
        ),
        _plain(
            "cohere",
            streams.document("cohere"),
            lambda client: client.chat(model="m", messages=HELLO, request_options=_QUIET),
            lambda answer: answer.message.content[0].text,
        ),
        _plain(
            "groq",
            streams.document("chat"),
            lambda client: client.chat.completions.create(model="m", messages=HELLO),
            lambda answer: answer.choices[0].message.content,
        ),
        _plain(
            "ollama",
            streams.document("ollama"),
            lambda client: client.chat(model="m", messages=HELLO),
            lambda answer: answer.message.content or "",
        ),
    )
}
"""The same, asked for an answer in one document."""


def outcome(sdk: Sdk, base: str, *, is_async: bool, timeout: float = 30.0, hold: str = "") -> tuple[str, str]:
    """How it ends, and the words that came: `OK`, or the exception's class and its status.

    `hold`: a URL that never answers, which takes the pool's only connection before.
    """
    words: list[str] = []
    try:
        if is_async:
            asyncio.run(_stream_async(sdk, base, timeout, hold, words))
        else:
            _stream(sdk, base, timeout, hold, words)
    except Exception as error:
        return _named(error), "".join(words)
    return "OK", "".join(words)


def _named(error: Exception) -> str:
    kind = type(error)
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    home = kind.__module__.partition(".")[0]
    name = kind.__name__ if home == "builtins" else f"{home}.{kind.__name__}"
    return f"{name} {status}" if isinstance(status, int) and status > 0 else name


def _stream(sdk: Sdk, base: str, timeout: float, hold: str, words: list[str]) -> None:
    client = sdk.made(base, timeout, False)
    http = sdk.http(client, False)
    try:
        with _held(http, hold):
            answer = sdk.ask(client)
            for chunk in answer if sdk.is_stream else [answer]:
                words.append(sdk.words(chunk))
    finally:
        http.close()


async def _stream_async(sdk: Sdk, base: str, timeout: float, hold: str, words: list[str]) -> None:
    client = sdk.made(base, timeout, True)
    http = sdk.http(client, True)
    if sdk.name == "mistralai":
        ask = client.chat.stream_async if sdk.is_stream else client.chat.complete_async
        made = ask(model="m", messages=HELLO)
    else:
        made = sdk.ask(client)
    try:
        async with _held_async(http, hold):
            answer = await made if hasattr(made, "__await__") else made
            if not sdk.is_stream:
                words.append(sdk.words(answer))
                return
            async for chunk in answer:
                words.append(sdk.words(chunk))
    finally:
        await http.aclose()


@contextmanager
def _held(http: Any, url: str) -> Iterator[None]:
    if not url:
        yield
        return
    http._transport._pool._max_connections = 1
    with http.stream("GET", url):
        yield


@asynccontextmanager
async def _held_async(http: Any, url: str) -> AsyncIterator[None]:
    if not url:
        yield
        return
    http._transport._pool._max_connections = 1
    async with http.stream("GET", url):
        yield
