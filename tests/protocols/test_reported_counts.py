"""Counts and units that bug reports tell of: what is billed."""

from __future__ import annotations

from typing import Any

import pytest

from .made import OPENAI, chunk, read, sse
from .reported import ANTHROPIC, ASKED, GEMINI, TEXT, USAGE, XAI, gemini, message
from .test_openai_responses import MESSAGE, response
from .test_openai_responses import URL as RESPONSES

ZEROS = dict.fromkeys(USAGE, 0)


PASS = {"input_tokens": 180_000, "output_tokens": 3500}
OWN = {"input_tokens": 23_000, "output_tokens": 1000}
COMPACTED = OWN | {"iterations": [{"type": "compaction", **PASS}, {"type": "message", **OWN}]}
ADVISED = OWN | {"iterations": [{"type": "advisor_message", "model": "other", **PASS}, {"type": "message", **OWN}]}
IMAGE = {
    "input_tokens": 7,
    "output_tokens": 272,
    "total_tokens": 279,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 7},
    "output_tokens_details": {"image_tokens": 272, "text_tokens": 0},
}
NO_IMAGE = {**dict.fromkeys(("input_tokens", "output_tokens", "total_tokens"), 0), "input_tokens_details": {}}
COUNTS: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "zeros at last": (
        OPENAI,
        sse(chunk({"content": "Hi"}, "stop", usage=USAGE), chunk(usage=ZEROS)),
        {"input_tokens": 10, "output_tokens": 5},
    ),
    "zeros alone": (OPENAI, sse(chunk({"content": "Hi"}, "stop"), chunk(usage=ZEROS)), {"input_tokens": 0}),
    "zeros at last, Gemini": (
        f"{GEMINI}:streamGenerateContent?alt=sse",
        sse(
            gemini("Hi", usageMetadata={"promptTokenCount": 5, "candidatesTokenCount": 2, "totalTokenCount": 7}),
            gemini("", "STOP", usageMetadata={"promptTokenCount": 0, "totalTokenCount": 0, "trafficType": "ON_DEMAND"}),
            done=False,
        ),
        {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7},
    ),
    "zeros at last, Anthropic": (
        ANTHROPIC,
        sse(
            {"type": "message_start", "message": {"content": [], "usage": {"input_tokens": 9, "output_tokens": 3}}},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn"},
                "usage": {"input_tokens": 0, "output_tokens": 0},
            },
            {"type": "message_stop"},
            done=False,
        ),
        {"input_tokens": 9, "output_tokens": 3},
    ),
    "cached tokens beside the prompt, by the total": (
        OPENAI,
        {
            "choices": [TEXT],
            "usage": {
                "prompt_tokens": 60,
                "completion_tokens": 5,
                "total_tokens": 115,
                "cache_read_input_tokens": 30,
                "cache_creation_input_tokens": 20,
            },
        },
        {"input_tokens": 110},
    ),
    "more cached tokens than the prompt": (
        OPENAI,
        {"choices": [TEXT], "usage": USAGE | {"prompt_tokens_details": {"cached_tokens": 100}}},
        {"input_tokens": 110},
    ),
    "cached tokens in the prompt": (
        OPENAI,
        {"choices": [TEXT], "usage": USAGE | {"prompt_tokens_details": {"cached_tokens": 8}}},
        {"input_tokens": 10},
    ),
    "reasoning beside the output of a response": (
        RESPONSES,
        response(
            MESSAGE,
            usage={
                "input_tokens": 10,
                "output_tokens": 5,
                "output_tokens_details": {"reasoning_tokens": 20},
                "total_tokens": 35,
            },
        ),
        {"output_tokens": 25},
    ),
    "a response that counts as a chat does": (
        RESPONSES,
        response(MESSAGE, usage=USAGE),
        {"input_tokens": 10, "output_tokens": 5},
    ),
    "counts inside the delta": (
        ANTHROPIC,
        sse(
            {"type": "message_start", "message": message({"input_tokens": 9, "output_tokens": 1})},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn", "usage": {"output_tokens": 15}}},
            {"type": "message_stop"},
            done=False,
        ),
        {"input_tokens": 9, "output_tokens": 15},
    ),
    "an estimate": (OPENAI, {"choices": [TEXT], "usage": USAGE | {"estimated_cost": 0.002}}, {"cost": 0.002}),
    "a pass that shortened the context": (
        ANTHROPIC,
        message(COMPACTED),
        {"input_tokens": 203_000, "output_tokens": 4500},
    ),
    "such a pass, streamed": (
        ANTHROPIC,
        sse(
            {"type": "message_start", "message": message({"input_tokens": 23_000, "output_tokens": 1})},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": COMPACTED},
            {"type": "message_stop"},
            done=False,
        ),
        {"input_tokens": 203_000, "output_tokens": 4500},
    ),
    "a model that was asked for advice has its own": (ANTHROPIC, message(ADVISED), OWN),
    "thoughts inside the candidates": (
        f"{GEMINI}:generateContent",
        gemini(
            "Hi",
            "STOP",
            usageMetadata={
                "promptTokenCount": 20,
                "candidatesTokenCount": 533,
                "thoughtsTokenCount": 382,
                "totalTokenCount": 553,
            },
        ),
        {"output_tokens": 533, "reasoning_output_tokens": 382},
    ),
    "searches of Gemini": (
        f"{GEMINI}:generateContent",
        {
            "candidates": [
                {"content": {"parts": [{"text": "x"}]}, "groundingMetadata": {"webSearchQueries": ["a", "b"]}}
            ],
            "usageMetadata": {"promptTokenCount": 1},
        },
        {"server_tool_calls": {"web_search": 2}},
    ),
    "searches that a response lists": (
        RESPONSES,
        response(
            {"type": "web_search_call", "id": "1", "status": "completed", "action": {"type": "search", "query": "x"}},
            {"type": "web_search_call", "id": "2", "status": "completed", "action": {"type": "open_page", "url": "u"}},
            {"type": "file_search_call", "id": "3", "queries": ["x"]},
            MESSAGE,
        ),
        {"server_tool_calls": {"web_search": 1, "file_search": 1}},
    ),
    "searches that are counted": (
        RESPONSES,
        response(
            {"type": "web_search_call", "id": "1"},
            tool_usage={"web_search": {"num_requests": 0}, "image_gen": NO_IMAGE},
        ),
        {"server_tool_calls": {}},
    ),
    "an image tool": (
        RESPONSES,
        response(MESSAGE, tool_usage={"image_gen": IMAGE, "web_search": {"num_requests": 0}}),
        {"input_tokens": 27, "output_tokens": 281, "total_tokens": 308, "image_output_tokens": 272},
    ),
    "the key of one's own": (
        OPENAI,
        {
            "choices": [TEXT],
            "usage": USAGE | {"cost": 0.0018, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.036}},
        },
        {"cost": 0.0378},
    ),
    "somebody else's key": (
        OPENAI,
        {
            "choices": [TEXT],
            "usage": USAGE | {"cost": 0.002, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.0019}},
        },
        {"cost": 0.002},
    ),
    "ticks": (
        f"{XAI}/completions",
        {"choices": [TEXT], "usage": USAGE | {"cost_in_usd_ticks": 232_856_000}},
        {"cost": 0.0232856},
    ),
    "ticks of a response": (
        "https://api.x.ai/v1/responses",
        response(MESSAGE, usage={"input_tokens": 1, "cost_in_usd_ticks": 5}),
        {"cost": 5e-10},
    ),
}


@pytest.mark.parametrize("kind", COUNTS)
def test_what_is_billed(kind: str) -> None:
    url, answer, expected = COUNTS[kind]
    usage = read(url, answer, request=ASKED | {"max_tokens": 5}).usage
    assert {name: getattr(usage, name) for name in expected} == expected
