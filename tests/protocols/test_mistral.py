"""mistral.chat: content as a list with thinking, its own cache counter, whole tool calls, fill-in-the-middle."""

from typing import Any

import pytest

from pytest_llmcassette.protocols.transcript import Reasoning, Text

from .made import call, calls_of, chunk, read, sse

URL = "https://api.mistral.ai/v1/chat/completions"
THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": "Let me"}], "closed": True}
USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "num_cached_tokens": 3}


def whole(content: Any, **fields: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **fields}, "finish_reason": "stop"}
    return {"id": "1", "object": "chat.completion", "model": "magistral", "choices": [choice], "usage": USAGE}


def thought(text: str) -> dict[str, Any]:
    return chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}]})


@pytest.mark.parametrize(
    "answer",
    [
        whole([THINKING, {"type": "text", "text": "Hi"}]),
        sse(thought("Let "), thought("me"), chunk({"content": "H"}), chunk({"content": "i"}, "stop", usage=USAGE)),
    ],
    ids=["plain", "streamed"],
)
def test_thinking_and_text(answer: Any) -> None:
    transcript = read(URL, answer)
    assert transcript.protocol == "mistral.chat"
    assert transcript.parts == (Reasoning(text="Let me"), Text(text="Hi"))
    assert transcript.complete
    assert (transcript.usage.input_tokens, transcript.usage.cache_read_input_tokens) == (10, 3)


def test_references_are_citations() -> None:
    content = [{"type": "text", "text": "Hi"}, {"type": "reference", "reference_ids": [1, 2]}]
    (text,) = read(URL, whole(content)).parts
    assert [dict(found.raw)["reference_ids"] for found in text.citations] == [[1, 2]]


def test_whole_tool_calls_in_one_delta() -> None:
    answer = sse(
        chunk(call(0, "a1", "add", '{"x": 1}')), chunk(call(1, "b2", "mul", {"y": 2})), chunk(None, "tool_calls")
    )
    assert calls_of(read(URL, answer)) == [("a1", "add", '{"x": 1}'), ("b2", "mul", '{"y":2}')]


@pytest.mark.parametrize(
    "url",
    [
        "https://codestral.mistral.ai/v1/fim/completions",
        "https://api.mistral.ai/v1/agents/completions",
        "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/mistralai/models/m:rawPredict",
    ],
)
def test_other_urls(url: str) -> None:
    assert (read(url, whole("Hi")).protocol, read(url, whole("Hi")).text) == ("mistral.chat", "Hi")


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ({"object": "error", "message": "bad", "type": "invalid_model", "code": "1500"}, "invalid_model", "bad"),
        ({"message": "Unauthorized", "request_id": "x"}, None, "Unauthorized"),
        ({"detail": [{"loc": ["body"], "msg": "missing"}]}, None, "missing"),
        ({"message": {"detail": [{"loc": ["body"], "msg": "a"}, {"msg": "b"}]}, "type": "bad"}, "bad", "a; b"),
        ({"detail": {"reason": "closed"}}, None, '{"reason": "closed"}'),
        ({"detail": [[[[[["deep"]]]]]]}, None, '[["deep"]]'),
    ],
)
def test_errors(answer: Any, kind: str, words: str) -> None:
    error = read(URL, answer, status=400).error
    assert (error.type, error.message) == (kind, words)
