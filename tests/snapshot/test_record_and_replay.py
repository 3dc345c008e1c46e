"""Recording, recording again and replaying write the same snapshot, through real SDKs and a provider with fresh ids."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from embedded_provider import EmbeddedProvider
from pytest_llmcassette.context import use_cassette
from snapshot.exchanges import text

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
QUESTION = "What is the weather in Lisbon?"


@pytest.fixture(scope="module")
def provider() -> Iterator[EmbeddedProvider]:
    with EmbeddedProvider(pause=0) as running:
        yield running


def chat(provider: EmbeddedProvider) -> None:
    import openai

    client = openai.OpenAI(base_url=f"{provider.url}/v1", api_key=provider.api_key)
    tools: Any = [{"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}]
    messages: Any = [{"role": "user", "content": QUESTION}]
    asked = client.chat.completions.create(model="gpt-4o", messages=messages, tools=tools).choices[0].message
    messages.append(asked.model_dump(exclude_none=True))
    messages += [{"role": "tool", "tool_call_id": call.id, "content": "21"} for call in asked.tool_calls or ()]
    for _ in client.chat.completions.create(model="gpt-4o", messages=messages, tools=tools, stream=True):
        pass


def responses(provider: EmbeddedProvider) -> None:
    import openai

    client = openai.OpenAI(base_url=f"{provider.url}/v1", api_key=provider.api_key)
    tools: Any = [{"type": "function", "name": "get_weather", "parameters": SCHEMA, "strict": False}]
    first = client.responses.create(model="gpt-5", input=QUESTION, tools=tools)
    outputs: Any = [
        {"type": "function_call_output", "call_id": item.call_id, "output": "21"}
        for item in first.output
        if item.type == "function_call"
    ]
    client.responses.create(model="gpt-5", previous_response_id=first.id, input=outputs, tools=tools)


def messages(provider: EmbeddedProvider) -> None:
    import anthropic

    client = anthropic.Anthropic(base_url=provider.url, api_key=provider.api_key)
    tools: Any = [{"name": "get_weather", "input_schema": SCHEMA}]
    turns: Any = [{"role": "user", "content": QUESTION}]
    first = client.messages.create(model="claude-haiku", max_tokens=99, messages=turns, tools=tools)
    calls = [block for block in first.content if block.type == "tool_use"]
    turns.append({"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in first.content]})
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": "21"} for call in calls]
    turns.append({"role": "user", "content": results})
    with client.messages.stream(model="claude-haiku", max_tokens=99, messages=turns, tools=tools) as stream:
        stream.get_final_message()


def gemini(provider: EmbeddedProvider) -> None:
    from google import genai

    client = genai.Client(api_key=provider.api_key, http_options={"base_url": provider.url})
    for _ in client.models.generate_content_stream(model="gemini-2.5-flash", contents="Say hi in Portuguese"):
        pass


@pytest.mark.parametrize(
    "talk",
    [
        chat,
        responses,
        # Another SDK to import for each.
        pytest.param(messages, marks=pytest.mark.slow),
        pytest.param(gemini, marks=pytest.mark.slow),
    ],
)
def test_the_snapshot_is_the_same(
    talk: Callable[[EmbeddedProvider], None], provider: EmbeddedProvider, tmp_path: Path
) -> None:
    def snapshot(record_mode: str) -> str:
        with use_cassette(tmp_path / "talk.yaml", record_mode=record_mode) as cassette:
            talk(provider)
        return text(cassette)

    recorded = snapshot("rewrite")
    bodies = (tmp_path / "talk.yaml").read_bytes()
    assert snapshot("none") == recorded
    assert snapshot("rewrite") == recorded
    # It was another recording: the provider makes up ids and times anew.
    assert (tmp_path / "talk.yaml").read_bytes() != bodies


def test_a_request_that_drifted_from_the_recording_shows(provider: EmbeddedProvider, tmp_path: Path) -> None:
    """`ignore_json` lets the old answer be replayed; the snapshot has what the code sends now."""
    import openai

    def snapshot(record_mode: str, temperature: float) -> str:
        with use_cassette(tmp_path / "a.yaml", record_mode=record_mode, ignore_json=["temperature"]) as cassette:
            client = openai.OpenAI(base_url=f"{provider.url}/v1", api_key=provider.api_key)
            asked: Any = [{"role": "user", "content": "Say hi"}]
            client.chat.completions.create(model="gpt-4o", temperature=temperature, messages=asked)
        return text(cassette)

    assert "temperature: 0.25" in snapshot("once", 0.25)
    assert "temperature: 0.75" in snapshot("none", 0.75)


def _answer(socket: Any, number: int) -> None:
    """Whatever is asked, with ids of its own."""
    response = f"resp_{uuid4().hex}"
    item = {"id": f"item_{uuid4().hex}", "type": "message", "role": "assistant"}
    place = {"response_id": response, "item_id": item["id"], "output_index": 0, "content_index": 0}
    words = [{"type": "output_text", "text": f"Answer {number}."}]
    counts = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    end = {"id": response, "status": "completed", "output": [{**item, "content": words}], "usage": counts}
    for event in (
        {"type": "response.created", "response": {"id": response, "status": "in_progress", "output": []}},
        {"type": "response.output_text.delta", **place, "delta": f"Answer {number}."},
        {"type": "response.done", "response": end},
    ):
        socket.send(json.dumps({"event_id": f"event_{uuid4().hex}", **event}))


def _serve(socket: Any) -> None:
    created = {"type": "session.created", "session": {"id": f"sess_{uuid4().hex}", "model": "gpt-realtime"}}
    socket.send(json.dumps(created))
    asked = 0
    for message in socket:
        if json.loads(message)["type"] == "response.create":
            asked += 1
            _answer(socket, asked)


@pytest.mark.filterwarnings("ignore:connect\\(\\) must be used:DeprecationWarning")
def test_a_realtime_session_has_the_same_snapshot(tmp_path: Path) -> None:
    import openai
    from websockets.sync.server import serve

    with serve(_serve, "127.0.0.1", 0) as server, ThreadPoolExecutor(1) as background:
        background.submit(server.serve_forever)
        url = f"http://127.0.0.1:{server.socket.getsockname()[1]}/v1"

        def snapshot(record_mode: str, effort: str = "low") -> str:
            switches: Any = {"record_mode": record_mode, "ignore_json": ["event_id", "response.reasoning.effort"]}
            with use_cassette(tmp_path / "talk.yaml", **switches) as cassette:
                client = openai.OpenAI(base_url=url, api_key="x")
                with client.realtime.connect(model="gpt-realtime") as connection:
                    for _ in range(2):
                        sound = b64encode(b"sound").decode()
                        connection.input_audio_buffer.append(audio=sound, event_id=f"event_{uuid4().hex}")
                        asked: Any = {"type": "response.create", "response": {"reasoning": {"effort": effort}}}
                        connection.send(asked)
                        next(event for event in connection if event.type == "response.done")
            return text(cassette)

        recorded = snapshot("rewrite")
        assert "<audio, 5 bytes" in recorded
        assert "| Answer 2." in recorded
        again = snapshot("rewrite")
        server.shutdown()
    assert snapshot("none") == again == recorded
    # What the code says now is shown, where that is not compared.
    assert snapshot("none", "high") == recorded.replace('effort: "low"', 'effort: "high"') != recorded
