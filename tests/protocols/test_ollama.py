"""Ollama's own API: chat and generate, as JSON lines or as one object."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from wire_exchanges import interaction

from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.transcript import ExchangeError, FinishReason, Reasoning, Text, ToolCall, Transcript

CHAT = "http://127.0.0.1:11434/api/chat"
GENERATE = "http://127.0.0.1:11434/api/generate"
NDJSON = "application/x-ndjson"
HEAD: dict[str, Any] = {"model": "llama3.1", "created_at": "2024-09-16T02:41:57.128675123Z"}
END = {"done": True, "done_reason": "stop", "total_duration": 5, "prompt_eval_count": 17, "eval_count": 63}
CALL = {"function": {"name": "add", "arguments": {"a": 2.0, "b": "é"}}}
ANSWER = HEAD | END | {"message": {"role": "assistant", "content": "Olá!", "thinking": "Hm.", "tool_calls": [CALL]}}


def _message(**fields: Any) -> dict[str, Any]:
    return HEAD | {"message": {"role": "assistant", "content": ""} | fields, "done": False}


EVENTS = [
    _message(thinking="H"),
    _message(thinking="m."),
    _message(content="Ol"),
    _message(content="á!"),
    _message(tool_calls=[CALL]),
    _message() | END,
]


def _lines(events: list[dict[str, Any]]) -> list[bytes]:
    return [json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in events]


def _read(url: str, body: Any, **how: Any) -> Transcript:
    transcript = registry.read(interaction(url, body, asked={"model": "llama3.1", "stream": True}, **how))
    assert transcript is not None
    return transcript


def test_chat() -> None:
    transcript = _read(CHAT, ANSWER)
    assert transcript.parts == (
        Reasoning(text="Hm."),
        Text(text="Olá!"),
        ToolCall(id=None, name="add", arguments='{"a":2.0,"b":"é"}'),
    )
    assert (transcript.protocol, transcript.provider, transcript.model) == ("ollama.chat", "ollama", "llama3.1")
    assert transcript.choices[0].finish is FinishReason.STOP
    assert transcript.created == pytest.approx(1726454517.128675)
    assert (transcript.stream, transcript.complete) == (False, True)
    assert transcript.usage is not None
    assert (transcript.usage.input_tokens, transcript.usage.output_tokens) == (17, 63)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n"])
def test_streamed_chat_is_the_plain_one(end: bytes) -> None:
    body = b"\xef\xbb\xbf" + b"".join(line.rstrip(b"\n") + end for line in _lines(EVENTS))
    streamed = _read(CHAT, body, content_type=NDJSON)
    assert streamed.shape == (("chunk", 5), ("done", 1))
    assert replace(streamed, stream=False, shape=()) == _read(CHAT, ANSWER)


def test_generate() -> None:
    pieces = [HEAD | {"response": text, "done": False} for text in ("Ol", "á!")]
    last = HEAD | END | {"response": "", "done_reason": "length"}
    streamed = _read(GENERATE, b"".join(_lines([*pieces, last])), content_type=NDJSON)
    assert (streamed.protocol, streamed.text, streamed.finish_reason) == ("ollama.generate", "Olá!", "length")
    assert streamed.choices[0].finish is FinishReason.LENGTH
    assert streamed.complete


def test_a_cached_prompt_is_unknown_and_not_0() -> None:
    answer = {name: value for name, value in ANSWER.items() if name != "prompt_eval_count"}
    usage = _read(CHAT, answer).usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens) == (None, 63)
    assert usage.wire == {"eval_count": 63}


def test_a_part_of_the_prompt_from_the_cache() -> None:
    usage = _read(CHAT, ANSWER | {"prompt_eval_cached_count": 9}).usage
    assert usage is not None
    assert (usage.input_tokens, usage.cache_read_input_tokens) == (17, 9)


def test_cut_streams_are_not_complete() -> None:
    lines = _lines(EVENTS)
    # The SDK takes a last line that lacks but its end.
    assert _read(CHAT, b"".join(lines)[:-1], content_type=NDJSON) == _read(CHAT, b"".join(lines), content_type=NDJSON)
    bodies = [b"".join(lines)[:-20], b"".join(lines[:-2]), b"".join(lines[:1]), b""]
    for body in bodies:
        transcript = _read(CHAT, body, content_type=NDJSON)
        assert transcript.stream
        assert not transcript.complete


def test_errors() -> None:
    missing = _read(CHAT, {"error": "model 'x' not found"}, status=404)
    assert missing.error == ExchangeError(status=404, type=None, message="model 'x' not found")
    broken = _read(CHAT, b"".join(_lines([*EVENTS[:4], {"error": "out of memory"}])), content_type=NDJSON)
    assert broken.error == ExchangeError(status=200, type=None, message="out of memory")
    assert broken.text == "Olá!"
    assert not broken.complete


def test_other_peoples_api_chat_is_not_claimed() -> None:
    exchange = interaction("https://my-app.example/api/chat", b'data: {"x":1}\n\n', asked={"messages": []})
    assert registry.read(exchange) is None
    ours = interaction("https://my-app.example/api/chat", ANSWER, asked={"messages": []})
    transcript = registry.read(ours)
    assert transcript is not None
    assert transcript.protocol == "ollama.chat"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"message": 5}', b"7\n8\n"])
def test_garbage_is_no_complete_answer_and_never_raises(body: bytes) -> None:
    for url in (CHAT, GENERATE):
        transcript = _read(url, body)
        assert not transcript.complete
        assert transcript.text == ""
