"""Bedrock: Converse and ConverseStream, and InvokeModel of the models that are not Anthropic's."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from aws_frames import chunk, event, exception, frame
from wire_exchanges import AWS, cuts, interaction

from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.transcript import (
    Citation,
    ExchangeError,
    FinishReason,
    Media,
    Other,
    Reasoning,
    ServerToolCall,
    ServerToolResult,
    Text,
    ToolCall,
    Transcript,
)

HOST = "https://bedrock-runtime.us-east-1.amazonaws.com/model"
CONVERSE = f"{HOST}/us.amazon.nova-lite-v1%3A0/converse"
STREAM = f"{CONVERSE}-stream"
CITATION = {"title": "T", "sourceContent": [{"text": "quo"}, {"text": "te"}], "location": {"web": {"url": "https://e"}}}
USAGE = {
    "inputTokens": 10,
    "outputTokens": 20,
    "totalTokens": 160,
    "cacheReadInputTokens": 100,
    "cacheWriteInputTokens": 30,
    "serverToolUsage": {},
}
CONTENT: list[dict[str, Any]] = [
    {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
    {"reasoningContent": {"redactedContent": "ZGF0YQ=="}},
    {"text": "Olá"},
    {"citationsContent": {"content": [{"text": "said"}], "citations": [CITATION]}},
    {"toolUse": {"toolUseId": "s1", "name": "code", "input": {"n": 1}, "type": "server_tool_use"}},
    {"toolResult": {"toolUseId": "s1", "type": "code_result", "content": [{"text": "1"}], "status": "success"}},
    {"image": {"format": "png", "source": {"bytes": "AAEC"}}},
    {"toolUse": {"toolUseId": "t1", "name": "add", "input": {"a": 2.0, "b": "é"}}},
]
ANSWER = {
    "output": {"message": {"role": "assistant", "content": CONTENT}},
    "stopReason": "tool_use",
    "usage": USAGE,
    "metrics": {"latencyMs": 5},
}
PARTS = (
    Reasoning(text="Hm.", signature="c2ln"),
    Reasoning(encrypted="ZGF0YQ=="),
    Text(text="Olá"),
    Text(text="said", citations=(Citation(title="T", url="https://e", quote="quote", raw=CITATION),)),
    ServerToolCall(id="s1", name="code", arguments='{"n":1}'),
    ServerToolResult(id="s1", name="code_result", content=[{"text": "1"}]),
    Media(
        kind="image",
        media_type="image/png",
        size=3,
        digest="sha256:" + hashlib.sha256(b"\0\1\2").hexdigest()[:16],
    ),
    ToolCall(id="t1", name="add", arguments='{"a":2.0,"b":"é"}'),
)


def _delta(index: int, **delta: Any) -> bytes:
    return event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta, "p": "abc"})


def _start(index: int, **start: Any) -> bytes:
    return event("contentBlockStart", {"contentBlockIndex": index, "start": start})


FRAMES = [
    event("messageStart", {"role": "assistant", "p": "abcd"}),
    _delta(0, reasoningContent={"text": "H"}),
    _delta(0, reasoningContent={"text": "m."}),
    _delta(0, reasoningContent={"signature": "c2ln"}),
    _delta(1, reasoningContent={"redactedContent": "ZGF0YQ=="}),
    _delta(2, text="Ol"),
    _delta(2, text="á"),
    event("contentBlockStop", {"contentBlockIndex": 2}),
    _delta(3, text="said"),
    _delta(3, citation=CITATION),
    _start(4, toolUse={"toolUseId": "s1", "name": "code", "type": "server_tool_use"}),
    _delta(4, toolUse={"input": '{"n"'}),
    _delta(4, toolUse={"input": ":1}"}),
    _start(5, toolResult={"toolUseId": "s1", "type": "code_result", "status": "success"}),
    _delta(5, toolResult=[{"text": "1"}]),
    _start(6, image={"format": "png"}),
    _delta(6, image={"format": "png", "source": {"bytes": "AAEC"}}),
    _start(7, toolUse={"toolUseId": "t1", "name": "add"}),
    _delta(7, toolUse={"input": '{"a":2.0,'}),
    _delta(7, toolUse={"input": '"b":"é"}'}),
    event("messageStop", {"stopReason": "tool_use"}),
    event("metadata", {"usage": USAGE, "metrics": {"latencyMs": 5}}),
]


def _read(url: str, body: Any, **how: Any) -> Transcript:
    transcript = registry.read(interaction(url, body, **how))
    assert transcript is not None
    return transcript


def _stream(frames: bytes, url: str = STREAM) -> Transcript:
    return _read(url, frames, content_type=AWS)


def test_converse() -> None:
    transcript = _read(CONVERSE, ANSWER)
    assert transcript.parts == PARTS
    assert (transcript.protocol, transcript.provider) == ("bedrock.converse", "bedrock")
    assert (transcript.id, transcript.model) == (None, None)
    assert transcript.request_model == "us.amazon.nova-lite-v1:0"
    assert transcript.choices[0].finish is FinishReason.TOOL_CALL
    assert (transcript.stream, transcript.complete) == (False, True)
    usage = transcript.usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (140, 20, 160)
    assert (usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (100, 30)
    assert usage.check() == ()


@pytest.mark.parametrize(("call", "protocol"), [("converse", "bedrock.converse"), ("invoke", "bedrock.invoke_model")])
def test_an_arn_whose_slash_is_not_escaped(call: str, protocol: str) -> None:
    transcript = registry.read(interaction(f"{HOST}/arn:aws:bedrock:1:profile/abc/{call}", ANSWER))
    assert transcript is not None
    assert (transcript.protocol, transcript.request_model) == (protocol, "arn:aws:bedrock:1:profile/abc")


def test_converse_stream_is_the_plain_answer() -> None:
    streamed = _stream(b"".join(FRAMES))
    assert replace(streamed, stream=False, shape=()) == _read(CONVERSE, ANSWER)
    assert dict(streamed.shape)["contentBlockDelta"] == 14


@pytest.mark.parametrize("cut", ["in mid-frame", "two frames before the end", "in the middle", "nothing came"])
def test_cut_streams_are_not_complete(cut: str) -> None:
    transcript = _stream(cuts(FRAMES)[cut])
    assert transcript.stream
    assert not transcript.complete


def test_a_stream_without_its_metadata_is_complete_but_has_no_usage() -> None:
    transcript = _stream(b"".join(FRAMES[:-1]))
    assert transcript.complete
    assert transcript.usage is None


def test_a_damaged_frame_is_told_and_what_came_before_is_kept() -> None:
    damaged = bytearray(b"".join(FRAMES))
    damaged[-10] ^= 1
    transcript = _stream(bytes(damaged))
    assert transcript.text == "Olásaid"
    assert not transcript.complete
    assert "checksum" in transcript.notes[0]


@pytest.mark.parametrize(
    ("tail", "kind", "message"),
    [
        (exception("modelStreamErrorException", "broken"), "modelStreamErrorException", "broken"),
        (frame({":message-type": "error", ":error-code": "Internal", ":error-message": "sorry"}), "Internal", "sorry"),
        (frame({":message-type": "exception", ":exception-type": "odd"}, b"not JSON"), "odd", "not JSON"),
    ],
)
def test_exception_frames(tail: bytes, kind: str, message: str) -> None:
    for url, frames in ((STREAM, FRAMES), (f"{HOST}/amazon.x/invoke-with-response-stream", TITAN)):
        transcript = _stream(b"".join(frames) + tail, url)
        assert transcript.error == ExchangeError(status=200, type=kind, message=message)
        assert not transcript.complete


def test_frames_that_hold_no_json_object_and_unknown_kinds() -> None:
    body = FRAMES[0] + frame({":event-type": "contentBlockDelta", ":message-type": "event"}, b"[1]")
    body += event("surprise", {"a": 1}) + _delta(0, hologram={"x": 1}) + FRAMES[-2]
    transcript = _stream(body)
    assert transcript.parts == (Other(kind="hologram", raw={"x": 1}),)
    assert dict(transcript.shape)["surprise"] == 1
    assert "holds no JSON object" in transcript.notes[0]
    assert not transcript.complete


@pytest.mark.parametrize(
    ("headers", "kind"), [({"x-amzn-errortype": "ThrottlingException:x"}, "ThrottlingException"), ({}, "429")]
)
def test_http_errors_have_the_code_that_boto3_gives_them(headers: dict[str, str], kind: str) -> None:
    for url in (CONVERSE, STREAM, f"{HOST}/amazon.x/invoke"):
        transcript = _read(url, {"message": "slow down"}, status=429, headers=headers)
        assert transcript.error == ExchangeError(status=429, type=kind, message="slow down")
        assert (transcript.stream, transcript.complete) == (False, False)


TITAN = [
    chunk({"outputText": "Ol", "index": 0, "inputTextTokenCount": 5.0}),
    chunk({"outputText": "á", "index": 0}),
    chunk(
        {
            "outputText": "!",
            "index": 0,
            "completionReason": "FINISH",
            "totalOutputTextTokenCount": 9,
            "amazon-bedrock-invocationMetrics": {"inputTokenCount": 5, "outputTokenCount": 7, "firstByteLatency": 1},
        }
    ),
]
COUNTED = {
    "X-Amzn-Bedrock-Input-Token-Count": "5",
    "X-Amzn-Bedrock-Output-Token-Count": "7",
    "X-Amzn-Bedrock-Cache-Read-Input-Token-Count": "2",
}
PLAIN_BODIES: dict[str, tuple[dict[str, Any], str]] = {
    "titan": ({"results": [{"tokenCount": 7, "outputText": "Olá!", "completionReason": "FINISH"}]}, "FINISH"),
    "llama": ({"generation": "Olá!", "stop_reason": "stop", "prompt_token_count": 5}, "stop"),
    "mistral": ({"outputs": [{"text": "Olá!", "stop_reason": "length"}]}, "length"),
    "cohere": ({"id": "g", "generations": [{"text": "Olá!", "finish_reason": "COMPLETE"}]}, "COMPLETE"),
    "command r": ({"generation_id": "g", "text": "Olá!", "finish_reason": "MAX_TOKENS"}, "MAX_TOKENS"),
    "jurassic": ({"completions": [{"data": {"text": "Olá!"}, "finishReason": {"reason": "endoftext"}}]}, "endoftext"),
    "jamba": ({"choices": [{"index": 0, "message": {"content": "Olá!"}, "finish_reason": "stop"}]}, "stop"),
    "deepseek": ({"choices": [{"text": "Olá!", "stop_reason": "stop"}]}, "stop"),
    "nova": ({"output": {"message": {"content": [{"text": "Olá!"}]}}, "stopReason": "end_turn"}, "end_turn"),
}


@pytest.mark.parametrize("family", PLAIN_BODIES)
def test_invoke_model_of_every_family(family: str) -> None:
    body, reason = PLAIN_BODIES[family]
    transcript = _read(f"{HOST}/some.model-v1/invoke", body, headers=COUNTED)
    assert transcript.protocol == "bedrock.invoke_model"
    assert (transcript.text, transcript.finish_reason) == ("Olá!", reason)
    assert transcript.complete
    assert transcript.usage is not None
    assert (transcript.usage.input_tokens, transcript.usage.output_tokens) == (7, 7)
    assert transcript.usage.cache_read_input_tokens == 2


NOVA = [
    chunk({"messageStart": {"role": "assistant"}}),
    chunk({"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Ol"}}}),
    chunk({"contentBlockStop": {"contentBlockIndex": 0}}),
    chunk({"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"text": "á!"}}}),
    chunk({"messageStop": {"stopReason": "end_turn"}}),
    chunk(
        {
            "metadata": {"usage": {"inputTokens": 5, "outputTokens": 7}},
            "amazon-bedrock-invocationMetrics": {"inputTokenCount": 5, "outputTokenCount": 7},
        }
    ),
]
LLAMA = [
    chunk({"generation": "Ol", "prompt_token_count": 5, "stop_reason": None}),
    chunk({"generation": "á!", "stop_reason": None}),
    chunk(
        {
            "generation": "",
            "stop_reason": "stop",
            "amazon-bedrock-invocationMetrics": {"inputTokenCount": 5, "outputTokenCount": 7},
        }
    ),
]
COMMAND = [
    chunk({"event_type": "text-generation", "text": "Olá!", "is_finished": False}),
    chunk(
        {
            "event_type": "stream-end",
            "finish_reason": "COMPLETE",
            "response": {"text": "Olá!"},
            "text": "Olá!",
            "amazon-bedrock-invocationMetrics": {"inputTokenCount": 5, "outputTokenCount": 7},
        }
    ),
]
CHAT = [
    chunk({"id": "c", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Ol"}}]}),
    chunk({"id": "c", "choices": [{"index": 0, "delta": {"content": "á!"}, "finish_reason": "stop"}]}),
    chunk({"choices": [], "amazon-bedrock-invocationMetrics": {"inputTokenCount": 5, "outputTokenCount": 7}}),
]


@pytest.mark.parametrize("frames", [TITAN, NOVA, LLAMA, COMMAND, CHAT], ids=["titan", "nova", "llama", "r", "chat"])
def test_invoke_model_streams(frames: list[bytes]) -> None:
    url = f"{HOST}/some.model-v1/invoke-with-response-stream"
    transcript = _stream(b"".join(frames), url)
    assert transcript.parts == (Text(text="Olá!"),)
    assert (transcript.stream, transcript.complete) == (True, True)
    assert transcript.usage is not None
    assert (transcript.usage.input_tokens, transcript.usage.output_tokens) == (5, 7)
    for body in cuts(frames).values():
        assert not _stream(body, url).complete


def test_a_guardrails_own_words_are_no_tokens_of_the_model() -> None:
    blocked = {"outputText": "Input blocked", "totalOutputTextTokenCount": 3, "inputTextTokenCount": 6}
    url = f"{HOST}/amazon.titan-text-express-v1/invoke-with-response-stream"
    assert _stream(chunk(blocked | {"amazon-bedrock-guardrailAction": "INTERVENED"}), url).usage is None
    counted = _stream(chunk(blocked), url).usage
    assert counted is not None
    assert (counted.input_tokens, counted.output_tokens) == (6, 3)


def test_invoke_model_of_embeddings_and_images() -> None:
    embedded = _read(f"{HOST}/amazon.titan-embed-text-v2%3A0/invoke", {"embedding": [0.1], "inputTextTokenCount": 4})
    assert embedded.complete
    assert embedded.usage is not None
    assert (embedded.usage.input_tokens, embedded.usage.output_tokens) == (4, None)
    painted = _read(f"{HOST}/amazon.nova-canvas-v1%3A0/invoke", {"images": ["AAEC"], "error": None})
    assert painted.complete
    assert [part.kind for part in painted.parts if isinstance(part, Media)] == ["image"]
    refused = _read(f"{HOST}/amazon.nova-canvas-v1%3A0/invoke", {"images": [], "error": "blocked"})
    assert refused.error is not None
    assert not refused.complete


def test_tool_calls_of_openai_like_bodies() -> None:
    calls = [{"id": "c1", "function": {"name": "add", "arguments": '{"a":1}'}}]
    body = {
        "choices": [{"message": {"content": None, "tool_calls": calls}, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    }
    transcript = _read(f"{HOST}/mistral.large/invoke", body)
    assert transcript.tool_calls == (ToolCall(id="c1", name="add", arguments='{"a":1}'),)
    assert transcript.usage is not None
    assert (transcript.usage.input_tokens, transcript.usage.output_tokens, transcript.usage.total_tokens) == (1, 2, 3)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"\0\0\0\x10", b'{"output": 5}', b"data: x\n\n"]
)
def test_garbage_is_no_complete_answer_and_never_raises(body: bytes) -> None:
    for url in (CONVERSE, STREAM, f"{HOST}/m/invoke", f"{HOST}/m/invoke-with-response-stream"):
        transcript = _read(url, body)
        assert not transcript.complete
        assert transcript.text == ""
