"""The real SDKs, recorded live and replayed: openai and anthropic, sync, asyncio, trio, and on aiohttp."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from servers.hostile import HostileServer

from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.context import use_cassette
from pytest_llmcassette.errors import RequestNotRecorded
from transports.clients import run_async

Ask = Callable[..., str]
WAYS = ("sync", "asyncio", "trio", "aiohttp")
TEXT = "Olá, mundo!"


def each(*quick: str) -> pytest.MarkDecorator:
    """The test with each SDK in each of the `WAYS`; those that are not `quick` in the slow part.

    Both SDKs are made by the same generator, and the import of a second one takes two seconds.
    """
    kinds = [f"{sdk}-{way}" for sdk in ("openai", "anthropic") for way in WAYS]
    marks = {kind: () if kind.removeprefix("openai-") in quick else pytest.mark.slow for kind in kinds}
    return pytest.mark.parametrize("kind", [pytest.param(kind, marks=marks[kind]) for kind in kinds])


def chat(model: str, question: str) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": question}], "stream": True}


def ask(kind: str, server: HostileServer, *, model: str = "gpt-test", question: str = "hi", **options: Any) -> str:
    """The streamed answer, piece by piece joined."""
    import openai

    if kind == "openai-sync":
        with openai.OpenAI(api_key="k", base_url=server.url + "/v1", **options) as client:
            return "".join(_words(client.chat.completions.create(**chat(model, question))))
    if kind == "anthropic-sync":
        import anthropic

        with anthropic.Anthropic(api_key="k", base_url=server.url, **options) as anthropic_client:
            return "".join(_deltas(anthropic_client.messages.create(max_tokens=9, **chat(model, question))))
    return run_async(kind, lambda: aask(kind, server, model=model, question=question, **options))  # type: ignore[no-any-return]


async def aask(
    kind: str, server: HostileServer, *, model: str = "gpt-test", question: str = "hi", **options: Any
) -> str:
    import openai

    if kind.endswith("aiohttp"):
        pytest.importorskip("aiohttp")
        options["http_client"] = import_module(kind.partition("-")[0]).DefaultAioHttpClient()
    if kind.startswith("openai"):
        async with openai.AsyncOpenAI(api_key="k", base_url=server.url + "/v1", **options) as client:
            stream = await client.chat.completions.create(**chat(model, question))
            return "".join(_words([chunk async for chunk in stream]))
    import anthropic

    async with anthropic.AsyncAnthropic(api_key="k", base_url=server.url, **options) as anthropic_client:
        events = await anthropic_client.messages.create(max_tokens=9, **chat(model, question))
        return "".join(_deltas([event async for event in events]))


def _words(chunks: Any) -> Iterator[str]:
    for chunk in chunks:
        yield chunk.choices[0].delta.content or ""


def _deltas(events: Any) -> Iterator[str]:
    for event in events:
        if event.type == "content_block_delta":
            yield event.delta.text


@each(*WAYS)
def test_stream_is_recorded_whole_and_replayed(kind: str, server: HostileServer, path: Path) -> None:
    with use_cassette(path, record_mode="once") as live:
        assert ask(kind, server) == TEXT
    with use_cassette(path) as replayed:
        assert ask(kind, server) == TEXT
    assert len(server.bodies) == 1
    [stored] = load(path)
    assert stored.end == "", "a stream that was read to its protocol's end is complete"
    assert live.transcript == replayed.transcript
    assert live.transcript.text == TEXT
    assert live.transcript.complete
    assert "Authorization" not in stored.request.headers
    assert "X-Api-Key" not in stored.request.headers


@each("sync", "asyncio")
def test_retried_429_is_left_out(kind: str, server: HostileServer, path: Path) -> None:
    with use_cassette(path, record_mode="once") as live:
        assert ask(kind, server, model="flaky") == TEXT
    assert len(server.bodies) == 2
    assert [one.response.code for one in load(path)] == [200]
    with use_cassette(path) as replayed:
        assert ask(kind, server, model="flaky") == TEXT
    assert len(live.requests) == len(replayed.requests) == 1


@each("trio", "aiohttp")
def test_error_that_every_retry_meets(kind: str, server: HostileServer, path: Path) -> None:
    error: Any = import_module(kind.partition("-")[0]).RateLimitError
    with use_cassette(path, record_mode="once"), pytest.raises(error):
        ask(kind, server, model="broke")
    assert len(server.bodies) == 3
    started = time.perf_counter()
    with use_cassette(path) as cassette, pytest.raises(error, match="no money"):
        ask(kind, server, model="broke", max_retries=4)
    assert time.perf_counter() - started < 0.4, "replay does not wait out the server's retry-after, nor a back-off"
    assert len(cassette.requests) == 1


@each("sync", "trio")
def test_reset_in_mid_stream_is_the_sdks_own_error(kind: str, server: HostileServer, path: Path) -> None:
    def outcome() -> type[BaseException]:
        with pytest.raises(Exception) as caught:
            ask(kind, server, model="torn")
        return type(caught.value)

    with use_cassette(path, record_mode="once"):
        live = outcome()
    assert load(path)[0].end == "ReadError"
    with use_cassette(path):
        assert outcome() is live


@each("asyncio", "aiohttp")
def test_connection_error_is_the_sdks_own(kind: str, path: Path) -> None:
    class Nowhere:
        url = "http://127.0.0.1:1"

    error: Any = import_module(kind.partition("-")[0]).APIConnectionError
    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode), pytest.raises(error):
            ask(kind, Nowhere(), max_retries=0)  # type: ignore[arg-type]
    assert [(one.response.code, one.end) for one in load(path)] == [(0, "ConnectError")]


@each(*WAYS)
def test_miss_is_neither_wrapped_nor_retried(kind: str, server: HostileServer, path: Path) -> None:
    with use_cassette(path, record_mode="once"):
        ask(kind, server)
    with (
        pytest.raises(RequestNotRecorded, match="something else"),
        use_cassette(path, allow_unplayed=True) as cassette,
    ):
        ask(kind, server, question="something else")
    assert len(cassette.requests) == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["openai-asyncio", "openai-aiohttp"])
def test_twenty_concurrent_tasks(kind: str, server: HostileServer, path: Path) -> None:
    async def main() -> list[str]:
        return await asyncio.gather(*(aask(kind, server, question=f"question {number}") for number in range(20)))

    with use_cassette(path, record_mode="once"):
        assert asyncio.run(main()) == [TEXT] * 20
    assert len(load(path)) == 20
    with use_cassette(path) as cassette:
        assert asyncio.run(main()) == [TEXT] * 20
    assert len({sent.body for sent in cassette.requests}) == 20


def test_twenty_concurrent_threads_keep_the_order_of_their_starts(server: HostileServer, path: Path) -> None:
    import openai

    client = openai.OpenAI(api_key="k", base_url=server.url + "/v1")
    started: list[int] = []
    lock = threading.Lock()

    def one(number: int) -> str:
        with lock:
            started.append(number)
            stream = client.chat.completions.create(**chat("gpt-test", f"question {number}"))
        return "".join(_words(stream))

    for mode in ("once", "none"):
        started.clear()
        with use_cassette(path, record_mode=mode), ThreadPoolExecutor(20) as pool:
            assert list(pool.map(one, range(20))) == [TEXT] * 20
        if mode == "once":
            asked = [f"question {number}".encode() for number in started]
            assert all(question in one.request.body for question, one in zip(asked, load(path), strict=True))
    assert len(server.bodies) == 20


def test_each_task_can_have_its_own_cassette(server: HostileServer, tmp_path: Path) -> None:
    async def one(number: int, mode: str) -> str:
        async with use_cassette(tmp_path / f"{number}.yaml", record_mode=mode):
            await asyncio.sleep(0)
            return await aask("openai-asyncio", server, question=f"question {number}")

    async def main(mode: str) -> list[str]:
        return await asyncio.gather(*(one(number, mode) for number in range(8)))

    for mode in ("once", "none"):
        assert asyncio.run(main(mode)) == [TEXT] * 8
    for number in range(8):
        [stored] = load(tmp_path / f"{number}.yaml")
        assert f"question {number}".encode() in stored.request.body
