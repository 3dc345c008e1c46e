"""Gemini on AI Studio and Vertex AI: events, arrays and objects."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from wire_exchanges import SSE, cuts, interaction, sse_event

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

STUDIO = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash"
VERTEX = (
    "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1/publishers/google/models/"
    "gemini-2.5-pro"
)
HEAD = {"responseId": "r1", "modelVersion": "gemini-2.5-flash-001", "createTime": "2025-01-02T03:04:05.5Z"}
CHUNK = {"web": {"uri": "https://e.org", "title": "E"}}


def _part_chunk(parts: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return HEAD | {"candidates": [{"content": {"role": "model", "parts": parts}, "index": 0} | more]}


CHUNKS: list[dict[str, Any]] = [
    _part_chunk([{"text": "Hm, ", "thought": True}]) | {"usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9}},
    _part_chunk([{"text": "well.", "thought": True, "thoughtSignature": "c2ln"}]),
    _part_chunk([{"text": "Olá "}]),
    _part_chunk(
        [{"text": "é"}, {"text": "", "thoughtSignature": "dGFpbA=="}],
        groundingMetadata={"groundingChunks": [{"web": {"uri": "https://early.org"}}]},
    ),
    _part_chunk(
        [
            {"executableCode": {"language": "PYTHON", "code": "print(1)"}},
            {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n"}},
            {"inlineData": {"mimeType": "image/png", "data": "AAEC"}},
            {"fileData": {"mimeType": "application/pdf", "fileUri": "gs://b/f.pdf"}},
            {"holodeck": {"deck": 4}},
        ]
    ),
    _part_chunk([{"functionCall": {"name": "add", "args": {"a": 2.0, "b": "é"}}, "thoughtSignature": "Y2FsbA=="}]),
    _part_chunk([{"functionCall": {"id": "c2", "name": "now"}}])
    | {"usageMetadata": {"promptTokenCount": 99, "candidatesTokenCount": 99, "totalTokenCount": 198}},
    _part_chunk([], finishReason="STOP", groundingMetadata={"groundingChunks": [CHUNK]})
    | {
        "usageMetadata": {
            "promptTokenCount": "10",
            "toolUsePromptTokenCount": 5,
            "cachedContentTokenCount": 4,
            "candidatesTokenCount": 20.0,
            "thoughtsTokenCount": 3,
            "totalTokenCount": 38,
            "promptTokensDetails": [
                {"modality": "TEXT", "tokenCount": 3},
                {"modality": "IMAGE", "tokenCount": 5},
                {"modality": 4, "tokenCount": 2},
            ],
            "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 11}],
        }
    },
]
PARTS = (
    Reasoning(text="Hm, well.", signature="c2ln"),
    Text(text="Olá é", citations=(Citation(title="E", url="https://e.org", raw=CHUNK),)),
    Reasoning(signature="dGFpbA=="),
    ServerToolCall(id=None, name="code_execution", arguments="print(1)"),
    ServerToolResult(id=None, name="code_execution", content={"outcome": "OUTCOME_OK", "output": "1\n"}),
    Media(
        kind="image",
        media_type="image/png",
        size=3,
        digest="sha256:" + hashlib.sha256(b"\0\1\2").hexdigest()[:16],
    ),
    Media(kind="file", media_type="application/pdf", url="gs://b/f.pdf"),
    Other(kind="holodeck", raw={"deck": 4}),
    ToolCall(id=None, name="add", arguments='{"a":2.0,"b":"é"}', signature="Y2FsbA=="),
    ToolCall(id="c2", name="now", arguments=""),
)


def _plain() -> dict[str, Any]:
    parts = [part for chunk in CHUNKS for part in chunk["candidates"][0]["content"]["parts"]]
    whole = [{"text": "Hm, well.", "thought": True, "thoughtSignature": "c2ln"}, {"text": "Olá é"}, *parts[4:]]
    last = CHUNKS[-1]
    return last | {"candidates": [last["candidates"][0] | {"content": {"parts": whole}}]}


def _events() -> list[bytes]:
    return [sse_event(chunk).replace(b"\n", b"\r\n") for chunk in CHUNKS]


def _read(url: str, body: Any, **how: Any) -> Transcript:
    transcript = registry.read(interaction(url, body, **how))
    assert transcript is not None
    return transcript


def test_streamed_answer() -> None:
    transcript = _read(f"{STUDIO}:streamGenerateContent?alt=sse", b"".join(_events()), content_type=SSE)
    assert transcript.parts == PARTS
    assert (transcript.protocol, transcript.provider) == ("gemini.generate_content", "gemini")
    assert (transcript.id, transcript.model) == ("r1", "gemini-2.5-flash-001")
    assert transcript.request_model == "gemini-2.5-flash"
    assert transcript.created == 1735787045.5
    assert (transcript.text, transcript.reasoning) == ("Olá é", "Hm, well.")
    assert (transcript.stream, transcript.complete) == (True, True)
    assert transcript.shape == (("chunk", 8),)
    assert transcript.choices[0].finish is FinishReason.STOP


def test_usage_is_the_last_chunks_own() -> None:
    transcript = _read(f"{STUDIO}:streamGenerateContent?alt=sse", b"".join(_events()), content_type=SSE)
    usage = transcript.usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (15, 23, 38)
    assert (usage.cache_read_input_tokens, usage.reasoning_output_tokens) == (4, 3)
    assert (usage.image_input_tokens, usage.audio_input_tokens, usage.audio_output_tokens) == (5, 2, 11)
    assert usage.image_output_tokens is None
    assert usage.wire == CHUNKS[-1]["usageMetadata"]


def test_array_and_object_give_the_same() -> None:
    streamed = _read(f"{STUDIO}:streamGenerateContent?alt=sse", b"".join(_events()), content_type=SSE)
    array = _read(f"{STUDIO}:streamGenerateContent", CHUNKS)
    plain = _read(f"{STUDIO}:generateContent", _plain())
    assert array == streamed
    assert replace(streamed, stream=False, shape=()) == plain


@pytest.mark.parametrize("cut", ["in mid-frame", "two frames before the end", "in the middle", "nothing came"])
def test_cut_streams_are_not_complete(cut: str) -> None:
    transcript = _read(f"{STUDIO}:streamGenerateContent?alt=sse", cuts(_events())[cut], content_type=SSE)
    assert transcript.stream
    assert not transcript.complete


@pytest.mark.parametrize("lost", [2, 4])
def test_stream_without_its_last_blank_line_is_whole_as_for_its_sdk(lost: int) -> None:
    body = b"".join(_events())
    url = f"{STUDIO}:streamGenerateContent?alt=sse"
    whole = _read(url, body, content_type=SSE)
    assert whole.complete
    assert _read(url, body[:-lost], content_type=SSE) == whole
    assert not _read(url, body.rstrip()[:-1], content_type=SSE).complete


@pytest.mark.parametrize("lost", [1, 40, 700])
def test_a_cut_array_gives_what_is_whole(lost: int) -> None:
    body = json.dumps(CHUNKS, indent=1, ensure_ascii=False).encode()[:-lost]
    transcript = _read(f"{VERTEX}:streamGenerateContent", body)
    assert transcript.text == "Olá é"
    assert transcript.stream
    assert not transcript.complete
    assert "not closed" in transcript.notes[0]


def test_candidates_stay_apart_by_index() -> None:
    def chunk(index: int, text: str, **more: Any) -> dict[str, Any]:
        return {"candidates": [{"index": index, "content": {"parts": [{"text": text}]}} | more]}

    chunks = [chunk(1, "b"), chunk(0, "a"), chunk(1, "B", finishReason="MAX_TOKENS"), chunk(0, "A")]
    url = f"{STUDIO}:streamGenerateContent?alt=sse"
    transcript = _read(url, b"".join(sse_event(each) for each in chunks), content_type=SSE)
    assert [(choice.index, choice.parts) for choice in transcript.choices] == [
        (0, (Text(text="aA"),)),
        (1, (Text(text="bB"),)),
    ]
    assert transcript.text == "aA"
    assert transcript.choices[1].finish is FinishReason.LENGTH
    assert not transcript.complete


@pytest.mark.parametrize(
    ("url", "number", "word"),
    [
        (STUDIO, 1, "STOP"),
        (VERTEX, 1, "STOP"),
        (STUDIO, 10, "MALFORMED_FUNCTION_CALL"),
        (VERTEX, 9, "MALFORMED_FUNCTION_CALL"),
        (VERTEX, 8, "SPII"),
        (STUDIO, 77, "77"),
    ],
)
def test_numbered_finish_reasons(url: str, number: int, word: str) -> None:
    body = {"candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": number}]}
    transcript = _read(f"{url}:generateContent?%24alt=json%3Benum-encoding%3Dint", body)
    assert transcript.finish_reason == word
    assert transcript.complete


@pytest.mark.parametrize("reason", ["SAFETY", 1])
@pytest.mark.parametrize("words", [None, "Not that."])
def test_a_blocked_prompt_says_so(reason: object, words: str | None) -> None:
    feedback = {"blockReason": reason} | ({"blockReasonMessage": words} if words else {})
    body = {"promptFeedback": feedback, "usageMetadata": {"promptTokenCount": 7}}
    transcript = _read(f"{STUDIO}:generateContent", body)
    message = "The prompt was blocked: SAFETY" + (": Not that." if words else "")
    assert transcript.error == ExchangeError(status=200, type="SAFETY", message=message)
    assert transcript.finish_reason == "SAFETY"
    assert transcript.choices[0].finish == FinishReason.CONTENT_FILTER
    assert transcript.refusal == words
    # The answer came whole, there was just nothing in it.
    assert transcript.complete
    assert transcript.usage is not None
    assert transcript.usage.input_tokens == 7


ERROR = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}


@pytest.mark.parametrize(
    "tail", [sse_event(ERROR), json.dumps(ERROR, indent=2).encode(), b"[" + json.dumps(ERROR).encode() + b"]\r\n"]
)
def test_errors_inside_a_stream(tail: bytes) -> None:
    body = b"".join(_events()[:3]) + tail
    transcript = _read(f"{STUDIO}:streamGenerateContent?alt=sse", body, content_type=SSE)
    assert transcript.error is not None
    assert transcript.error.message == "The model is overloaded."
    assert not transcript.complete
    assert transcript.text == "Olá "


@pytest.mark.parametrize("body", [ERROR, [ERROR]])
def test_http_errors(body: Any) -> None:
    transcript = _read(f"{STUDIO}:streamGenerateContent?alt=sse", body, status=503)
    assert transcript.error is not None
    assert (transcript.error.status, transcript.error.message) == (503, "The model is overloaded.")
    assert (transcript.stream, transcript.complete) == (False, False)


def test_arguments_that_arrive_in_pieces() -> None:
    def call(**fields: Any) -> dict[str, Any]:
        return _part_chunk([{"functionCall": fields}])

    pieces = [
        call(name="book", willContinue=True),
        call(partialArgs=[{"jsonPath": "$.city", "stringValue": "Flo", "willContinue": True}], willContinue=True),
        call(partialArgs=[{"jsonPath": "$.city", "stringValue": "rence"}], willContinue=True),
        call(partialArgs=[{"jsonPath": "$.days[0].on", "boolValue": True}], willContinue=True),
        call(partialArgs=[{"jsonPath": "$.days[1]['at']", "numberValue": 1.5}], willContinue=True),
        call(partialArgs=[{"jsonPath": "$.days.x", "nullValue": "NULL_VALUE"}]),
        call(name="next", args={"a": 1}),
    ]
    body = b"".join(sse_event(piece) for piece in pieces)
    transcript = _read(f"{VERTEX}:streamGenerateContent?alt=sse", body, content_type=SSE)
    assert [(call.name, call.parsed) for call in transcript.tool_calls] == [
        ("book", {"city": "Florence", "days": [{"on": True}, {"at": 1.5}]}),
        ("next", {"a": 1}),
    ]


def test_embeddings() -> None:
    body = {"embeddings": [{"values": [0.1]}], "usageMetadata": {"promptTokenCount": 11}}
    transcript = _read(f"{STUDIO}:batchEmbedContents", body)
    assert (transcript.protocol, transcript.complete) == ("gemini.embed_content", True)
    assert transcript.usage is not None
    assert (transcript.usage.input_tokens, transcript.usage.output_tokens) == (11, None)


def test_vertex_embeddings_are_counted_one_by_one() -> None:
    url = VERTEX.replace("gemini-2.5-pro", "text-embedding-005:predict")
    entries = [{"embeddings": {"values": [0.1], "statistics": {"token_count": count}}} for count in (3, 4)]
    transcript = _read(url, {"predictions": entries})
    assert (transcript.protocol, transcript.request_model) == ("gemini.embed_content", "text-embedding-005")
    assert transcript.usage is not None
    assert transcript.usage.input_tokens == 7
    assert _read(url, {"error": {"code": 400, "message": "no"}}, status=400).error is not None


@pytest.mark.parametrize(
    "path",
    [
        "gemini-2.5-flash:countTokens",
        "gemini-embedding-001:asyncBatchEmbedContent",
        "gemini-2.5-flash:batchGenerateContent",
        "gemini-2.5-flash",
    ],
)
def test_other_traffic_is_no_answer(path: str) -> None:
    assert registry.read(interaction(f"{STUDIO.rpartition('/')[0]}/{path}", {"totalTokens": 3})) is None


@pytest.mark.parametrize("body", [b"", b"{", b"[", b"[1, {}", b"null", b"\xff", b'{"candidates": 5}', b"data: 7\n\n"])
def test_garbage_is_no_complete_answer_and_never_raises(body: bytes) -> None:
    for method in ("generateContent", "streamGenerateContent?alt=sse", "embedContent"):
        transcript = _read(f"{STUDIO}:{method}", body)
        assert not transcript.complete
        assert transcript.text == ""
