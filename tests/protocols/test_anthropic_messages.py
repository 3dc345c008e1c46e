"""Anthropic's Messages API in all its homes and shapes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from aws_frames import chunk, exception, frame
from wire_exchanges import AWS, SSE, cuts, interaction, sse_event

from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.transcript import (
    Citation,
    ExchangeError,
    FinishReason,
    Other,
    Reasoning,
    ServerToolCall,
    ServerToolResult,
    Text,
    ToolCall,
    Transcript,
)

DIRECT = "https://api.anthropic.com/v1/messages?beta=true"
BEDROCK = "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/invoke"
ASKED = {"model": "claude-sonnet-4-5", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}

CITED = {"type": "web_search_result_location", "url": "https://e.org", "title": "E", "cited_text": "quote"}
CONTENT: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "Let me see.", "signature": "c2ln"},
    {"type": "redacted_thinking", "data": "ZGF0YQ=="},
    {"type": "text", "text": "Bom ", "citations": None},
    {"type": "text", "text": "dia é", "citations": [CITED]},
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}},
    {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"type": "web_search_result"}]},
    {"type": "mcp_tool_use", "id": "mcptoolu_1", "name": "echo", "server_name": "s", "input": {}},
    {"type": "mcp_tool_result", "tool_use_id": "mcptoolu_1", "is_error": False, "content": []},
    {"type": "compaction", "content": "summary"},
    {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": 2, "b": 1.0, "c": "é"}},
    {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}},
]
USAGE = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 20,
    "cache_read_input_tokens": 300,
    "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 40,
    "output_tokens_details": {"thinking_tokens": 7},
    "server_tool_use": {"web_search_requests": 1},
    "service_tier": "standard",
}
MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": CONTENT,
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": USAGE,
}


def _deltas(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    kind = block["type"]
    if kind == "text":
        half = len(block["text"]) // 2
        deltas = [{"type": "text_delta", "text": text} for text in (block["text"][:half], block["text"][half:])]
        deltas += [{"type": "citations_delta", "citation": citation} for citation in block["citations"] or []]
        return {"type": "text", "text": ""}, deltas
    if kind == "thinking":
        return {"type": "thinking", "thinking": "", "signature": ""}, [
            {"type": "thinking_delta", "thinking": "Let me "},
            {"type": "thinking_delta", "thinking": "see."},
            {"type": "signature_delta", "signature": "c2ln"},
        ]
    if kind.endswith("tool_use"):
        written = json.dumps(block["input"], separators=(",", ":"), ensure_ascii=False) if block["input"] else ""
        pieces = [written[i : i + 3] for i in range(0, len(written), 3)] or [""]
        return block | {"input": {}}, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    if kind == "compaction":
        return {"type": kind, "content": None}, [{"type": "compaction_delta", "content": "summary"}]
    return block, []


def _events() -> list[dict[str, Any]]:
    start = MESSAGE | {"content": [], "stop_reason": None, "usage": USAGE | {"output_tokens": 1, "input_tokens": 4}}
    del start["usage"]["server_tool_use"], start["usage"]["output_tokens_details"]
    events: list[dict[str, Any]] = [{"type": "message_start", "message": start}, {"type": "ping"}]
    for index, block in enumerate(CONTENT):
        begun, deltas = _deltas(block)
        events.append({"type": "content_block_start", "index": index, "content_block": begun})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    usage = {
        name: USAGE[name] for name in ("input_tokens", "output_tokens", "output_tokens_details", "server_tool_use")
    }
    usage["cache_read_input_tokens"] = None
    events.append({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": usage})
    events.append({"type": "message_stop"})
    return events


def _sse() -> list[bytes]:
    return [sse_event(event, event["type"]) for event in _events()]


def _read(url: str, body: Any, **how: Any) -> Transcript:
    transcript = registry.read(interaction(url, body, asked=ASKED, **how))
    assert transcript is not None
    assert transcript.protocol == "anthropic.messages"
    return transcript


PARTS = (
    Reasoning(text="Let me see.", signature="c2ln"),
    Reasoning(encrypted="ZGF0YQ=="),
    Text(text="Bom "),
    Text(text="dia é", citations=(Citation(title="E", url="https://e.org", quote="quote", raw=CITED),)),
    ServerToolCall(id="srvtoolu_1", name="web_search", arguments='{"query":"x"}'),
    ServerToolResult(id="srvtoolu_1", name="web_search", content=[{"type": "web_search_result"}]),
    ServerToolCall(id="mcptoolu_1", name="echo", arguments="{}"),
    ServerToolResult(id="mcptoolu_1", name="mcp", content=[]),
    Other(kind="compaction", raw={"type": "compaction", "content": "summary"}),
    ToolCall(id="toolu_1", name="add", arguments='{"a":2,"b":1.0,"c":"é"}'),
    ToolCall(id="toolu_2", name="now", arguments="{}"),
)


def test_plain_answer() -> None:
    transcript = _read(DIRECT, MESSAGE)
    assert transcript.parts == PARTS
    assert (transcript.id, transcript.model) == ("msg_1", "claude-sonnet-4-5-20250929")
    assert transcript.request_model == "claude-sonnet-4-5"
    assert transcript.finish_reason == "tool_use"
    assert transcript.choices[0].finish is FinishReason.TOOL_CALL
    assert (transcript.complete, transcript.stream, transcript.provider) == (True, False, "anthropic")
    usage = transcript.usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (330, 40, None)
    assert (usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (300, 20)
    assert usage.reasoning_output_tokens == 7
    assert usage.server_tool_calls == {"web_search": 1}


def test_streamed_answer_is_the_plain_one() -> None:
    plain = _read(DIRECT, MESSAGE)
    streamed = _read(DIRECT, b"".join(_sse()), content_type=SSE)
    assert streamed.shape[:3] == (("message_start", 1), ("ping", 1), ("content_block_start", 11))
    assert replace(streamed, stream=False, shape=()) == plain


def test_bedrock_stream_is_the_plain_one_too() -> None:
    frames = b"".join(chunk(event) for event in _events())
    streamed = _read(f"{BEDROCK}-with-response-stream", frames, content_type=AWS)
    assert (streamed.parts, streamed.usage) == (PARTS, _read(DIRECT, MESSAGE).usage)
    assert streamed.provider == "bedrock"
    assert streamed.request_model == "us.anthropic.claude-haiku-4-5-20251001-v1:0"
    assert streamed.complete


@pytest.mark.parametrize("frame_of", ["sse", "aws"])
@pytest.mark.parametrize("cut", ["in mid-frame", "two frames before the end", "in the middle", "nothing came"])
def test_cut_streams_are_not_complete(frame_of: str, cut: str) -> None:
    if frame_of == "sse":
        transcript = _read(DIRECT, cuts(_sse())[cut], content_type=SSE)
    else:
        frames = [chunk(event) for event in _events()]
        transcript = _read(f"{BEDROCK}-with-response-stream", cuts(frames)[cut], content_type=AWS)
    assert transcript.stream
    assert not transcript.complete


def test_stream_without_its_last_blank_line_is_cut() -> None:
    transcript = _read(DIRECT, b"".join(_sse())[:-1], content_type=SSE)
    assert not transcript.complete
    assert "ends inside an event" in transcript.notes[0]


def _odd(event: dict[str, Any], number: int) -> bytes:
    """The same event, framed in ways that the rules allow and nobody has recorded yet."""
    name, data = event["type"], json.dumps(event, indent=1)
    lines = [f"data:{line}" if number % 2 else f"data: {line}" for line in data.splitlines()]
    head = ["id: 7", "retry: 10", ": comment"] if number % 3 == 0 else []
    end = ("\r\n", "\n", "\r")[number % 3]
    return end.join([*head, *lines, f"event: {name}", "", ""]).encode()


def test_framing_that_was_never_seen_makes_no_difference() -> None:
    body = b"\xef\xbb\xbf" + b"".join(_odd(event, number) for number, event in enumerate(_events()))
    transcript = _read(DIRECT, body, content_type=SSE)
    assert transcript.parts == PARTS
    assert transcript.complete


def test_interleaved_blocks_and_a_head_that_is_missing() -> None:
    def delta(index: int, text: str) -> bytes:
        return sse_event(
            {
                "type": "content_block_delta",
                "index": index,
                "delta": {"type": "input_json_delta", "partial_json": text},
            }
        )

    starts = [
        sse_event(
            {
                "type": "content_block_start",
                "index": i,
                "content_block": {"type": "tool_use", "id": f"t{i}", "name": "f", "input": {}},
            }
        )
        for i in (0, 1)
    ]
    tail = sse_event({"type": "content_block_delta", "index": 5, "delta": {"type": "text_delta", "text": "late"}})
    body = b"".join([*starts, delta(0, '{"a"'), delta(1, '{"b"'), delta(0, ":1}"), delta(1, ":2}"), tail])
    transcript = _read(DIRECT, body, content_type=SSE)
    assert [(call.id, call.parsed) for call in transcript.tool_calls] == [("t0", {"a": 1}), ("t1", {"b": 2})]
    assert transcript.text == "late"
    assert not transcript.complete


def test_unknown_blocks_events_and_deltas_are_kept_or_passed() -> None:
    events = [
        {"type": "message_start", "message": MESSAGE | {"content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "hologram", "text": "a"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "b"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "ray_delta", "rays": 3}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "spin_delta", "spin": "up"}},
        {"type": "moon_phase", "phase": "full"},
        {"type": "message_delta", "delta": {"stop_reason": "pause_turn"}, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    ]
    transcript = _read(DIRECT, b"".join(sse_event(event) for event in events), content_type=SSE)
    assert transcript.parts == (
        Other(kind="hologram", raw={"type": "hologram", "text": "ab", "rays": 3}),
        Other(kind="spin_delta", raw={"type": "spin_delta", "spin": "up"}),
    )
    assert transcript.choices[0].finish is FinishReason.OTHER
    assert transcript.complete


def test_a_fallback_block_names_the_model_that_answered() -> None:
    """In a stream; a plain answer's own `model` says it already (anthropic's `accumulate_event`)."""
    block = {"type": "fallback", "from": {"model": "a"}, "to": {"model": "claude-haiku-4-5"}}
    start = {"type": "message_start", "message": MESSAGE | {"content": []}}
    streamed = sse_event(start) + sse_event({"type": "content_block_start", "index": 0, "content_block": block})
    assert _read(DIRECT, streamed, content_type=SSE).model == "claude-haiku-4-5"
    assert _read(DIRECT, MESSAGE | {"content": [block]}).model == MESSAGE["model"]


@pytest.mark.parametrize(
    ("frames", "content_type", "expected"),
    [
        (
            sse_event({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "error"),
            SSE,
            ExchangeError(status=200, type="overloaded_error", message="Overloaded"),
        ),
        (
            exception("throttlingException", "slow down"),
            AWS,
            ExchangeError(status=200, type="throttlingException", message="slow down"),
        ),
        (
            frame({":message-type": "error", ":error-code": "InternalError", ":error-message": "sorry"}),
            AWS,
            ExchangeError(status=200, type="InternalError", message="sorry"),
        ),
    ],
)
def test_errors_inside_a_stream(frames: bytes, content_type: str, expected: ExchangeError) -> None:
    events = _events()
    if content_type == SSE:
        body, url = b"".join(_sse()[:5]) + frames, DIRECT
    else:
        body, url = b"".join(chunk(event) for event in events) + frames, f"{BEDROCK}-with-response-stream"
    transcript = _read(url, body, content_type=content_type)
    assert transcript.error == expected
    assert not transcript.complete
    assert transcript.reasoning == "Let me see."


@pytest.mark.parametrize(
    ("url", "status", "body", "headers", "expected"),
    [
        (
            DIRECT,
            529,
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "r"},
            {},
            ("overloaded_error", "Overloaded"),
        ),
        (DIRECT, 502, b"<html><head><title>502 Bad Gateway</title></head></html>", {}, (None, "502 Bad Gateway")),
        (DIRECT, 500, b"", {}, (None, None)),
        (
            BEDROCK,
            400,
            {"message": "no such model"},
            {"x-amzn-ErrorType": "ValidationException:http://internal.amazon.com/"},
            ("ValidationException", "no such model"),
        ),
        (BEDROCK, 403, {"__type": "com.amazon#AccessDenied", "message": "no"}, {}, ("AccessDenied", "no")),
    ],
)
def test_http_errors(
    url: str, status: int, body: Any, headers: dict[str, str], expected: tuple[str | None, str | None]
) -> None:
    transcript = _read(url, body, status=status, headers=headers)
    assert transcript.error == ExchangeError(status=status, type=expected[0], message=expected[1])
    assert not transcript.complete
    assert transcript.choices == ()


def test_claude_2_completions_inside_bedrock() -> None:
    url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-v2/invoke"
    counted = {"X-Amzn-Bedrock-Input-Token-Count": "18", "X-Amzn-Bedrock-Output-Token-Count": "87"}
    plain = _read(url, {"completion": " Hi", "stop_reason": "stop_sequence", "stop": "x"}, headers=counted)
    metrics = {"inputTokenCount": 18, "outputTokenCount": 87}
    frames = [
        chunk({"type": "completion", "completion": " H", "stop_reason": None}),
        chunk(
            {
                "type": "completion",
                "completion": "i",
                "stop_reason": "stop_sequence",
                "amazon-bedrock-invocationMetrics": metrics,
            }
        ),
    ]
    streamed = _read(f"{url}-with-response-stream", b"".join(frames), content_type=AWS)
    for transcript in (plain, streamed):
        assert transcript.text == " Hi"
        assert transcript.usage is not None
        assert (transcript.usage.input_tokens, transcript.usage.output_tokens) == (18, 87)
        assert transcript.complete
    assert not _read(f"{url}-with-response-stream", frames[0], content_type=AWS).complete


@pytest.mark.parametrize(
    ("url", "provider", "model"),
    [
        (
            "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5/publishers/anthropic/models/"
            "claude-sonnet-4@20250514:streamRawPredict",
            "vertex",
            "claude-sonnet-4@20250514",
        ),
        ("https://x.services.ai.azure.com/anthropic/v1/messages", "azure", "claude-sonnet-4-5"),
        ("https://openrouter.ai/api/v1/messages", "openrouter", "claude-sonnet-4-5"),
        (
            "https://bedrock-runtime.eu-west-1.amazonaws.com/model/us.anthropic.claude-opus-4-8/invoke",
            "bedrock",
            "us.anthropic.claude-opus-4-8",
        ),
    ],
)
def test_homes(url: str, provider: str, model: str) -> None:
    transcript = _read(url, MESSAGE)
    assert (transcript.provider, transcript.request_model) == (provider, model)
    assert transcript.text == "Bom dia é"


@pytest.mark.parametrize("arn", ["arn%3Aaws%3Abedrock%3A1%3Aprofile%2Fabc", "arn:aws:bedrock:1:profile/abc"])
def test_an_inference_profile_is_known_by_the_request(arn: str) -> None:
    """With its slash escaped, or not, as by older SDKs."""
    url = f"https://bedrock-runtime.us-east-1.amazonaws.com/model/{arn}/invoke"
    exchange = interaction(url, MESSAGE, asked={"anthropic_version": "bedrock-2023-05-31", "messages": []})
    transcript = registry.read(exchange)
    assert transcript is not None
    assert (transcript.protocol, transcript.request_model) == ("anthropic.messages", "arn:aws:bedrock:1:profile/abc")


@pytest.mark.parametrize(
    "url",
    [
        "https://api.anthropic.com/v1/messages/count_tokens",
        "https://api.anthropic.com/v1/messages/batches",
        "https://api.nexmo.com/v1/messages",
        "https://us-east5-aiplatform.googleapis.com/v1/publishers/anthropic/models/count-tokens:rawPredict",
    ],
)
def test_other_traffic_is_no_message(url: str) -> None:
    assert registry.read(interaction(url, {"ok": True}, asked={"to": "49123", "text": "hi"})) is None


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"data: {}\n\n", b'{"content": 5, "usage": []}']
)
def test_garbage_is_no_complete_answer_and_never_raises(body: bytes) -> None:
    for url in (DIRECT, BEDROCK, f"{BEDROCK}-with-response-stream"):
        transcript = _read(url, body)
        assert not transcript.complete
        assert transcript.text == ""
