"""The scenarios. Each runs once per provider and form; each is one function."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable

import pytest

from chat import Builder, Reply, Tool
from pytest_llmcassette import LlmCassette

pytestmark = pytest.mark.cassette

Chat = Callable[..., Reply]

WEATHER = Tool(
    name="get_weather",
    description="The weather in a city.",
    schema={
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
)
PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "languages": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["name", "age", "languages"],
    "additionalProperties": False,
}


def png(width: int, height: int) -> bytes:
    """A white picture."""

    def block(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    # Stored, not compressed: zlib's versions compress differently, and the picture is a part of the request.
    rows = zlib.compress((b"\0" + b"\xff" * width) * height, 0)
    header = block(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + block(b"IDAT", rows) + block(b"IEND", b"")


def test_simple(chat: Chat, llm_cassette: LlmCassette, llm_snapshot: object) -> None:
    assert chat("Say hi in Portuguese").text == "Olá! Tudo bem? 👋"
    assert llm_cassette == llm_snapshot


@pytest.mark.llm_requires("tools")
def test_tool_call(chat: Chat, llm_cassette: LlmCassette, llm_snapshot: object) -> None:
    question = "What is the weather in Lisbon?"
    [call] = chat(question, tools=(WEATHER,)).calls
    answer = chat(question, tools=(WEATHER,), answered=((call, "24 degrees"),))
    assert "24 degrees" in answer.text
    assert llm_cassette == llm_snapshot


@pytest.mark.llm_requires("tools")
def test_parallel_tools(chat: Chat, llm_cassette: LlmCassette, llm_snapshot: object) -> None:
    reply = chat("Is it warmer in Lisbon or in Oslo?", tools=(WEATHER,))
    assert [call.arguments for call in reply.calls] == [{"city": "Lisbon"}, {"city": "Oslo"}]
    assert llm_cassette == llm_snapshot


@pytest.mark.llm_requires("schema")
def test_structured_object(chat: Chat, llm_cassette: LlmCassette, llm_snapshot: object) -> None:
    person = json.loads(chat("Make up a person.", schema=PERSON).text)
    assert set(person) == {"name", "age", "languages"}
    assert llm_cassette == llm_snapshot


def test_reasoning(chat: Chat, llm_cassette: LlmCassette, llm_snapshot: object) -> None:
    assert "three" in chat("How many r are in strawberry?", think=True).text
    assert llm_cassette.usage.reasoning_output_tokens or llm_cassette.transcript.reasoning
    assert llm_cassette == llm_snapshot


@pytest.mark.llm_requires("vision")
def test_image(chat: Chat, llm_cassette: LlmCassette, llm_snapshot: object) -> None:
    assert "4 x 3" in chat("What is this?", image=png(4, 3)).text
    assert llm_cassette == llm_snapshot


def test_error(chat: Chat, builder: Builder, llm_cassette: LlmCassette, llm_snapshot: object) -> None:
    with pytest.raises(builder.error, match="retired-1"):
        chat("Is anybody there?", model="retired-1")
    error = llm_cassette.transcript.error
    assert error is not None
    assert error.status == 404
    assert llm_cassette == llm_snapshot
