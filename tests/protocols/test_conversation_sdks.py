"""The official SDKs on the same frames, replayed offline: they hear what the transcript says.

Quick are one over a WebSocket and one over gRPC: what an SDK imports and makes of its types takes a second or two.
"""

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
    call,
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


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_xai_chat_over_grpc(tmp_path: Path) -> None:
    """Its own classes make the messages: by either naming of fields their JSON says the same."""
    xai_sdk = pytest.importorskip("xai_sdk")
    from google.protobuf.json_format import MessageToDict
    from xai_sdk.proto import chat_pb2, usage_pb2

    usage = usage_pb2.SamplingUsage(
        prompt_tokens=100,
        completion_tokens=9,
        reasoning_tokens=20,
        total_tokens=129,
        cached_prompt_text_tokens=60,
        server_side_tools_used=[usage_pb2.SERVER_SIDE_TOOL_WEB_SEARCH],
        cost_in_usd_ticks=5_000_000,
    )
    function = chat_pb2.FunctionCall(name="add", arguments='{"a":1}')
    wanted = chat_pb2.ToolCall(id="c1", type=chat_pb2.TOOL_CALL_TYPE_CLIENT_SIDE_TOOL, function=function)
    said_ = {"content": "Hello.", "reasoning_content": "Hm.", "role": chat_pb2.ROLE_ASSISTANT, "tool_calls": [wanted]}
    reason = "REASON_TOOL_CALLS"
    whole = chat_pb2.GetChatCompletionResponse(
        id="g",
        model="grok-4-0709",
        outputs=[
            chat_pb2.CompletionOutput(message=chat_pb2.CompletionMessage(**said_), finish_reason="REASON_TOOL_CALLS")
        ],
        usage=usage,
        citations=["https://x.example/1"],
    )
    chunk = chat_pb2.GetChatCompletionChunk(
        id="g",
        model="grok-4-0709",
        outputs=[chat_pb2.CompletionOutputChunk(delta=chat_pb2.Delta(**said_), finish_reason=reason)],
        usage=usage,
        citations=["https://x.example/1"],
    )
    asked = {"model": "grok-4", "messages": [{"content": [{"text": "Hi"}], "role": "ROLE_USER"}], "n": 1}
    for named_as_declared in (True, False):
        calls = []
        for method, made in (("Chat/GetCompletion", whole), ("Chat/GetCompletionChunk", chunk)):
            one = call(method, asked, MessageToDict(made, preserving_proto_field_name=named_as_declared))
            one.frames[0].data = made.SerializeToString()
            calls.append(one)
        save(tmp_path / "a.yaml", calls)
        with use_cassette(tmp_path / "a.yaml") as cassette:
            chat = xai_sdk.Client(api_key="x").chat.create(model="grok-4", messages=[xai_sdk.chat.user("Hi")])
            answers = [chat.sample(), list(chat.stream())[-1][0]]
        for answer, transcript in zip(answers, cassette.transcripts, strict=True):
            assert (
                (answer.content, answer.reasoning_content)
                == (transcript.text, transcript.reasoning)
                == ("Hello.", "Hm.")
            )
            assert (answer.finish_reason, answer.id) == (transcript.finish_reason, transcript.id)
            assert [(one.id, one.function.name, one.function.arguments) for one in answer.tool_calls] == [
                (one.id, one.name, one.arguments) for one in transcript.tool_calls
            ]
            assert transcript.usage is not None
            assert answer.usage.total_tokens == transcript.usage.total_tokens
            assert answer.usage.completion_tokens + answer.usage.reasoning_tokens == transcript.usage.output_tokens
            assert (answer.cost_usd, 1) == (transcript.usage.cost, transcript.usage.server_tool_calls["web_search"])
            assert transcript.complete
