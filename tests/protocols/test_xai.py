"""xAI's own SDK over gRPC: chats, streamed and deferred, and its other services."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.protocols.transcript import FinishReason, ServerToolCall, ServerToolResult

from .spoken import (
    call,
    read,
)

ASKED = {"model": "grok-4", "messages": [{"role": "ROLE_USER", "content": [{"text": "Hi"}]}]}
SAMPLED = {
    "prompt_tokens": 100,
    "completion_tokens": 9,
    "reasoning_tokens": 20,
    "total_tokens": 129,
    "prompt_text_tokens": 90,
    "cached_prompt_text_tokens": 60,
    "prompt_image_tokens": 10,
    "num_sources_used": 2,
    "cost_in_usd_ticks": "5000000",
    "server_side_tools_used": ["SERVER_SIDE_TOOL_WEB_SEARCH", "SERVER_SIDE_TOOL_WEB_SEARCH"],
}
GROK: dict[str, Any] = {"id": "g1", "model": "grok-4-0709", "created": "2026-01-16T17:05:02.153248979Z"}
WHOLE = {
    **GROK,
    "outputs": [
        {
            "finish_reason": "REASON_STOP",
            "message": {"content": "Hello.", "reasoning_content": "Be kind.", "role": "ROLE_ASSISTANT"},
        }
    ],
    "usage": SAMPLED,
    "citations": ["https://x.example/1"],
    "service_tier": "SERVICE_TIER_DEFAULT",
}
CHUNKS = [
    {**GROK, "outputs": [{"delta": {"reasoning_content": "Be kind.", "role": "ROLE_ASSISTANT"}}]},
    {**GROK, "outputs": [{"delta": {"content": "Hel"}}], "usage": {"prompt_tokens": 100, "completion_tokens": 1}},
    {**GROK, "outputs": [{"delta": {"content": "lo."}}]},
    {
        **GROK,
        "outputs": [{"finish_reason": "REASON_STOP", "delta": {}}],
        "usage": SAMPLED,
        "citations": ["https://x.example/1"],
        "service_tier": "SERVICE_TIER_DEFAULT",
    },
]
# With the names that protobuf's JSON has by itself.
CAMEL = {
    **GROK,
    "outputs": [
        {"finishReason": "REASON_STOP", "message": {"content": "Hello.", "reasoningContent": "Be kind."}},
    ],
    "usage": {
        "promptTokens": 100,
        "completionTokens": 9,
        "reasoningTokens": 20,
        "totalTokens": 129,
        "cachedPromptTextTokens": 60,
        "promptImageTokens": 10,
        "numSourcesUsed": 2,
        "costInUsdTicks": "5000000",
        "serverSideToolsUsed": ["SERVER_SIDE_TOOL_WEB_SEARCH", "SERVER_SIDE_TOOL_WEB_SEARCH"],
    },
    "citations": ["https://x.example/1"],
    "serviceTier": "SERVICE_TIER_DEFAULT",
}
DEFERRED = {"status": "DONE", "response": WHOLE}


@pytest.mark.parametrize(
    "interaction",
    [
        call("Chat/GetCompletion", ASKED, WHOLE),
        call("Chat/GetCompletion", ASKED, CAMEL),
        call("Chat/GetCompletionChunk", ASKED, *CHUNKS),
        call("Chat/GetDeferredCompletion", {"request_id": "r"}, DEFERRED),
    ],
    ids=["whole", "other names", "in chunks", "waited for"],
)
def test_xai_chat(interaction: Interaction) -> None:
    transcript = read(interaction)
    assert (transcript.protocol, transcript.provider, transcript.kind) == ("xai.chat", "xai", "chat")
    assert (transcript.id, transcript.model, transcript.service_tier) == ("g1", "grok-4-0709", "default")
    assert (transcript.text, transcript.reasoning) == ("Hello.", "Be kind.")
    assert (transcript.finish_reason, transcript.choices[0].finish) == ("REASON_STOP", FinishReason.STOP)
    assert transcript.complete
    assert transcript.created == pytest.approx(1768583102.153)
    assert transcript.stream == interaction.request.url.endswith("Chunk")
    assert transcript.parts[-1].citations[0].url == "https://x.example/1"
    usage = transcript.usage
    assert usage is not None
    assert usage.check() == ()
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (100, 29, 129)
    assert (usage.cache_read_input_tokens, usage.reasoning_output_tokens, usage.image_input_tokens) == (60, 20, 10)
    assert (usage.server_tool_calls, usage.billed_units, usage.cost) == ({"web_search": 2}, {"sources": 2}, 0.0005)


def test_xai_calls_tools() -> None:
    mine = {
        "id": "c1",
        "type": "TOOL_CALL_TYPE_CLIENT_SIDE_TOOL",
        "function": {"name": "add", "arguments": '{"a":1}'},
    }
    theirs = {
        "id": "c2",
        "type": "TOOL_CALL_TYPE_CODE_EXECUTION_TOOL",
        "function": {"name": "code_execution", "arguments": '{"code":"2"}'},
    }
    transcript = read(
        call(
            "Chat/GetCompletionChunk",
            ASKED,
            {"outputs": [{"delta": {"role": "ROLE_ASSISTANT", "tool_calls": [theirs]}}]},
            {"outputs": [{"delta": {"role": "ROLE_ASSISTANT"}, "finish_reason": "REASON_TOOL_CALLS"}]},
            {"outputs": [{"index": 1, "delta": {"role": "ROLE_TOOL", "content": "2", "tool_calls": [theirs]}}]},
            {"outputs": [{"index": 2, "delta": {"content": "Two."}}]},
            {"outputs": [{"index": 2, "delta": {"tool_calls": [mine]}, "finish_reason": "REASON_TOOL_CALLS"}]},
        )
    )
    assert transcript.text == "Two."
    assert [(one.id, one.name, one.parsed) for one in transcript.tool_calls] == [("c1", "add", {"a": 1})]
    assert transcript.choices[0].finish is FinishReason.TOOL_CALL
    ran = [part for part in transcript.parts if isinstance(part, (ServerToolCall, ServerToolResult))]
    assert [(part.id, part.name) for part in ran] == [("c2", "code_execution")] * 2
    assert isinstance(ran[1], ServerToolResult)
    assert ran[1].content == "2"


def test_xai_alternatives_are_choices() -> None:
    outputs = [
        {"index": number, "finish_reason": "REASON_MAX_LEN", "message": {"content": words}}
        for number, words in enumerate(("a", "b"))
    ]
    transcript = read(call("Chat/GetCompletion", {**ASKED, "n": 2}, {**GROK, "outputs": outputs}))
    assert [(one.text, one.finish) for one in transcript.choices] == [("a", "length"), ("b", "length")]


@pytest.mark.parametrize(
    ("interaction", "error", "complete"),
    [
        (call("Chat/GetCompletion", ASKED, status=8, words="Slow down."), ("RESOURCE_EXHAUSTED", "Slow down."), False),
        (call("Chat/GetCompletionChunk", ASKED, *CHUNKS[:2], status=14), ("UNAVAILABLE", None), False),
        (call("Chat/GetCompletionChunk", ASKED, *CHUNKS[:2]), None, False),
        (call("Chat/GetCompletionChunk", ASKED, b"\x01", *CHUNKS), None, False),
        (call("Chat/GetCompletion", ASKED), None, False),
    ],
    ids=["refused", "broken", "without an end", "without JSON", "no answer"],
)
def test_xai_ends_badly(interaction: Interaction, error: tuple[str, str | None] | None, complete: bool) -> None:
    transcript = read(interaction)
    assert (transcript.error and (transcript.error.type, transcript.error.message)) == error
    assert transcript.complete is complete


@pytest.mark.parametrize(
    ("interaction", "protocol", "kind", "units"),
    [
        (
            call(
                "Sample/SampleText",
                {"prompt": ["x"]},
                {**GROK, "choices": [{"text": "y", "finishReason": "REASON_STOP"}]},
            ),
            *("xai.sample", "completion", None),
        ),
        (
            call(
                "Image/GenerateImage",
                {"prompt": "x"},
                {"images": [{"base64": "data:image/png;base64,AAAA"}], "model": "i"},
            ),
            *("xai.image", "image", {"images": 1}),
        ),
        (
            call("Video/GetDeferredVideo", {}, {"status": "DONE", "response": {"video": {"url": "u", "duration": 5}}}),
            *("xai.video", "video", {"seconds": 5}),
        ),
        (
            call("Embedder/Embed", {"model": "e"}, {"usage": {"numTextEmbeddings": 2}, "embeddings": []}),
            *("xai.embed", "embedding", {"text_embeddings": 2}),
        ),
    ],
)
def test_other_services_of_xai(interaction: Interaction, protocol: str, kind: str, units: Any) -> None:
    transcript = read(interaction)
    assert (transcript.protocol, transcript.kind, transcript.complete) == (protocol, kind, True)
    assert (transcript.usage and transcript.usage.billed_units) == units
