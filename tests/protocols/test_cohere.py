"""Cohere version 2: chat, streamed or plain, and embed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from wire_exchanges import SSE, cuts, interaction, sse_event

from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.transcript import (
    Citation,
    ExchangeError,
    FinishReason,
    Other,
    Reasoning,
    Text,
    ToolCall,
    Transcript,
)

CHAT = "https://api.cohere.com/v2/chat"
EMBED = "https://api.cohere.com/v2/embed"
ASKED = {"model": "command-a-03-2025", "messages": []}
SOURCE = {"type": "document", "document": {"title": "T", "url": "https://e"}}
CITATION = {"start": 0, "end": 3, "text": "Olá", "sources": [SOURCE], "content_index": 1}
USAGE = {
    "billed_units": {"input_tokens": 7, "output_tokens": 8},
    "tokens": {"input_tokens": 69, "output_tokens": 9.0},
    "cached_tokens": 32,
}
CALLS = [
    {"id": "add_1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}},
    {"id": "now_1", "type": "function", "function": {"name": "now", "arguments": "{}"}},
]
ANSWER = {
    "id": "r1",
    "message": {
        "role": "assistant",
        "tool_plan": "I will add.",
        "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Olá!"}],
        "tool_calls": CALLS,
        "citations": [CITATION],
    },
    "finish_reason": "TOOL_CALL",
    "usage": USAGE,
}


def _event(kind: str, index: int | None = None, **message: Any) -> bytes:
    value: dict[str, Any] = {"type": kind, "delta": {"message": message}}
    if index is not None:
        value["index"] = index
    return sse_event(value, kind)


EVENTS = [
    sse_event({"id": "r1", "type": "message-start", "delta": {"message": {"content": [], "tool_plan": ""}}}),
    _event("tool-plan-delta", tool_plan="I will "),
    _event("tool-plan-delta", tool_plan="add."),
    _event("content-start", 0, content={"type": "thinking", "thinking": ""}),
    _event("content-delta", 0, content={"thinking": "Hm."}),
    _event("content-end", 0),
    _event("content-start", 1, content={"type": "text", "text": ""}),
    _event("content-delta", 1, content={"text": "Ol"}),
    _event("content-delta", 1, content={"text": "á!"}),
    _event("citation-start", 0, citations=CITATION),
    _event("tool-call-start", 0, tool_calls={"id": "add_1", "function": {"name": "add", "arguments": ""}}),
    _event("tool-call-delta", 0, tool_calls={"function": {"arguments": '{"a"'}}),
    _event("tool-call-start", 1, tool_calls={"id": "now_1", "function": {"name": "now", "arguments": ""}}),
    _event("tool-call-delta", 0, tool_calls={"function": {"arguments": ": 1}"}}),
    _event("tool-call-delta", 1, tool_calls={"function": {"arguments": "{}"}}),
    sse_event({"type": "debug", "prompt": "..."}),
    sse_event({"type": "message-end", "delta": {"finish_reason": "TOOL_CALL", "usage": USAGE}}, "message-end"),
    sse_event("[DONE]"),
]
PARTS = (
    Other(kind="tool_plan", raw="I will add."),
    Reasoning(text="Hm."),
    Text(text="Olá!", citations=(Citation(title="T", url="https://e", quote="Olá", raw=CITATION),)),
    ToolCall(id="add_1", name="add", arguments='{"a": 1}'),
    ToolCall(id="now_1", name="now", arguments="{}"),
)


def _read(url: str, body: Any, **how: Any) -> Transcript:
    transcript = registry.read(interaction(url, body, asked=ASKED, **how))
    assert transcript is not None
    return transcript


def test_plain_answer() -> None:
    transcript = _read(CHAT, ANSWER)
    assert transcript.parts == PARTS
    assert (transcript.protocol, transcript.provider) == ("cohere.chat", "cohere")
    assert (transcript.id, transcript.model, transcript.request_model) == ("r1", None, "command-a-03-2025")
    assert transcript.reasoning == "Hm."
    assert transcript.choices[0].finish is FinishReason.TOOL_CALL
    assert transcript.complete
    usage = transcript.usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (69, 9, None)
    assert usage.cache_read_input_tokens == 32
    assert usage.wire["billed_units"] == {"input_tokens": 7, "output_tokens": 8}


def test_streamed_answer_is_the_plain_one() -> None:
    streamed = _read(CHAT, b"".join(EVENTS), content_type=SSE)
    assert streamed.stream
    assert replace(streamed, stream=False, shape=()) == _read(CHAT, ANSWER)


@pytest.mark.parametrize("cut", ["in mid-frame", "two frames before the end", "in the middle", "nothing came"])
def test_cut_streams_are_not_complete(cut: str) -> None:
    # Without the [DONE] line, which not every stream has: what counts is message-end.
    transcript = _read(CHAT, cuts(EVENTS[:-1])[cut], content_type=SSE)
    assert transcript.stream
    assert not transcript.complete


def test_calls_under_one_number() -> None:
    events = [
        _event(f"tool-call-{step}", 0, tool_calls={"id": name, "function": {"name": name, "arguments": words}})
        for name, given in (("add", '{"x":1}'), ("mul", '{"y":2}'))
        for step, words in (("start", ""), ("delta", given))
    ]
    found = _read(CHAT, b"".join(events), content_type=SSE)
    assert [(call.name, call.arguments) for call in found.tool_calls] == [("add", '{"x":1}'), ("mul", '{"y":2}')]


def test_a_cut_message_end_is_no_end() -> None:
    assert not _read(CHAT, b"".join(EVENTS[:-1])[:-1], content_type=SSE).complete
    assert _read(CHAT, b"".join(EVENTS[:-1]), content_type=SSE).complete


def test_billed_units_stand_in_where_tokens_are_not_counted() -> None:
    transcript = _read(CHAT, ANSWER | {"usage": {"billed_units": {"input_tokens": 7, "search_units": 1}}})
    assert transcript.usage is not None
    assert (transcript.usage.input_tokens, transcript.usage.output_tokens) == (7, None)
    assert transcript.usage.server_tool_calls == {"search": 1}
    assert _read(CHAT, {name: value for name, value in ANSWER.items() if name != "usage"}).usage is None


def test_errors() -> None:
    refused = _read(CHAT.replace("/chat", "/embed"), {"id": "e1", "message": "invalid token"}, status=401)
    assert (refused.id, refused.complete, refused.error.message) == (None, False, "invalid token")
    missing = _read(CHAT, {"id": "e1", "message": "model not found"}, status=404)
    assert missing.error == ExchangeError(status=404, type=None, message="model not found")
    end = {"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "it broke"}}
    broken = _read(CHAT, b"".join(EVENTS[:9]) + sse_event(end), content_type=SSE)
    assert broken.error == ExchangeError(status=200, type="ERROR", message="it broke")
    assert broken.text == "Olá!"
    assert not broken.complete


def test_embed() -> None:
    body = {
        "id": "e1",
        "embeddings": {"float": [[0.1]]},
        "meta": {"billed_units": {"input_tokens": 4, "image_tokens": 0}},
    }
    transcript = _read(EMBED, body)
    assert (transcript.protocol, transcript.id, transcript.complete) == ("cohere.embed", "e1", True)
    assert transcript.usage is not None
    assert (transcript.usage.input_tokens, transcript.usage.output_tokens) == (4, None)
    assert not _read(EMBED, {"message": "no"}).complete


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"message": 5}', b"data: 7\n\n"])
def test_garbage_is_no_complete_answer_and_never_raises(body: bytes) -> None:
    for url in (CHAT, EMBED):
        transcript = _read(url, body)
        assert not transcript.complete
        assert transcript.text == ""
