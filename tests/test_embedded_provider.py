"""The provider that the demo, the examples and the docs rely on behaves as real ones do where it matters to them."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from embedded_provider import EmbeddedProvider

CHAT: dict[str, Any] = {"model": "tiny-1", "messages": [{"role": "user", "content": "Count to five"}]}


@pytest.fixture
def provider() -> Iterator[EmbeddedProvider]:
    with EmbeddedProvider(pause=0.02) as provider:
        yield provider


def test_events_of_a_stream_leave_one_by_one(provider: EmbeddedProvider) -> None:
    import openai

    client = openai.OpenAI(base_url=f"{provider.url}/v1", api_key=provider.api_key)
    times = [time.monotonic() for _ in client.chat.completions.create(**CHAT, stream=True)]
    assert len(times) >= 5
    # The server needs at least 5 x 20 ms for this stream; a buffered one arrives within a few.
    assert times[-1] - times[0] > 0.05


def test_ids_are_new_and_words_are_the_same_every_time(provider: EmbeddedProvider) -> None:
    import openai

    client = openai.OpenAI(base_url=f"{provider.url}/v1", api_key=provider.api_key)
    first, second = (client.chat.completions.create(**CHAT) for _ in range(2))
    assert first.id != second.id
    assert first.choices[0].message == second.choices[0].message
    assert first.usage == second.usage


@pytest.mark.slow
def test_streamed_and_plain_usage_agree(provider: EmbeddedProvider) -> None:
    import anthropic

    client = anthropic.Anthropic(base_url=provider.url, api_key=provider.api_key)
    asked: dict[str, Any] = {"model": "tiny-1", "max_tokens": 99, "messages": CHAT["messages"]}
    plain = client.messages.create(**asked)
    with client.messages.stream(**asked) as stream:
        streamed = stream.get_final_message()
    assert [block.text for block in streamed.content] == [block.text for block in plain.content]
    assert streamed.usage.output_tokens == plain.usage.output_tokens == 5
    assert streamed.usage.input_tokens == plain.usage.input_tokens == 3


def test_a_wrong_key_is_refused(provider: EmbeddedProvider) -> None:
    import openai

    client = openai.OpenAI(base_url=f"{provider.url}/v1", api_key="wrong", max_retries=0)
    with pytest.raises(openai.AuthenticationError, match="Incorrect API key"):
        client.chat.completions.create(**CHAT)


def test_a_busy_provider_is_asked_again(provider: EmbeddedProvider) -> None:
    import openai

    provider.be_busy(2)
    client = openai.OpenAI(base_url=f"{provider.url}/v1", api_key=provider.api_key, max_retries=2)
    assert client.chat.completions.create(**CHAT).choices[0].message.content
    assert provider.requests == 3


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"model": 7, "messages": "x"}', b"\xff"])
def test_garbage_is_answered_with_400(provider: EmbeddedProvider, body: bytes) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", provider.port)
    connection.request("POST", "/v1/chat/completions", body, {"Authorization": f"Bearer {provider.api_key}"})
    response = connection.getresponse()
    assert response.status == 400
    assert "error" in json.loads(response.read())
    connection.close()
