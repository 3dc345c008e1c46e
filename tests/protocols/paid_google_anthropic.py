"""What is paid for at Anthropic and Google."""

from __future__ import annotations

import json
from typing import Any

from .paid_case import PNG, PNG64, Paid, counts, line, plain, streamed

MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-x",
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 3},
}
GEMINI = "https://generativelanguage.googleapis.com/v1"
CONTENT = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15},
    "modelVersion": "gemini-x",
}
INLINED = {"inlinedResponses": {"inlinedResponses": [{"response": CONTENT}, {"response": CONTENT}]}}
INTERACTION_USAGE = {
    "total_input_tokens": 10,
    "total_output_tokens": 5,
    "total_thought_tokens": 3,
    "total_cached_tokens": 4,
    "total_tokens": 18,
}
STEPS = [
    {"type": "thought", "signature": "c2ln", "summary": [{"type": "text", "text": "Hm."}]},
    {"type": "model_output", "content": [{"type": "text", "text": "Hello"}]},
    {"type": "function_call", "id": "c1", "name": "add", "arguments": {"x": 1}},
]
INTERACTION = {
    "id": "i1",
    "object": "interaction",
    "model": "gemini-x",
    "status": "requires_action",
    "steps": STEPS,
    "usage": INTERACTION_USAGE,
}
INTERACTION_SAYS = {
    "text": "Hello",
    "reasoning": "Hm.",
    "calls": [("c1", "add", '{"x":1}')],
    "id": "i1",
    "finish_reason": "requires_action",
    **counts(10, 8, 18),
    "usage.cache_read_input_tokens": 4,
    "usage.reasoning_output_tokens": 3,
}


def _step(index: int, kind: str, **fields: Any) -> dict[str, Any]:
    return {"event_type": f"step.{kind}", "index": index, **fields}


INTERACTION_EVENTS = [
    {"event_type": "interaction.created", "interaction": {"id": "i1", "model": "gemini-x", "status": "in_progress"}},
    _step(0, "start", step={"type": "thought"}),
    _step(0, "delta", delta={"type": "thought_summary", "content": {"type": "text", "text": "Hm."}}),
    _step(0, "delta", delta={"type": "thought_signature", "signature": "c2ln"}),
    _step(0, "stop"),
    _step(1, "start", step={"type": "model_output"}),
    _step(1, "delta", delta={"type": "text", "text": "Hel"}),
    _step(1, "delta", delta={"type": "text", "text": "lo"}),
    _step(1, "stop"),
    _step(2, "start", step={"type": "function_call", "id": "c1", "name": "add", "arguments": {}}),
    _step(2, "delta", delta={"type": "arguments_delta", "arguments": '{"x":'}),
    _step(2, "delta", delta={"type": "arguments_delta", "arguments": "1}"}),
    _step(2, "stop"),
    {
        "event_type": "interaction.completed",
        "interaction": {"id": "i1", "model": "gemini-x", "status": "requires_action", "usage": INTERACTION_USAGE},
    },
]
GOOGLE_ANTHROPIC_CASES = {
    "anthropic batch": Paid(
        "anthropic.batch",
        "batch",
        "GET https://api.anthropic.com/v1/messages/batches/msgbatch_1/results",
        line(1, result={"type": "succeeded", "message": MESSAGE}) + line(2, result={"type": "expired"}),
        {"text": "Hi", "model": "claude-x", "service_tier": "batch", **counts(15, 3)},
        content_type="application/x-jsonl",
    ),
    "gemini interaction": plain(
        "gemini.interactions",
        "chat",
        f"{GEMINI}/interactions",
        INTERACTION,
        INTERACTION_SAYS,
        {"model": "gemini-x", "input": "Hi"},
    ),
    "gemini interaction streamed": streamed(
        "gemini.interactions",
        "chat",
        f"{GEMINI}/interactions?alt=sse",
        [(event["event_type"], event) for event in INTERACTION_EVENTS],
        INTERACTION_SAYS,
        {"model": "gemini-x", "input": "Hi", "stream": True},
    ),
    "gemini interaction, first version, streamed": streamed(
        "gemini.interactions",
        "chat",
        f"{GEMINI}/interactions",
        [
            ("", {"event_type": "interaction.start", "interaction": {"id": "i1", "status": "in_progress"}}),
            ("", {"event_type": "content.start", "index": 0, "content": {"type": "text"}}),
            ("", {"event_type": "content.delta", "index": 0, "delta": {"type": "text", "text": "Hel"}}),
            ("", {"event_type": "content.delta", "index": 0, "delta": {"type": "text", "text": "lo"}}),
            (
                "",
                {
                    "event_type": "interaction.complete",
                    "interaction": {
                        "id": "i1",
                        "status": "completed",
                        "usage": {"total_input_tokens": 10, "total_output_tokens": 5, "total_tokens": 15},
                    },
                },
            ),
        ],
        {"text": "Hello", "id": "i1", **counts(10, 5, 15)},
    ),
    "gemini batch": plain(
        "gemini.batch",
        "batch",
        f"GET {GEMINI}/batches/b1",
        {
            "name": "batches/b1",
            "metadata": {"state": "BATCH_STATE_SUCCEEDED", "model": "models/gemini-x", "output": INLINED},
            "done": True,
            "response": INLINED,
        },
        {"text": "Hi", **counts(20, 10, 30)},
    ),
    "gemini batch's file": Paid(
        "gemini.batch",
        "batch",
        "GET https://generativelanguage.googleapis.com/download/v1beta/files/f1:download?alt=media",
        json.dumps({"key": "1", "response": CONTENT}).encode() + b"\n",
        {"text": "Hi", "id": "f1", **counts(10, 5, 15)},
    ),
    "imagen": plain(
        "gemini.predict",
        "image",
        "https://aiplatform.googleapis.com/v1beta1/publishers/google/models/imagen-4.0-generate-001:predict",
        {"predictions": [{"mimeType": "image/png", "bytesBase64Encoded": PNG64}]},
        {"media": [(len(PNG), "image")], "request_model": "imagen-4.0-generate-001", **counts(None, None, images=1)},
    ),
    "veo": plain(
        "gemini.predict",
        "video",
        f"GET {GEMINI}/models/veo-3.0/operations/o1",
        {
            "name": "models/veo-3.0/operations/o1",
            "done": True,
            "response": {"generateVideoResponse": {"generatedSamples": [{"video": {"uri": "https://v/1"}}]}},
        },
        {"request_model": "veo-3.0", **counts(None, None, videos=1)},
    ),
    "gemini image": plain(
        "gemini.generate_content",
        "chat",
        f"{GEMINI}/models/gemini-image:generateContent",
        {
            "candidates": [
                {
                    "content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": PNG64}}]},
                    "finishReason": "STOP",
                }
            ],
            "usageMetadata": {
                "promptTokenCount": 10,
                "candidatesTokenCount": 1290,
                "totalTokenCount": 1300,
                "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
            },
        },
        {"media": [(len(PNG), "image")], **counts(10, 1290, 1300), "usage.image_output_tokens": 1290},
    ),
}
