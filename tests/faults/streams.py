"""A good streamed answer of each protocol: words with characters of several bytes, a tool call in pieces, usage."""

from __future__ import annotations

import json
from typing import Any

WORDS = ("Olá", ", ", "mundo", "! 🎉")
TEXT = "".join(WORDS)
ARGUMENTS = ('{"city": ', '"São ', 'Paulo"}')
USAGE = {"prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16}


DOCUMENTS: dict[str, Any] = {
    "chat": {
        "id": "c-1",
        "object": "chat.completion",
        "created": 1750000000,
        "model": "m-1",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}],
        "usage": USAGE,
    },
    "responses": {
        "id": "resp_1",
        "object": "response",
        "created_at": 1750000000,
        "model": "m-1",
        "status": "completed",
        "output": [
            {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": TEXT, "annotations": []}],
            }
        ],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {"input_tokens": 7, "output_tokens": 9, "total_tokens": 16},
    },
    "messages": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m-1",
        "content": [{"type": "text", "text": TEXT}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 7, "output_tokens": 9},
    },
    "gemini": {
        "candidates": [
            {"content": {"role": "model", "parts": [{"text": TEXT}]}, "index": 0, "finishReason": "STOP"},
        ],
        "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 9, "totalTokenCount": 16},
        "modelVersion": "m-1",
        "responseId": "r-1",
    },
    "cohere": {
        "id": "m-1",
        "finish_reason": "COMPLETE",
        "message": {"role": "assistant", "content": [{"type": "text", "text": TEXT}]},
        "usage": {"tokens": {"input_tokens": 7, "output_tokens": 9}},
    },
    "ollama": {
        "model": "m-1",
        "created_at": "2025-06-15T15:06:40Z",
        "message": {"role": "assistant", "content": TEXT},
        "done_reason": "stop",
        "done": True,
        "prompt_eval_count": 7,
        "eval_count": 9,
    },
}
"""The same words as one document, without the tool call."""


def document(name: str) -> bytes:
    return json.dumps(DOCUMENTS[name], ensure_ascii=False).encode()


def sse(value: Any, name: str = "") -> bytes:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return ((f"event: {name}\n" if name else "") + f"data: {text}\n\n").encode()


def _chat(**fields: Any) -> bytes:
    head = {"id": "c-1", "object": "chat.completion.chunk", "created": 1750000000, "model": "m-1"}
    return sse({**head, **fields})


def _choice(delta: dict[str, Any], finish: str | None = None) -> list[dict[str, Any]]:
    return [{"index": 0, "delta": delta, "finish_reason": finish}]


def chat() -> bytes:
    """Chat completions, as OpenAI and Groq stream them."""
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ""}}
    pieces = [{"index": 0, "function": {"arguments": piece}} for piece in ARGUMENTS]
    return b"".join(
        [
            _chat(choices=_choice({"role": "assistant", "content": ""})),
            *(_chat(choices=_choice({"content": word})) for word in WORDS),
            _chat(choices=_choice({"tool_calls": [call]})),
            *(_chat(choices=_choice({"tool_calls": [piece]})) for piece in pieces),
            _chat(choices=_choice({}, "tool_calls")),
            _chat(choices=[], usage=USAGE),
            sse("[DONE]"),
        ]
    )


def mistral() -> bytes:
    """Mistral's: the call comes whole, and with the usage in the last chunk."""
    call = {"id": "call_1", "function": {"name": "weather", "arguments": "".join(ARGUMENTS)}, "index": 0}
    return b"".join(
        [
            *(_chat(choices=_choice({"role": "assistant", "content": word})) for word in WORDS),
            _chat(choices=_choice({"content": "", "tool_calls": [call]})),
            _chat(choices=_choice({"content": ""}, "tool_calls"), usage=USAGE),
            sse("[DONE]"),
        ]
    )


def messages() -> bytes:
    """Anthropic's."""
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m-1", "content": []}
    start = {**message, "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 7, "output_tokens": 1}}
    call = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *(_delta(0, "text_delta", text=word) for word in WORDS),
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": call},
        *(_delta(1, "input_json_delta", partial_json=piece) for piece in ARGUMENTS),
        {"type": "content_block_stop", "index": 1},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use", "stop_sequence": None},
            "usage": {"output_tokens": 9},
        },
        {"type": "message_stop"},
    ]
    return b"".join(sse(event, event["type"]) for event in events)


def _delta(index: int, kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}}


def responses() -> bytes:
    """OpenAI's Responses API."""
    text = {"type": "output_text", "text": TEXT, "annotations": []}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [text]}
    arguments = "".join(ARGUMENTS)
    call = {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "weather", "status": "completed"}
    response = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1750000000,
        "model": "m-1",
        "status": "in_progress",
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }
    usage = {"input_tokens": 7, "output_tokens": 9, "total_tokens": 16}
    whole = {**response, "status": "completed", "output": [message, {**call, "arguments": arguments}], "usage": usage}
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    begun = {"type": "output_text", "text": "", "annotations": []}
    events: list[tuple[str, dict[str, Any]]] = [
        ("created", {"response": response}),
        ("in_progress", {"response": response}),
        (
            "output_item.added",
            {"output_index": 0, "item": {**message, "status": "in_progress", "content": []}},
        ),
        ("content_part.added", {**place, "part": begun}),
        *(("output_text.delta", {**place, "delta": word, "logprobs": []}) for word in WORDS),
        ("output_text.done", {**place, "text": TEXT, "logprobs": []}),
        ("content_part.done", {**place, "part": text}),
        ("output_item.done", {"output_index": 0, "item": message}),
        ("output_item.added", {"output_index": 1, "item": {**call, "status": "in_progress", "arguments": ""}}),
        *(
            ("function_call_arguments.delta", {"item_id": "fc_1", "output_index": 1, "delta": piece})
            for piece in ARGUMENTS
        ),
        ("function_call_arguments.done", {"item_id": "fc_1", "output_index": 1, "arguments": arguments}),
        ("output_item.done", {"output_index": 1, "item": {**call, "arguments": arguments}}),
        ("completed", {"response": whole}),
    ]
    return b"".join(
        sse({"type": f"response.{kind}", "sequence_number": number, **fields}, f"response.{kind}")
        for number, (kind, fields) in enumerate(events)
    )


def gemini() -> bytes:
    """Google's: the call comes whole, the finish reason in the chunk that has the last words."""
    call = {"functionCall": {"name": "weather", "args": {"city": "São Paulo"}}}
    usage = {"promptTokenCount": 7, "candidatesTokenCount": 9, "totalTokenCount": 16}

    def one(part: dict[str, Any], **fields: Any) -> bytes:
        candidate = {"content": {"role": "model", "parts": [part]}, "index": 0, **fields}
        return sse({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m-1", "responseId": "r-1"})

    return b"".join([*(one({"text": word}) for word in WORDS), one(call), one({"text": ""}, finishReason="STOP")])


def cohere() -> bytes:
    """Cohere's."""
    usage = {"tokens": {"input_tokens": 7, "output_tokens": 9}}
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ""}}
    start = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}

    def words(kind: str, **content: Any) -> dict[str, Any]:
        return {"type": kind, "index": 0, "delta": {"message": {"content": content}}}

    def calls(kind: str, value: Any) -> dict[str, Any]:
        return {"type": kind, "index": 0, "delta": {"message": {"tool_calls": value}}}

    events: list[dict[str, Any]] = [
        {"type": "message-start", "id": "m-1", "delta": {"message": start}},
        words("content-start", type="text", text=""),
        *(words("content-delta", text=word) for word in WORDS),
        {"type": "content-end", "index": 0},
        calls("tool-call-start", call),
        *(calls("tool-call-delta", {"function": {"arguments": piece}}) for piece in ARGUMENTS),
        {"type": "tool-call-end", "index": 0},
        {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL", "usage": usage}},
    ]
    return b"".join(sse(event, event["type"]) for event in events)


def ollama() -> bytes:
    """Ollama's lines."""
    call = {"function": {"name": "weather", "arguments": {"city": "São Paulo"}}}
    head = {"model": "m-1", "created_at": "2025-06-15T15:06:40Z"}
    done = {"done_reason": "stop", "done": True, "total_duration": 5, "prompt_eval_count": 7, "eval_count": 9}

    def line(message: dict[str, Any], **fields: Any) -> bytes:
        value = {**head, "message": {"role": "assistant", **message}, "done": False, **fields}
        return json.dumps(value, ensure_ascii=False).encode() + b"\n"

    return b"".join(
        [
            *(line({"content": word}) for word in WORDS),
            line({"content": "", "tool_calls": [call]}),
            line({"content": ""}, **done),
        ]
    )
