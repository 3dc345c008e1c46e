"""Conversations in several wire protocols, as a test's recorder would hold them, and helpers to change one thing."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any

from pytest_llmcassette.cassette.model import Interaction, Request, Response
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.llm_cassette import LlmCassette
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.recorder.requests import SentRequest
from pytest_llmcassette.snapshot import conversation, layout, replaced

CHAT = "https://api.openai.com/v1/chat/completions"
RESPONSES = "https://api.openai.com/v1/responses"
MESSAGES = "https://api.anthropic.com/v1/messages"
GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent"

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""A PNG of 70 bytes."""


def exchange(
    url: str,
    asked: Any,
    answered: Any,
    *,
    method: str = "POST",
    status: int = 200,
    headers: dict[str, list[str]] | None = None,
    recorded: Any = None,
    content_type: str = "application/json",
) -> SentRequest:
    """What was sent (`asked`: JSON or bytes) and the interaction that answered it (`recorded` may differ)."""
    body = asked if isinstance(asked, bytes) else b"" if asked is None else json.dumps(asked).encode()
    stored = body if recorded is None else json.dumps(recorded).encode()
    answer = answered if isinstance(answered, bytes) else json.dumps(answered, ensure_ascii=False).encode()
    kind = "text/event-stream" if answer.startswith((b"data:", b"event:")) else "application/json"
    return SentRequest(
        method,
        url,
        {"Content-Type": [content_type], "User-Agent": ["sdk/1"], "X-Stainless-Os": ["Linux"]},
        body,
        interaction=Interaction(
            request=Request(method=method, url=url, body=stored),
            response=Response(code=status, headers={"Content-Type": [kind]}, body=answer),
        ),
        snapshot_headers=headers or {},
    )


def cassette(*sent: SentRequest) -> LlmCassette:
    """A cassette of this run."""
    recorder = Recorder(Path("none.yaml"), CassetteConfig(), how_to_record="", owner="test")
    recorder.sent.extend(sent)
    return LlmCassette(recorder)


def text(value: Any, *, shape: bool = False) -> str:
    """The snapshot of a value."""
    tree = conversation.tree(value)
    return "\n".join(layout.lines(replaced.kinds(tree) if shape else tree))


def changed(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines taken away and the lines added."""
    lines = list(difflib.ndiff(before.split("\n"), after.split("\n")))
    return [x[2:].strip() for x in lines if x[0] == "-"], [x[2:].strip() for x in lines if x[0] == "+"]


TOOL = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


def weather_chat(
    *,
    call_id: str = "call_9fK2mQ7xLw",
    answer_ids: tuple[str, str] = ("chatcmpl-AAAA1111", "chatcmpl-BBBB2222"),
    created: int = 1_700_000_000,
    fingerprint: str = "fp_1",
    question: str = "How warm is it in Paris?",
    city: str = "Paris",
    words: str = "It is 21 degrees.\n\nEnjoy your day!",
    prompt_tokens: int = 50,
    temperature: float = 0.2,
) -> LlmCassette:
    """An OpenAI chat of two exchanges: a tool call, then the answer."""
    call = {
        "id": call_id,
        "type": "function",
        "function": {"name": "weather", "arguments": json.dumps({"unit": "C", "city": city})},
    }
    common = {"model": "gpt-4o", "temperature": temperature, "tools": [TOOL]}
    first = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": question}]
    turn = {"role": "assistant", "content": None, "tool_calls": [call]}
    second = [*first, turn, {"role": "tool", "tool_call_id": call_id, "content": '{"degrees": 21}'}]

    def answer(index: int, message: dict[str, Any], reason: str, prompt: int, completion: int) -> dict[str, Any]:
        return {
            "id": answer_ids[index],
            "object": "chat.completion",
            "created": created,
            "model": "gpt-4o-2024-08-06",
            "system_fingerprint": fingerprint,
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": {
                "prompt_tokens": prompt,
                "completion_tokens": completion,
                "total_tokens": prompt + completion,
            },
        }

    return cassette(
        exchange(CHAT, {**common, "messages": first}, answer(0, turn, "tool_calls", prompt_tokens, 14)),
        exchange(
            CHAT, {**common, "messages": second}, answer(1, {"role": "assistant", "content": words}, "stop", 80, 9)
        ),
    )
