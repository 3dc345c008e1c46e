"""openai.chat: what single hosts do in a way of their own."""

from __future__ import annotations

import json

import pytest

from .made import OPENAI, call, calls_of, chunk, read, sse

USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


def test_moonshot_counts_in_the_choice_that_ends_a_stream() -> None:
    """https://platform.moonshot.ai/docs/api/chat, the streamed example."""
    last = chunk({}, "stop")
    last["choices"][0]["usage"] = USAGE
    usage = read("https://api.moonshot.ai/v1/chat/completions", sse(chunk({"content": "Hi"}), last)).usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (10, 5, 15)


def test_usage_beside_the_choices_goes_before_usage_in_one() -> None:
    last = chunk({}, "stop")
    last["choices"][0]["usage"] = {**USAGE, "completion_tokens": 1}
    usage = read(OPENAI, sse(chunk({"content": "Hi"}), last, chunk(usage=USAGE))).usage
    assert usage is not None
    assert usage.output_tokens == 5


def test_groq_says_why_it_stopped_in_its_own_field() -> None:
    """`x_groq.error` (groq SDK, `ChatCompletionChunk.x_groq`)."""
    url = "https://api.groq.com/openai/v1/chat/completions"
    transcript = read(url, sse(chunk({"content": "Hi"}), chunk({}, "stop", x_groq={"id": "req_1", "error": "busy"})))
    assert transcript.error is not None
    assert transcript.error.message == "busy"
    assert not transcript.complete


def test_text_generation_inference_streams_a_lone_tool_call() -> None:
    """Where all others have a list (`ChatCompletionStreamOutputDelta.tool_calls` of huggingface_hub before 0.30)."""
    deltas = [call(0, "", "add", ""), call(0, "", None, '{"x"'), call(0, "", None, ":1}")]
    alone = [{"tool_calls": delta["tool_calls"][0]} for delta in deltas]
    transcript = read("https://x.endpoints.huggingface.cloud/v1/chat/completions", sse(*map(chunk, alone)))
    assert calls_of(transcript) == [(None, "add", '{"x":1}')]
    assert calls_of(read(OPENAI, sse(chunk({"content": "Hi", "tool_calls": {}}, "stop")))) == []


@pytest.mark.parametrize("asked", [None, {"stream": True}])
def test_many_blank_lines_before_the_answer(asked: dict[str, bool] | None) -> None:
    """OpenRouter sends one a second or so while the model thinks."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
    blank = "\n         \n" * 500
    plain = read(OPENAI, blank + json.dumps({"id": "1", "model": "m", "choices": [choice]}), request=asked)
    streamed = read(OPENAI, blank.encode() + sse(chunk({"content": "Hi"}, "stop")), request=asked)
    assert [(one.stream, one.text, one.complete) for one in (plain, streamed)] == [
        (False, "Hi", True),
        (True, "Hi", True),
    ]
