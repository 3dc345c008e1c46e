"""SDKs over httpx and httpx2."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

from faults import streams

from sdks.row import (
    ASYNC,
    EMBEDDING,
    HELLO,
    NDJSON,
    PLAIN,
    STREAM,
    SYNC,
    Body,
    Row,
    document,
    embedded,
    http_row,
    module,
    staged,
)

CHAT, MESSAGES = document("chat"), document("messages")
CHAT_STREAM, MESSAGE_STREAM = staged(streams.chat()), staged(streams.messages())
EMBEDDED = embedded()
BOTH = (SYNC, ASYNC)


def _client(name: str, sync_class: str, async_class: str, way: str, **options: Any) -> Callable[[str], Any]:
    """How to make a client of an SDK whose constructor takes `base_url`."""

    def made(url: str) -> Any:
        return getattr(module(name), sync_class if way == SYNC else async_class)(
            **{"api_key": "k", "base_url": url, **options}
        )

    return made


def _chat(client: Any, *, stream: bool) -> Any:
    return client.chat.completions.create(model="m", messages=HELLO, stream=stream)


def _embed(client: Any) -> Any:
    # Floats on the wire, which the SDK else asks for as base64.
    return client.embeddings.create(model="m", input="hi", encoding_format="float")


def _message(client: Any, *, stream: bool) -> Any:
    return client.messages.create(model="m", max_tokens=9, messages=HELLO, stream=stream)


def _of_openais_shape(
    sdk: str, through: str, name: str, classes: tuple[str, str], needs: str = "", **options: Any
) -> Iterator[Row]:
    """An SDK with `chat.completions.create`."""
    for way in BOTH:
        made = _client(name, *classes, way, **options)
        yield http_row(sdk, way, PLAIN, through, (needs or name,), made, partial(_chat, stream=False), CHAT)
        yield http_row(sdk, way, STREAM, through, (needs or name,), made, partial(_chat, stream=True), CHAT_STREAM)


def _openai() -> Iterator[Row]:
    yield from _of_openais_shape("openai", "httpx2", "openai", ("OpenAI", "AsyncOpenAI"))
    for way in BOTH:
        made = _client("openai", "OpenAI", "AsyncOpenAI", way)
        yield http_row("openai", way, EMBEDDING, "httpx2", ("openai",), made, _embed, EMBEDDED)
        yield http_row(
            "openai",
            way,
            "responses stream",
            "httpx2",
            ("openai",),
            made,
            lambda client: client.responses.create(model="m", input="hi", stream=True),
            staged(streams.responses()),
        )


_AWS: dict[str, Any] = {"api_key": None, "aws_access_key": "k", "aws_secret_key": "s", "aws_region": "us-east-1"}


def _anthropic() -> Iterator[Row]:
    for way in BOTH:
        made = _client("anthropic", "Anthropic", "AsyncAnthropic", way)
        for what, stream, body in ((PLAIN, False, MESSAGES), (STREAM, True, MESSAGE_STREAM)):
            ask = partial(_message, stream=stream)
            yield http_row("anthropic", way, what, "httpx2", ("anthropic",), made, ask, body)
        bedrock = _client("anthropic", "AnthropicBedrock", "AsyncAnthropicBedrock", way, **_AWS)
        needs = ("anthropic", "botocore")
        ask = partial(_message, stream=False)
        yield http_row("anthropic's AnthropicBedrock", way, PLAIN, "httpx2", needs, bedrock, ask, MESSAGES)


def _genai(url: str, way: str) -> Any:
    options: dict[str, Any] = {"base_url": url}
    if way == ASYNC:
        # Else it takes aiohttp where that is installed.
        options["async_client_args"] = {"transport": module("httpx2").AsyncHTTPTransport()}
    client = module("google.genai").Client(api_key="k", http_options=options)
    return client if way == SYNC else client.aio


def genai_meaning(answer: Any) -> Any:
    """All but the headers, which the SDK hands out: those of a live answer have more lines."""
    return answer.model_dump(exclude={"sdk_http_response"})


def genai_stream(client: Any) -> Any:
    return client.models.generate_content_stream(model="m", contents="hi")


def genai_plain(client: Any) -> Any:
    return client.models.generate_content(model="m", contents="hi")


def _google() -> Iterator[Row]:
    for way in BOTH:
        for what, ask, body in (
            (PLAIN, genai_plain, document("gemini")),
            (STREAM, genai_stream, staged(streams.gemini())),
        ):
            made = partial(_genai, way=way)
            yield http_row(
                "google-genai", way, what, "httpx2", ("google-genai",), made, ask, body, meaning=genai_meaning
            )


def _mistral(url: str) -> Any:
    return module("mistralai.client").Mistral(api_key="k", server_url=url)


def _mistralai() -> Iterator[Row]:
    for way, what, method, body in (
        (SYNC, PLAIN, "complete", CHAT),
        (SYNC, STREAM, "stream", staged(streams.mistral())),
        (ASYNC, PLAIN, "complete_async", CHAT),
        (ASYNC, STREAM, "stream_async", staged(streams.mistral())),
    ):

        def ask(client: Any, method: str = method) -> Any:
            return getattr(client.chat, method)(model="m", messages=HELLO)

        yield http_row("mistralai", way, what, "httpx2", ("mistralai",), _mistral, ask, body)


def _cohere(url: str, way: str) -> Any:
    cohere = module("cohere")
    if way == SYNC:
        return cohere.ClientV2(api_key="k", base_url=url)
    # Its own is one on aiohttp wherever httpx-aiohttp is installed.
    return cohere.AsyncClientV2(api_key="k", base_url=url, httpx_client=module("httpx").AsyncClient())


def cohere_rows(
    sdk: str, through: str, made: Callable[[str], Any], way: str, needs: tuple[str, ...] = ("cohere",)
) -> Iterator[Row]:
    """Both kinds of answer."""
    yield http_row(
        sdk,
        way,
        PLAIN,
        through,
        needs,
        made,
        lambda client: client.chat(model="m", messages=HELLO),
        document("cohere"),
    )
    yield http_row(
        sdk,
        way,
        STREAM,
        through,
        needs,
        made,
        lambda client: client.chat_stream(model="m", messages=HELLO),
        staged(streams.cohere()),
    )


def _ollama() -> Iterator[Row]:
    for way in BOTH:

        def made(url: str, way: str = way) -> Any:
            ollama = module("ollama")
            return (ollama.Client if way == SYNC else ollama.AsyncClient)(host=url)

        for what, stream, body in (
            (PLAIN, False, document("ollama")),
            (STREAM, True, staged(streams.ollama(), NDJSON, b"\n")),
        ):

            def ask(client: Any, stream: bool = stream) -> Any:
                return client.chat(model="m", messages=HELLO, stream=stream)

            yield http_row("ollama", way, what, "httpx", ("ollama",), made, ask, body)


PREDICTION = {
    "id": "p",
    "model": "o/m",
    "version": "v",
    "status": "succeeded",
    "input": {},
    "output": ["Olá"],
    "urls": {"get": "{url}/p", "cancel": "{url}/c", "stream": "{url}/s"},
}


def _replicate() -> Iterator[Row]:
    prediction = Body(json.dumps(PREDICTION).encode())
    events = b"".join(b"event: output\nid: %d\ndata: %d\n\n" % (n, n) for n in range(4))
    stream = staged(events + b"event: done\nid: 9\ndata: {}\n\n")
    needs = ("replicate",)

    def made(url: str) -> Any:
        return module("replicate").Client(api_token="k", base_url=url)

    def words(event: Any) -> Any:
        return str(event)

    async def astream(client: Any) -> AsyncIterator[Any]:
        async for event in await client.async_stream("o/m", input={}):
            yield event

    def run(client: Any) -> Any:
        return client.run("o/m", input={})

    def arun(client: Any) -> Any:
        return client.async_run("o/m", input={})

    yield http_row("replicate", SYNC, PLAIN, "httpx", needs, made, run, prediction)
    yield http_row("replicate", ASYNC, PLAIN, "httpx", needs, made, arun, prediction)
    yield http_row(
        "replicate",
        SYNC,
        STREAM,
        "httpx",
        needs,
        made,
        lambda client: client.stream("o/m", input={}),
        prediction,
        stream,
        meaning=words,
    )
    yield http_row("replicate", ASYNC, STREAM, "httpx", needs, made, astream, prediction, stream, meaning=words)


def _openrouter() -> Iterator[Row]:
    fingerprinted = Body(json.dumps({**streams.DOCUMENTS["chat"], "system_fingerprint": "f"}).encode())
    for way, method in ((SYNC, "send"), (ASYNC, "send_async")):
        for what, stream, body in ((PLAIN, False, fingerprinted), (STREAM, True, CHAT_STREAM)):

            def made(url: str) -> Any:
                return module("openrouter").OpenRouter(api_key="k", server_url=url)

            def ask(client: Any, method: str = method, stream: bool = stream) -> Any:
                return getattr(client.chat, method)(model="m", messages=HELLO, stream=stream)

            yield http_row("openrouter", way, what, "httpx", ("openrouter",), made, ask, body)


OLD_HUGGINGFACE, BEFORE_1 = "huggingface_hub before 1", ("huggingface_hub<1",)


def huggingface(kind: str, stream: bool) -> tuple[Callable[[str], Any], Callable[[Any], Any]]:
    """How to make a client and to ask it, before and since version 1."""

    def made(url: str) -> Any:
        return getattr(module("huggingface_hub"), kind)(base_url=url, api_key="k")

    def ask(client: Any) -> Any:
        return client.chat_completion(HELLO, model="m", stream=stream)

    return made, ask


def _huggingface() -> Iterator[Row]:
    for way, kind in ((SYNC, "InferenceClient"), (ASYNC, "AsyncInferenceClient")):
        for what, stream, body in ((PLAIN, False, CHAT), (STREAM, True, CHAT_STREAM)):
            made, ask = huggingface(kind, stream)
            yield http_row("huggingface_hub", way, what, "httpx2", ("huggingface_hub>=1",), made, ask, body)


def langchain_meaning(message: Any) -> Any:
    """Without the ids that it makes up."""
    return message.model_dump(exclude={"id"})


def _langchain() -> Iterator[Row]:
    def made(url: str) -> Any:
        return module("langchain_openai").ChatOpenAI(model="m", base_url=url, api_key="k")

    for way, what, method, body in (
        (SYNC, PLAIN, "invoke", CHAT),
        (SYNC, STREAM, "stream", CHAT_STREAM),
        (ASYNC, PLAIN, "ainvoke", CHAT),
        (ASYNC, STREAM, "astream", CHAT_STREAM),
    ):

        def ask(model: Any, method: str = method) -> Any:
            return getattr(model, method)("hi")

        yield http_row(
            "langchain-openai",
            way,
            what,
            "httpx2",
            ("langchain-openai",),
            made,
            ask,
            body,
            meaning=langchain_meaning,
        )


def _pydantic_ai() -> Iterator[Row]:
    needs = ("pydantic-ai-slim", "openai")

    def made(url: str) -> Any:
        provider = module("pydantic_ai.providers.openai").OpenAIProvider(base_url=url, api_key="k")
        model = module("pydantic_ai.models.openai").OpenAIChatModel("m", provider=provider)
        return module("pydantic_ai").Agent(model)

    async def streamed(agent: Any) -> AsyncIterator[str]:
        async with agent.run_stream("hi") as result:
            async for piece in result.stream_text(delta=True, debounce_by=None):
                yield piece

    def result(answer: Any) -> Any:
        return answer.output, str(answer.usage)

    words = [*streams.chat().split(b"\n\n")[:5], *streams.chat().split(b"\n\n")[-4:]]
    stream = staged(b"\n\n".join(words))
    yield http_row(
        "pydantic-ai", SYNC, PLAIN, "httpx2", needs, made, lambda agent: agent.run_sync("hi"), CHAT, meaning=result
    )
    yield http_row(
        "pydantic-ai", ASYNC, PLAIN, "httpx2", needs, made, lambda agent: agent.run("hi"), CHAT, meaning=result
    )
    yield http_row("pydantic-ai", ASYNC, STREAM, "httpx2", needs, made, streamed, stream)


def _used_directly() -> Iterator[Row]:
    """The clients themselves."""
    for name in ("httpx", "httpx2"):

        def post(client: Any) -> Any:
            return client.post("/", json={"q": "hi"})

        def streamed(client: Any) -> Iterator[bytes]:
            with client.stream("POST", "/", json={"q": "hi"}) as response:
                yield from response.iter_lines()

        async def astreamed(client: Any) -> AsyncIterator[str]:
            async with client.stream("POST", "/", json={"q": "hi"}) as response:
                async for line in response.aiter_lines():
                    yield line

        for way, kind, lines in ((SYNC, "Client", streamed), (ASYNC, "AsyncClient", astreamed)):

            def made(url: str, name: str = name, kind: str = kind) -> Any:
                return getattr(module(name), kind)(base_url=url)

            def answer(response: Any) -> Any:
                return response.status_code, response.json()

            yield http_row(name, way, PLAIN, name, (name,), made, post, CHAT, meaning=answer)
            yield http_row(name, way, STREAM, name, (name,), made, lines, CHAT_STREAM)


def rows() -> Iterator[Row]:
    """All of them, in the order of the README."""
    yield from _openai()
    yield from _anthropic()
    yield from _google()
    yield from _mistralai()
    yield from _huggingface()
    yield from _langchain()
    yield from _pydantic_ai()
    yield from _of_openais_shape("groq", "httpx", "groq", ("Groq", "AsyncGroq"))
    yield from _of_openais_shape("together", "httpx", "together", ("Together", "AsyncTogether"))
    yield from _of_openais_shape(
        "cerebras",
        "httpx",
        "cerebras.cloud.sdk",
        ("Cerebras", "AsyncCerebras"),
        "cerebras-cloud-sdk",
        warm_tcp_connection=False,
    )
    yield from _openrouter()
    yield from _ollama()
    yield from _replicate()
    for way in BOTH:
        yield from cohere_rows("cohere", "httpx", partial(_cohere, way=way), way)
    yield from _used_directly()
