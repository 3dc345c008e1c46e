"""What the tests after bug reports have in common."""

from __future__ import annotations

from typing import Any

ANTHROPIC = "https://api.anthropic.com/v1/messages"
GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/gemini-x"
MISTRAL = "https://api.mistral.ai/v1/chat/completions"
COHERE = "https://api.cohere.com/v2/chat"
XAI = "https://api.x.ai/v1/chat"
ASKED = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
TEXT = {"message": {"role": "assistant", "content": "Let me add."}, "finish_reason": "stop"}


def gemini(text: str, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    candidate = {"content": {"parts": [{"text": text}]}, **({"finishReason": finish} if finish else {})}
    return {"candidates": [candidate], **fields}


def message(usage: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "type": "message",
        "content": [{"type": "text", "text": "Hi"}],
        "stop_reason": "end_turn",
        "usage": usage,
        **fields,
    }
