"""What the demo records and replays: two SDKs, sync and async, streams and plain answers."""

from __future__ import annotations

import asyncio
import os

import anthropic
import openai
import pytest

URL = os.environ["DEMO_URL"]
PROMPT = os.environ.get("DEMO_PROMPT", "Say hi in Portuguese")

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.mark.cassette
def test_openai_stream(llm_cassette, llm_snapshot):
    client = openai.OpenAI(base_url=f"{URL}/v1")
    stream = client.chat.completions.create(
        model="tiny-1",
        messages=[{"role": "user", "content": PROMPT}],
        stream=True,
        stream_options={"include_usage": True},
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)

    assert llm_cassette.transcript.text == text
    assert llm_cassette == llm_snapshot


@pytest.mark.cassette
def test_openai_async_responses(llm_cassette, llm_snapshot):
    async def ask():
        async with openai.AsyncOpenAI(base_url=f"{URL}/v1") as client:
            asked = {"model": "tiny-1", "input": "How many r are in strawberry?"}
            async with client.responses.stream(**asked, reasoning={"effort": "low", "summary": "auto"}) as stream:
                return await stream.get_final_response()

    assert asyncio.run(ask()).output_text == llm_cassette.transcript.text
    assert llm_cassette == llm_snapshot


@pytest.mark.cassette
def test_anthropic_tool(llm_cassette, llm_snapshot):
    client = anthropic.Anthropic(base_url=URL)
    tool = {"name": "get_weather", "description": "The weather in a city.", "input_schema": WEATHER}
    answer = client.messages.create(
        model="tiny-1",
        max_tokens=500,
        tools=[tool],
        messages=[{"role": "user", "content": "Is it warmer in Lisbon or in Oslo?"}],
    )

    assert answer.stop_reason == "tool_use"
    assert [call.parsed for call in llm_cassette.transcript.tool_calls] == [{"city": "Lisbon"}, {"city": "Oslo"}]
    assert llm_cassette == llm_snapshot


@pytest.mark.cassette
def test_anthropic_async_stream(llm_cassette, llm_snapshot):
    async def ask():
        async with anthropic.AsyncAnthropic(base_url=URL) as client:
            messages = [{"role": "user", "content": "Count to five"}]
            async with client.messages.stream(model="tiny-1", max_tokens=500, messages=messages) as stream:
                return await stream.get_final_text()

    assert asyncio.run(ask()) == llm_cassette.transcript.text
    assert llm_cassette == llm_snapshot
