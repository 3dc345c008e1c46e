"""Exchanges made up for the tests: a recorded interaction from its URL, request and answer."""

from __future__ import annotations

import json
from typing import Any

from pytest_llmcassette.cassette.model import Interaction, Request, Response
from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.transcript import Transcript

OPENAI = "https://api.openai.com/v1/chat/completions"


def as_bytes(value: Any) -> bytes:
    """Bytes as they are, text as UTF-8, anything else as JSON."""
    if isinstance(value, bytes):
        return value
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


def interaction(
    url: str,
    answer: Any,
    *,
    request: Any = None,
    method: str = "POST",
    status: int = 200,
    content_type: str | None = None,
) -> Interaction:
    """A recorded interaction. Without `content_type` the answer has no headers, as in cassettes that dropped them."""
    headers = {} if content_type is None else {"Content-Type": [content_type]}
    return Interaction(
        request=Request(method=method, url=url, body=b"" if request is None else as_bytes(request)),
        response=Response(code=status, headers=headers, body=as_bytes(answer)),
    )


def sse(*events: Any, done: bool = True, end: str = "\n\n") -> bytes:
    """A stream of `data` events; a (name, value) pair is an event with that name."""
    written = ""
    for event in events:
        name, value = event if isinstance(event, tuple) else ("", event)
        written += (f"event: {name}\n" if name else "") + f"data: {json.dumps(value)}{end}"
    return (written + (f"data: [DONE]{end}" if done else "")).encode()


def read(url: str, answer: Any, **options: Any) -> Transcript:
    """The transcript of a made-up exchange, which must be one of an LLM call."""
    transcript = registry.read(interaction(url, answer, **options))
    assert transcript is not None, "no protocol claimed the exchange"
    return transcript


def chunk(delta: Any = None, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    """A chat completions chunk with one choice; without a delta and a finish reason with none."""
    choices = [] if delta is None and finish is None else [{"index": 0, "delta": delta or {}, "finish_reason": finish}]
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "m-1"}
    return {**head, "choices": choices, **fields}


def call(index: int | None = None, call_id: str | None = None, name: str | None = None, arguments: Any = None) -> Any:
    """A delta with one piece of one tool call; only what is given is there."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    entry = {"index": index, "id": call_id, "type": "function", "function": function}
    return {"tool_calls": [{key: value for key, value in entry.items() if value is not None}]}


def calls_of(transcript: Transcript) -> list[tuple[str | None, str | None, str]]:
    """The tool calls as (id, name, arguments)."""
    return [(found.id, found.name, found.arguments) for found in transcript.tool_calls]
