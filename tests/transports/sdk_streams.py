"""One recorded stream, read by the official SDK of its API: all that the SDK makes of it, in the order it came."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache
from typing import Any

from transports.clients import run_async

ASKED: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
_INPUT = {"model": "m", "input": "hi"}
URL = "http://127.0.0.1:1"


LOOPS = ("sync", "asyncio", "trio")
AIOHTTP = "aiohttp"
"""asyncio, through the SDK's client over aiohttp."""


def read(loop: str, protocol: str, provider: str) -> list[Any]:
    """What the SDK yields, and the message that it puts together where it does so itself; its error where it fails."""
    key = _key(protocol, provider)
    if loop == "sync":
        return _told(_SYNC[key]())
    found: list[Any] = []
    ask = (ON_AIOHTTP if loop == AIOHTTP else _ASYNC)[key]

    async def collect() -> None:
        try:
            async for event in ask():
                found.append(_plain(event))
        except Exception as error:
            found.append(_failed(error))

    run_async(loop, collect)
    return found


def can_read(loop: str, protocol: str, provider: str) -> bool:
    """Whether the SDK has a client for this loop that a cassette serves."""
    key = _key(protocol, provider)
    if loop == AIOHTTP:
        return key in ON_AIOHTTP
    return loop == "sync" or (key in _ASYNC and (loop == "asyncio" or key not in _ASYNCIO_ONLY))


def _key(protocol: str, provider: str) -> str:
    if protocol == "openai.chat" and provider == "groq":
        return "groq"
    if protocol == "anthropic.messages" and provider == "bedrock":
        return "anthropic.bedrock"
    return protocol


def _told(events: Iterator[Any]) -> list[Any]:
    found: list[Any] = []
    try:
        for event in events:
            found.append(_plain(event))
    except Exception as error:
        found.append(_failed(error))
    return found


def _plain(event: Any) -> Any:
    return event.model_dump(warnings=False) if hasattr(event, "model_dump") else event


def _failed(error: Exception) -> tuple[str, str]:
    return type(error).__name__, str(error)


@cache
def _sdk(make: Callable[[], Any]) -> Any:
    return make()


def _openai() -> Any:
    import openai

    return openai.OpenAI(api_key="k", base_url=URL, max_retries=0)


def _anthropic() -> Any:
    import anthropic

    return anthropic.Anthropic(api_key="k", base_url=URL, max_retries=0)


def _anthropic_bedrock() -> Any:
    import anthropic

    return anthropic.AnthropicBedrock(
        aws_access_key="k", aws_secret_key="s", aws_region="us-east-1", base_url=URL, max_retries=0
    )


def _gemini() -> Any:
    from google import genai

    return genai.Client(api_key="k", http_options={"base_url": URL})


def _mistral() -> Any:
    from mistralai.client import Mistral

    return Mistral(api_key="k", server_url=URL)


def _cohere() -> Any:
    import cohere

    return cohere.ClientV2(api_key="k", base_url=URL)


def _groq() -> Any:
    import groq

    return groq.Groq(api_key="k", base_url=URL, max_retries=0)


def _ollama() -> Any:
    import ollama

    return ollama.Client(host=URL)


def _messages(client: Any) -> Iterator[Any]:
    with client.messages.stream(max_tokens=9, **ASKED) as stream:
        yield from stream
        yield stream.get_final_message()


def _boto3() -> Any:
    import boto3

    keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s"}
    return boto3.Session(**keys).client("bedrock-runtime", "us-east-1", endpoint_url=URL)


def _converse() -> Any:
    return _sdk(_boto3).converse_stream(modelId="m", messages=[{"role": "user", "content": [{"text": "hi"}]}])["stream"]


def _invoke() -> Any:
    return _sdk(_boto3).invoke_model_with_response_stream(modelId="m", body=b"{}")["body"]


_SYNC: dict[str, Callable[[], Iterator[Any]]] = {
    "openai.chat": lambda: _sdk(_openai).chat.completions.create(stream=True, **ASKED),
    "openai.completions": lambda: _sdk(_openai).completions.create(model="m", prompt="hi", stream=True),
    "openai.responses": lambda: _sdk(_openai).responses.create(model="m", input="hi", stream=True),
    "groq": lambda: _sdk(_groq).chat.completions.create(stream=True, **ASKED),
    "anthropic.messages": lambda: _messages(_sdk(_anthropic)),
    "anthropic.bedrock": lambda: _messages(_sdk(_anthropic_bedrock)),
    "gemini.generate_content": lambda: _sdk(_gemini).models.generate_content_stream(model="m", contents="hi"),
    "mistral.chat": lambda: _sdk(_mistral).chat.stream(**ASKED),
    "cohere.chat": lambda: _sdk(_cohere).chat_stream(**ASKED),
    "ollama.chat": lambda: _sdk(_ollama).chat(stream=True, **ASKED),
    "ollama.generate": lambda: _sdk(_ollama).generate("m", "hi", stream=True),
    "bedrock.converse": _converse,
    "bedrock.invoke_model": _invoke,
}


async def _aopenai(method: str, asked: dict[str, Any], **options: Any) -> AsyncIterator[Any]:
    import openai

    async with openai.AsyncOpenAI(api_key="k", base_url=URL, max_retries=0, **options) as client:
        create = client.responses.create if method == "responses" else client.chat.completions.create
        async for event in await create(stream=True, **asked):
            yield event


async def _agroq() -> AsyncIterator[Any]:
    import groq

    async with groq.AsyncGroq(api_key="k", base_url=URL, max_retries=0) as client:
        async for event in await client.chat.completions.create(stream=True, **ASKED):
            yield event


async def _aanthropic(client: Any) -> AsyncIterator[Any]:
    async with client, client.messages.stream(max_tokens=9, **ASKED) as stream:
        async for event in stream:
            yield event
        yield await stream.get_final_message()


def _aanthropic_plain(**options: Any) -> AsyncIterator[Any]:
    import anthropic

    return _aanthropic(anthropic.AsyncAnthropic(api_key="k", base_url=URL, max_retries=0, **options))


def _aanthropic_bedrock() -> AsyncIterator[Any]:
    import anthropic

    keys: dict[str, Any] = {"aws_access_key": "k", "aws_secret_key": "s", "aws_region": "us-east-1"}
    return _aanthropic(anthropic.AsyncAnthropicBedrock(**keys, base_url=URL, max_retries=0))


async def _amistral() -> AsyncIterator[Any]:
    from mistralai.client import Mistral

    async with Mistral(api_key="k", server_url=URL) as client:
        async for event in await client.chat.stream_async(**ASKED):
            yield event


async def _acohere() -> AsyncIterator[Any]:
    import cohere

    async with cohere.AsyncClientV2(api_key="k", base_url=URL) as client:
        async for event in client.chat_stream(**ASKED):
            yield event


async def _agemini() -> AsyncIterator[Any]:
    """google-genai takes aiohttp where that is installed."""
    from google import genai

    async with genai.Client(api_key="k", http_options={"base_url": URL}).aio as client:
        async for event in await client.models.generate_content_stream(model="m", contents="hi"):
            yield event


def _over_aiohttp(sdk: str) -> Any:
    from importlib import import_module

    return import_module(sdk).DefaultAioHttpClient()


async def _aollama(generates: bool) -> AsyncIterator[Any]:
    import ollama

    client = ollama.AsyncClient(host=URL)
    asked = client.generate("m", "hi", stream=True) if generates else client.chat(stream=True, **ASKED)
    async for event in await asked:
        yield event


_ASYNC: dict[str, Callable[[], AsyncIterator[Any]]] = {
    "openai.chat": lambda: _aopenai("chat", ASKED),
    "openai.responses": lambda: _aopenai("responses", _INPUT),
    "groq": _agroq,
    "anthropic.messages": _aanthropic_plain,
    "anthropic.bedrock": _aanthropic_bedrock,
    "mistral.chat": _amistral,
    "cohere.chat": _acohere,
    "ollama.chat": lambda: _aollama(generates=False),
    "ollama.generate": lambda: _aollama(generates=True),
}
ON_AIOHTTP: dict[str, Callable[[], AsyncIterator[Any]]] = {
    "openai.chat": lambda: _aopenai("chat", ASKED, http_client=_over_aiohttp("openai")),
    "openai.responses": lambda: _aopenai("responses", _INPUT, http_client=_over_aiohttp("openai")),
    "anthropic.messages": lambda: _aanthropic_plain(http_client=_over_aiohttp("anthropic")),
    "gemini.generate_content": _agemini,
}

_ASYNCIO_ONLY = frozenset({"cohere.chat", "mistral.chat"})
