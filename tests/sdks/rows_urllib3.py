"""SDKs over urllib3: requests, and botocore."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import aws_frames

from sdks.row import AWS, EMBEDDING, HELLO, PLAIN, STREAM, SYNC, Body, Row, embedded, http_row, module
from sdks.rows_httpx import BEFORE_1, CHAT, CHAT_STREAM, OLD_HUGGINGFACE, huggingface, langchain_meaning

URLLIB3 = "urllib3"
_WORDS = ("Olá", ", ", "mundo", "!")
_CONVERSE = [
    aws_frames.event("messageStart", {"role": "assistant"}),
    *(aws_frames.event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": word}}) for word in _WORDS),
    aws_frames.event("contentBlockStop", {"contentBlockIndex": 0}),
    aws_frames.event("messageStop", {"stopReason": "end_turn"}),
    aws_frames.event("metadata", {"usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}, "metrics": {}}),
]
_INVOKE = [aws_frames.chunk({"type": "delta", "text": word}) for word in _WORDS]
_CONVERSED = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Olá, mundo!"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7},
    "metrics": {"latencyMs": 5},
}
_ASKED = {"modelId": "m", "messages": [{"role": "user", "content": [{"text": "hi"}]}]}


def _framed(frames: list[bytes]) -> Body:
    return Body(b"".join(frames[:2]), b"".join(frames[2:]), AWS)


def _document(value: Any) -> Body:
    return Body(json.dumps(value).encode())


def _bedrock(url: str) -> Any:
    session = module("boto3").Session(aws_access_key_id="k", aws_secret_access_key="s")
    return session.client("bedrock-runtime", "us-east-1", endpoint_url=url)


def _but_the_head(answer: dict[str, Any]) -> Any:
    """Without the headers, of which a live answer has more; a body is read."""
    return {
        name: value.read() if hasattr(value, "read") else value
        for name, value in answer.items()
        if name != "ResponseMetadata"
    }


def _boto3() -> Iterator[Row]:
    def row(what: str, ask: Callable[[Any], Any], body: Body, meaning: Any = None) -> Row:
        return http_row("boto3", SYNC, what, URLLIB3, ("boto3",), _bedrock, ask, body, meaning=meaning)

    invoked = {"modelId": "m", "body": b"{}"}
    yield row("converse", lambda client: client.converse(**_ASKED), _document(_CONVERSED), _but_the_head)
    yield row("converse_stream", lambda client: client.converse_stream(**_ASKED)["stream"], _framed(_CONVERSE))
    yield row("invoke_model", lambda client: client.invoke_model(**invoked), _document({"text": "Olá"}), _but_the_head)
    yield row(
        "invoke_model_with_response_stream",
        lambda client: client.invoke_model_with_response_stream(**invoked)["body"],
        _framed(_INVOKE),
    )


def _langchain() -> Iterator[Row]:
    def made(url: str) -> Any:
        return module("langchain_aws").ChatBedrockConverse(model="amazon.nova-lite-v1:0", client=_bedrock(url))

    def meaning(message: Any) -> Any:
        told = langchain_meaning(message)
        told["response_metadata"].pop("ResponseMetadata", None)
        return told

    for what, method, body in ((PLAIN, "invoke", _document(_CONVERSED)), (STREAM, "stream", _framed(_CONVERSE))):

        def ask(model: Any, method: str = method) -> Any:
            return getattr(model, method)("hi")

        yield http_row("langchain-aws", SYNC, what, URLLIB3, ("langchain-aws",), made, ask, body, meaning=meaning)


def _azure() -> Iterator[Row]:
    def made(url: str) -> Any:
        key = module("azure.core.credentials").AzureKeyCredential("k")
        return module("azure.ai.inference").ChatCompletionsClient(endpoint=url, credential=key)

    for what, stream, body in ((PLAIN, False, CHAT), (STREAM, True, CHAT_STREAM)):

        def ask(client: Any, stream: bool = stream) -> Any:
            return client.complete(messages=HELLO, stream=stream)

        yield http_row("azure-ai-inference", SYNC, what, URLLIB3, ("azure-ai-inference",), made, ask, body)


def _voyageai() -> Iterator[Row]:
    def made(url: str) -> Any:
        return module("voyageai").Client(api_key="k", base_url=url)

    def ask(client: Any) -> Any:
        return client.embed(["hi"], model="voyage-3")

    yield http_row(
        "voyageai", SYNC, EMBEDDING, URLLIB3, ("voyageai",), made, ask, embedded(), meaning=lambda found: vars(found)
    )


def _huggingface() -> Iterator[Row]:
    for what, stream, body in ((PLAIN, False, CHAT), (STREAM, True, CHAT_STREAM)):
        made, ask = huggingface("InferenceClient", stream)
        yield http_row(OLD_HUGGINGFACE, SYNC, what, URLLIB3, BEFORE_1, made, ask, body)


def _used_directly() -> Iterator[Row]:
    def session(url: str) -> Any:
        made = module("requests").Session()
        made.base = url
        return made

    def plain(session: Any) -> Any:
        response = session.post(session.base, json={"q": "hi"}, timeout=5)
        return response.status_code, response.json()

    def streamed(session: Any) -> Iterator[bytes]:
        with session.post(session.base, json={"q": "hi"}, timeout=5, stream=True) as response:
            yield from response.iter_lines(chunk_size=None)

    yield http_row("requests", SYNC, PLAIN, URLLIB3, ("requests",), session, plain, CHAT)
    yield http_row("requests", SYNC, STREAM, URLLIB3, ("requests",), session, streamed, CHAT_STREAM)

    def pool(url: str) -> Any:
        return module(URLLIB3).connection_from_url(url)

    def posted(pool: Any) -> Any:
        response = pool.request("POST", "/", body=b"{}")
        return response.status, response.data

    def pieces(pool: Any) -> Iterator[bytes]:
        with pool.request("POST", "/", body=b"{}", preload_content=False) as response:
            yield from response

    yield http_row(URLLIB3, SYNC, PLAIN, URLLIB3, (URLLIB3,), pool, posted, CHAT)
    yield http_row(URLLIB3, SYNC, STREAM, URLLIB3, (URLLIB3,), pool, pieces, CHAT_STREAM, meaning=bytes)


def rows() -> Iterator[Row]:
    """All of them, in the order of the README."""
    yield from _boto3()
    yield from _langchain()
    yield from _azure()
    yield from _voyageai()
    yield from _huggingface()
    yield from _used_directly()
