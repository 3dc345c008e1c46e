"""The official SDKs on the same frames, replayed offline: they hear what the transcript says."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from protocols.spoken import (
    OPENAI,
    RESPONSES,
    SOUND,
    SOUND64,
    USAGE,
    begun,
    created,
    done,
    heard,
    message,
    said,
    session,
    spoken,
)
from pytest_llmcassette.cassette.files import save
from pytest_llmcassette.context import use_cassette

# openai connects without a context manager, which websockets 17 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:connect\\(\\) must be used:DeprecationWarning")

LIVE = (
    "wss://generativelanguage.googleapis.com//ws/google.ai.generativelanguage.v1.GenerativeService.BidiGenerateContent"
)
ASK = {"type": "response.create"}


def _openai() -> Any:
    import openai

    return openai.OpenAI(api_key="x")


def test_openai_realtime(tmp_path: Path) -> None:
    frames = [begun(), said(ASK), created(), *spoken("Hello there."), done(message("Hello there."), usage=USAGE)]
    save(tmp_path / "a.yaml", [session(OPENAI, *frames)])
    words, sound, usage = "", 0, None
    with use_cassette(tmp_path / "a.yaml") as cassette, _openai().realtime.connect(model="gpt-realtime") as connection:
        connection.response.create()
        for event in connection:
            if event.type == "response.output_audio_transcript.delta":
                words += event.delta
            elif event.type == "response.output_audio.delta":
                sound += len(event.delta) * 3 // 4 - event.delta.count("=")
            elif event.type == "response.done":
                usage = event.response.usage
                break
    transcript = cassette.transcript
    assert (words, transcript.text) == ("Hello there.",) * 2
    assert sound == 2 * len(SOUND)
    assert usage is not None
    assert transcript.usage is not None
    assert usage.total_tokens == transcript.usage.total_tokens
    assert usage.output_token_details.audio_tokens == transcript.usage.audio_output_tokens
    assert usage.input_token_details.cached_tokens == transcript.usage.cache_read_input_tokens


def test_openai_responses_over_a_websocket(tmp_path: Path) -> None:
    asked = {"type": "response.create", "model": "gpt-5", "input": "Hi"}
    item: Any = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "Yes."}],
    }
    counts = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    head = {"id": "resp_1", "object": "response", "model": "gpt-5-2025", "created_at": 1790000000}
    end = {**head, "status": "completed", "output": [item], "usage": counts}
    frames = [
        said(asked),
        heard({"type": "response.created", "response": {**head, "status": "in_progress", "output": []}}),
        heard(
            {
                "type": "response.output_text.delta",
                "item_id": "m",
                "output_index": 0,
                "content_index": 0,
                "delta": "Yes.",
            }
        ),
        heard({"type": "response.completed", "response": end}),
    ]
    save(tmp_path / "a.yaml", [session(RESPONSES, *frames)])
    with use_cassette(tmp_path / "a.yaml") as cassette, _openai().responses.connect() as connection:
        connection.response.create(model="gpt-5", input="Hi")
        last = next(event for event in connection if event.type == "response.completed").response
    transcript = cassette.transcript
    assert (last.output_text, transcript.text) == ("Yes.", "Yes.")
    assert transcript.usage is not None
    assert (last.id, last.usage.total_tokens) == (transcript.turns[0].id, transcript.usage.total_tokens)


def test_gemini_live(tmp_path: Path) -> None:
    from google import genai

    part = {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": SOUND64}}
    counted = {"promptTokenCount": 30, "responseTokenCount": 12, "totalTokenCount": 42}
    setup = {"generationConfig": {"responseModalities": ["AUDIO"]}, "model": "models/gemini-live-2.5-flash"}
    asked = {"client_content": {"turns": [{"role": "user", "parts": [{"text": "Hi"}]}], "turnComplete": True}}
    frames = [
        said({"setup": setup}),
        heard(b'{"setupComplete": {}}'),
        said(asked),
        heard({"serverContent": {"modelTurn": {"parts": [part]}, "outputTranscription": {"text": "Hello."}}}),
        heard({"serverContent": {"turnComplete": True}, "usageMetadata": counted}),
    ]
    save(tmp_path / "a.yaml", [session(LIVE, *frames)])
    found: dict[str, Any] = {"sound": b"", "words": "", "tokens": 0}

    async def talk() -> None:
        live = genai.Client(api_key="x").aio.live
        config: Any = {"response_modalities": ["AUDIO"]}
        async with live.connect(model="gemini-live-2.5-flash", config=config) as connection:
            turn: Any = {"role": "user", "parts": [{"text": "Hi"}]}
            await connection.send_client_content(turns=turn)
            async for answer in connection.receive():
                found["sound"] += answer.data or b""
                content = answer.server_content
                if content is not None and content.output_transcription is not None:
                    found["words"] += content.output_transcription.text or ""
                if answer.usage_metadata is not None:
                    found["tokens"] = answer.usage_metadata.total_token_count

    with use_cassette(tmp_path / "a.yaml") as cassette:
        asyncio.run(talk())
    transcript = cassette.transcript
    assert found == {"sound": SOUND, "words": "Hello.", "tokens": 42}
    assert (transcript.text, transcript.complete) == ("Hello.", True)
    assert transcript.usage is not None
    assert transcript.usage.total_tokens == 42


def test_xai_chat_over_grpc() -> None:
    """Protobuf's JSON of the SDK's own classes, by either naming of fields, is what is read."""
    json_format = pytest.importorskip("google.protobuf.json_format")
    chat_pb2 = pytest.importorskip("xai_sdk.proto.v6.chat_pb2")
    usage_pb2 = pytest.importorskip("xai_sdk.proto.v6.usage_pb2")
    from protocols.spoken import call
    from pytest_llmcassette.protocols import registry

    usage = usage_pb2.SamplingUsage(
        prompt_tokens=100,
        completion_tokens=9,
        reasoning_tokens=20,
        total_tokens=129,
        cached_prompt_text_tokens=60,
        server_side_tools_used=[usage_pb2.SERVER_SIDE_TOOL_WEB_SEARCH],
        cost_in_usd_ticks=5_000_000,
    )
    answer = chat_pb2.CompletionMessage(content="Hello.", role=chat_pb2.ROLE_ASSISTANT)
    output = chat_pb2.CompletionOutput(message=answer, finish_reason=1)
    whole = chat_pb2.GetChatCompletionResponse(id="g", model="grok-4", outputs=[output], usage=usage)
    read = []
    for kept in (True, False):
        document = json_format.MessageToDict(whole, preserving_proto_field_name=kept)
        read.append(registry.read(call("Chat/GetCompletion", {}, document)))
    for transcript in read:
        assert transcript is not None
        assert (transcript.text, transcript.model) == ("Hello.", "grok-4")
        assert transcript.usage is not None
        assert (transcript.usage.output_tokens, transcript.usage.total_tokens, transcript.usage.cost) == (
            29,
            129,
            0.0005,
        )
        assert transcript.usage.server_tool_calls == {"web_search": 1}
    finish = chat_pb2.CompletionOutput.DESCRIPTOR.fields_by_name["finish_reason"].enum_type.values_by_number[1].name
    assert read[0] is not None
    assert read[0].finish_reason == finish
