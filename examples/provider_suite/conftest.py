"""Fixtures of the suite: the providers, and one `chat` per provider and form."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from chat import Ask, Builder, Reply
from providers import TABLE
from pytest_llmcassette import LlmCassette, Provider


def pytest_llmcassette_providers() -> list[Provider]:
    return [provider for provider, _ in TABLE]


@pytest.fixture(scope="session")
def builder(llm_provider: Provider) -> Builder:
    return next(builder(provider) for provider, builder in TABLE if provider.name == llm_provider.name)


@pytest.fixture(params=["plain", "stream", "async-plain", "async-stream"])
def chat(request: pytest.FixtureRequest, builder: Builder, llm_cassette: LlmCassette) -> Callable[..., Reply]:
    """Ask a question in one of four forms; what the SDK made of the answer must be what was on the wire."""
    form = {
        "plain": builder.plain,
        "stream": builder.stream,
        "async-plain": lambda ask: asyncio.run(builder.async_plain(ask)),
        "async-stream": lambda ask: asyncio.run(builder.async_stream(ask)),
    }[request.param]

    def ask(text: str, **wishes: Any) -> Reply:
        reply = form(Ask(text=text, **wishes))
        seen = llm_cassette.transcripts[-1]
        assert reply.text == seen.text
        assert reply.reasoning == (seen.reasoning or "")
        assert [(call.name, call.arguments) for call in reply.calls] == [(c.name, c.parsed) for c in seen.tool_calls]
        assert seen.complete
        return reply

    return ask
