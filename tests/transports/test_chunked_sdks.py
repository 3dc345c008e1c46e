"""Every recorded stream of the corpus in other pieces, read by the official SDK of its API: it makes the same of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from pytest_llmcassette.cassette.files import load, save
from pytest_llmcassette.cassette.model import Interaction, Request
from pytest_llmcassette.context import use_cassette
from transports import sdk_streams

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
"""google-genai's own."""
PROTOCOLS = {
    "anthropic.messages": 42,
    "bedrock.converse": 13,
    "bedrock.invoke_model": 8,
    "cohere.chat": 4,
    "gemini.generate_content": 39,
    "mistral.chat": 5,
    "ollama.chat": 4,
    "ollama.generate": 4,
    "openai.chat": 73,
    "openai.completions": 6,
    "openai.responses": 26,
}
SEEDS = 5


def streams(corpus: Path, protocol: str) -> Iterator[dict[str, Any]]:
    for line in (corpus / "expected.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["stream"] and row["protocol"] == protocol:
            yield row


def differences(row: dict[str, Any], corpus: Path, folder: Path, loop: str, chunkings: list[str]) -> list[str]:
    """The chunkings under which the SDK made something else of this stream than with whole events."""
    [one] = load(corpus / row["file"])[row["index"] : row["index"] + 1]
    path = folder / "stream.yaml"
    save(path, [Interaction(request=Request(method="POST", url=sdk_streams.URL), response=one.response)])
    read = {}
    for chunking in ("event", *chunkings):
        with use_cassette(path, chunking=chunking, match_on=["method"]):
            read[chunking] = sdk_streams.read(loop, row["protocol"], row["provider"])
    assert read["event"], row["file"]
    return [f"{row['file']} #{row['index']}: {name}" for name in chunkings if read[name] != read["event"]]


@pytest.mark.slow
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_stream_means_the_same_however_it_is_cut(corpus: Path, tmp_path: Path, protocol: str) -> None:
    chunkings = ["whole", "byte", *(f"random:{seed}" for seed in range(SEEDS))]
    rows = list(streams(corpus, protocol))
    assert len(rows) == PROTOCOLS[protocol]
    assert [words for row in rows for words in differences(row, corpus, tmp_path, "sync", chunkings)] == []


@pytest.mark.slow
@pytest.mark.parametrize("loop", ["asyncio", "trio", sdk_streams.AIOHTTP])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_in_an_event_loop_too(corpus: Path, tmp_path: Path, protocol: str, loop: str) -> None:
    rows = [row for row in streams(corpus, protocol) if sdk_streams.can_read(loop, protocol, row["provider"])]
    if not rows:
        pytest.skip("the SDK has no client for this loop, or goes through another HTTP library")
    # aiohttp wakes its reader for each piece: a long stream byte by byte takes seconds.
    chunkings = ["whole", "size:7" if loop == sdk_streams.AIOHTTP else "byte", "random:1"]
    assert [words for row in rows for words in differences(row, corpus, tmp_path, loop, chunkings)] == []


@pytest.mark.parametrize(
    ("protocol", "loop"),
    [
        *(("openai.chat", loop) for loop in sdk_streams.LOOPS if loop != "asyncio"),
        pytest.param("openai.chat", "asyncio", marks=pytest.mark.slow),
        pytest.param("anthropic.messages", "sync", marks=pytest.mark.slow),
        ("bedrock.converse", "sync"),
    ],
)
def test_a_sample(corpus: Path, tmp_path: Path, protocol: str, loop: str) -> None:
    for row in islice(streams(corpus, protocol), 2):
        assert differences(row, corpus, tmp_path, loop, ["whole", "byte", "random:1", "size:7"]) == []


@pytest.mark.parametrize(
    "protocol",
    [
        "openai.chat",
        # The import of a second SDK takes seconds, and what openai makes of its own types for this API one.
        pytest.param("openai.responses", marks=pytest.mark.slow),
        pytest.param("anthropic.messages", marks=pytest.mark.slow),
        pytest.param("gemini.generate_content", marks=pytest.mark.slow),
    ],
)
def test_the_sdk_makes_the_same_of_it_on_aiohttp(corpus: Path, tmp_path: Path, protocol: str) -> None:
    pytest.importorskip("aiohttp")
    path = tmp_path / "stream.yaml"
    told = {}
    for row in islice(streams(corpus, protocol), 3):
        [one] = load(corpus / row["file"])[row["index"] : row["index"] + 1]
        save(path, [Interaction(request=Request(method="POST", url=sdk_streams.URL), response=one.response)])
        for loop in ("sync", sdk_streams.AIOHTTP):
            with use_cassette(path, match_on=["method"]):
                told[loop] = [_meaning(event) for event in sdk_streams.read(loop, protocol, row["provider"])]
        assert told["sync"] == told[sdk_streams.AIOHTTP] != []


def _meaning(event: Any) -> Any:
    """Without the headers, which google-genai hands out: aiohttp's have the connection's own."""
    return {**event, "sdk_http_response": None} if isinstance(event, dict) else event
