"""Cassettes that a Go suite recorded, replayed in Python with equal bodies."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest

from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.context import use_cassette


@pytest.mark.parametrize("library", [httpx, pytest.param(httpx2, marks=pytest.mark.slow)])
def test_every_interaction_replays_with_its_body(library: Any, corpus: Path) -> None:
    files = sorted((corpus / "fantasy").rglob("*.yaml"))
    assert len(files) == 143
    played: Counter[str] = Counter()
    with library.Client(verify=False) as client:
        for file in files:
            interactions = load(file)
            with use_cassette(file) as cassette:
                for one in interactions:
                    headers = {name: value for name, values in one.request.headers.items() for value in values[:1]}
                    answer = client.request(
                        one.request.method, one.request.url, headers=headers, content=one.request.body
                    )
                    assert (answer.status_code, answer.content) == (one.response.code, one.response.body), file
                    played[file.name] += 1
            assert [one.response.body for one in cassette.interactions] == [one.response.body for one in interactions]
    assert sum(played.values()) >= 143


def test_seed_case(corpus: Path) -> None:
    import openai

    file = corpus / "fantasy" / "TestOpenAICompatibleCommon" / "huggingface-kimi-k2" / "simple_streaming.yaml"
    with use_cassette(file) as cassette:
        client = openai.OpenAI(api_key="any", base_url="https://router.huggingface.co/v1")
        stream = client.chat.completions.create(
            model="moonshotai/Kimi-K2-Instruct-0905:groq",
            messages=[
                {"role": "system", "content": "You are a helpful assistant"},
                {"role": "user", "content": "Say hi in Portuguese"},
            ],
            max_tokens=4000,
            stream=True,
            stream_options={"include_usage": True},
        )
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert text == "Olá!"
    assert cassette.transcript.text == "Olá!"
