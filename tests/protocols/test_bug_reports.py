"""What answers mean that bug reports tell of: errors, ends and forms of hosts with their own ways."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.transcript import Transcript

from .made import OPENAI, calls_of, chunk, interaction, read, sse
from .reported import ANTHROPIC, ASKED, COHERE, GEMINI, MISTRAL, TEXT, USAGE, XAI, gemini, message
from .test_openai_responses import ADDED, COMPLETED, CREATED, DELTAS, MESSAGE, response, stream
from .test_openai_responses import URL as RESPONSES

PARTLY = sse(chunk({"content": "par"}), done=False)
ERRORS: dict[str, tuple[str, Any, str]] = {
    "vLLM, plain": (OPENAI, {"object": "error", "message": "too long", "code": 400}, "too long"),
    "vLLM, streamed": (OPENAI, sse(chunk({"content": "par"}), {"object": "error", "message": "too long"}), "too long"),
    "MiniMax": (
        OPENAI,
        {"choices": None, "base_resp": {"status_code": 1004, "status_msg": "login fail"}},
        "login fail",
    ),
    "MiniMax, streamed": (OPENAI, sse({"base_resp": {"status_code": 1002, "status_msg": "rate limit"}}), "rate limit"),
    "choices null": (OPENAI, {"id": "1", "choices": None}, "no choices"),
    "words beside null choices": (OPENAI, {"choices": None, "msg": "quota used up"}, "quota used up"),
    "a code and a message": (OPENAI, {"code": 50501, "message": "busy", "data": None}, "busy"),
    "FastAPI's": (OPENAI, {"detail": "not now"}, "not now"),
    "an error beside choices": (OPENAI, {"choices": [TEXT], "error": {"message": "upstream gone"}}, "upstream gone"),
    "a page": (OPENAI, b"<html><title>Bad gateway</title></html>", "Bad gateway"),
    "a page as a stream": (OPENAI, b"<html>Bad gateway</html>", "Bad gateway"),
    "words as an event": (OPENAI, b"data: upstream timed out\n\n", "upstream timed out"),
    "an error event of words": (OPENAI, PARTLY + b"event: error\ndata: gone\n\n", "gone"),
    "a bare line of JSON": (OPENAI, PARTLY + b'{"error": {"message": "gone"}}\n', "gone"),
    "DeepInfra": (OPENAI, sse({"choices": None, "error_type": "Bad", "error_message": "too long"}), "too long"),
    "bare JSON over several lines": (OPENAI, PARTLY + b'{\n  "error": {\n    "message": "gone"\n  }\n}\n', "gone"),
    "Google's, in a list": (OPENAI, [{"error": {"code": 429, "message": "quota"}}], "quota"),
    "Google's, in a list behind events": (OPENAI, PARTLY + b'[{\n  "error": {"message": "quota"}\n}]\n', "quota"),
    "a ranking": ("https://api.jina.ai/v1/rerank", {"detail": "not now"}, "not now"),
    "llama.cpp's own field": (OPENAI, b'error: {"code": 400, "message": "too long"}\n\n', "too long"),
    "Anthropic, without a type": (ANTHROPIC, b'data: {"error": {"message": "overloaded"}}\n\n', "overloaded"),
    "vectors": ("https://api.openai.com/v1/embeddings", {"object": "error", "message": "too long"}, "too long"),
    "a response of words": (RESPONSES, {"message": "no such model", "code": 1}, "no such model"),
}


@pytest.mark.parametrize("kind", ERRORS)
def test_errors_in_a_200(kind: str) -> None:
    url, answer, words = ERRORS[kind]
    transcript = read(
        url,
        answer,
        request=ASKED | {"input": "Hi", "query": "x"},
        content_type="text/event-stream" if b"stream" in kind.encode() else None,
    )
    assert transcript.error is not None
    assert words in (transcript.error.message or "")
    assert not transcript.complete


def test_a_status_of_success_is_no_error() -> None:
    answer = {"choices": [TEXT], "base_resp": {"status_code": 0, "status_msg": ""}, "usage": USAGE}
    transcript = read(OPENAI, answer)
    assert transcript.error is None
    assert transcript.complete


COHERE_EVENTS = (
    {"type": "message-start", "id": "1", "delta": {"message": {"role": "assistant"}}},
    {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Hi"}}}},
    {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": {"tokens": {"input_tokens": 1}}}},
)
# Whether the provider's SDK takes a last event that lacks its blank line.
UNENDED = {
    "google-genai": (
        f"{GEMINI}:streamGenerateContent?alt=sse",
        sse(gemini("H"), gemini("i", "STOP"), done=False),
        True,
    ),
    "mistralai": (
        MISTRAL,
        sse(chunk({"content": "H"}), chunk({"content": "i"}, "stop", usage=USAGE), done=False),
        True,
    ),
    "openai": (OPENAI, sse(chunk({"content": "Hi"}), chunk(None, "stop", usage=USAGE), done=False), False),
    "openai, responses": (RESPONSES, stream(CREATED, ADDED, *DELTAS, COMPLETED), False),
    "cohere": (COHERE, sse(*COHERE_EVENTS, done=False), False),
}


@pytest.mark.parametrize("sdk", UNENDED)
@pytest.mark.parametrize("lost", [1, 2])
def test_a_last_event_without_its_end(sdk: str, lost: int) -> None:
    url, body, taken = UNENDED[sdk]
    transcript = read(url, body[:-lost], request=ASKED)
    assert transcript.text == "Hi"
    assert (transcript.finish_reason is not None) == taken
    assert transcript.complete == taken


@pytest.mark.parametrize("lost", [1, 2])
def test_a_terminator_without_its_end(lost: int) -> None:
    body = sse(chunk({"content": "Hi"}), chunk(None, "stop"), chunk(usage=USAGE))
    assert read(OPENAI, body[:-lost], request=ASKED) == read(OPENAI, body, request=ASKED)
    assert not read(OPENAI, body[:-3], request=ASKED).complete


WHOLE = {
    "chat": (OPENAI, {"choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": None}]}),
    "response": (RESPONSES, {"id": "1", "object": "response", "output": [MESSAGE]}),
    "message": (ANTHROPIC, {"type": "message", "content": [{"type": "text", "text": "Hi"}], "stop_reason": None}),
    "candidates": (f"{GEMINI}:generateContent", gemini("Hi")),
    "cohere": (COHERE, {"id": "1", "message": {"content": [{"type": "text", "text": "Hi"}]}}),
    "stream of chunks": (OPENAI, sse(chunk({"content": "Hi"}))),
    "stream of a message": (
        ANTHROPIC,
        sse(
            {"type": "message_start", "message": {"content": []}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
            {"type": "message_stop"},
            done=False,
        ),
    ),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_what_came_whole_is_complete_without_a_reason(kind: str) -> None:
    url, answer = WHOLE[kind]
    transcript = read(url, answer, request=ASKED | {"max_tokens": 5})
    assert (transcript.text, transcript.error) == ("Hi", None)
    assert transcript.complete
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    cut = registry.read(interaction(url, body[:-20], request=ASKED | {"max_tokens": 5}))
    assert cut is None or not cut.complete


def test_a_deferred_answer_is_the_finished_poll() -> None:
    answer = {"id": "1", "object": "chat.completion", "choices": [TEXT], "usage": USAGE}
    receipt = interaction(f"{XAI}/completions", {"request_id": "r"}, request=ASKED | {"deferred": True})
    assert registry.read(receipt) is None
    url = f"{XAI}/deferred-completion/r"
    assert registry.read(interaction(url, b"", method="GET", status=202)) is None
    finished = registry.read(interaction(url, answer, method="GET"))
    assert finished is not None
    assert (finished.protocol, finished.text, finished.complete) == ("openai.chat", "Let me add.", True)


REASONING = {
    "Databricks": {"content": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}]},
    "a thinking part": {"content": [{"type": "thinking", "thinking": "hm", "signature": "S"}]},
    "Copilot": {"content": "Hi", "reasoning_text": "hm", "reasoning_opaque": "xyz"},
    "LiteLLM": {
        "reasoning_content": "hm",
        "thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "S"}],
    },
    "blocks alone": {"thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "S"}]},
}


@pytest.mark.parametrize("host", REASONING)
def test_reasoning_of_odd_forms(host: str) -> None:
    streamed = read(OPENAI, sse(chunk(REASONING[host], "stop")))
    plain = read(OPENAI, {"choices": [{"index": 0, "message": REASONING[host], "finish_reason": "stop"}]})
    assert streamed.reasoning == plain.reasoning == "hm"
    assert streamed.parts == plain.parts


TIERS: dict[str, tuple[str, Any]] = {
    "standard": (MISTRAL, {"choices": [TEXT], "usage": USAGE | {"service_tier": "standard"}}),
    "flex": (OPENAI, {"choices": [TEXT], "usage": USAGE, "service_tier": "flex"}),
    "priority": (RESPONSES, response(MESSAGE, service_tier="priority")),
    "batch": (ANTHROPIC, message({"input_tokens": 1, "output_tokens": 1, "service_tier": "batch"})),
    "ON_DEMAND_FLEX": (
        f"{GEMINI}:generateContent",
        gemini("x", usageMetadata={"promptTokenCount": 1, "trafficType": "ON_DEMAND_FLEX"}),
    ),
    "default": (
        "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse",
        {"output": {"message": {"content": []}}, "serviceTier": {"type": "default"}},
    ),
}


@pytest.mark.parametrize("tier", TIERS)
def test_the_tier_at_which_it_was_served(tier: str) -> None:
    def tier_of(transcript: Transcript) -> str | None:
        return transcript.service_tier

    assert tier_of(read(*TIERS[tier], request=ASKED | {"max_tokens": 5})) == tier


def test_an_answer_of_zhipu_that_is_polled() -> None:
    url = "https://open.bigmodel.cn/api/paas/v4/async-result/1"
    assert registry.read(interaction(url, {"id": "1", "task_status": "PROCESSING"}, method="GET")) is None
    finished = registry.read(
        interaction(url, {"id": "1", "task_status": "SUCCESS", "choices": [TEXT], "usage": USAGE}, method="GET")
    )
    assert finished is not None
    assert (finished.text, finished.complete) == ("Let me add.", True)


@pytest.mark.parametrize("numbers", [(0, 1), (0, 0), (None, None)])
def test_blocks_that_hosts_number_in_their_own_ways(numbers: tuple[int | None, int | None]) -> None:
    def blocks(number: int | None, name: str, words: str) -> list[dict[str, Any]]:
        where = {} if number is None else {"index": number}
        tool = {"type": "tool_use", "id": name, "name": name, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": words}
        start = {"type": "content_block_start", "content_block": tool}
        return [start | where, {"type": "content_block_delta", "delta": delta} | where]

    answer = sse(
        {"type": "message_start", "message": message({"input_tokens": 9, "output_tokens": 1}) | {"content": []}},
        *blocks(numbers[0], "add", '{"x":1}'),
        *blocks(numbers[1], "mul", '{"y":2}'),
        {"type": "message_stop"},
        done=False,
    )
    found = read(ANTHROPIC, answer, request=ASKED | {"max_tokens": 5})
    assert calls_of(found) == [("add", "add", '{"x":1}'), ("mul", "mul", '{"y":2}')]


def test_encrypted_reasoning_in_pieces() -> None:
    pieces = [
        {"type": "reasoning.encrypted", "data": data, "index": index} for data, index in (("A", 0), ("B", 0), ("C", 1))
    ]
    answer = sse(*(chunk({"reasoning_details": [piece]}) for piece in pieces), chunk({"content": "Hi"}, "stop"))
    assert [getattr(part, "encrypted", None) for part in read(OPENAI, answer).parts] == ["AB", "C", None]


CHAT = {"object": "chat.completion", "choices": [TEXT], "usage": USAGE}


@pytest.mark.parametrize(
    "url",
    [
        "https://api.writer.com/v1/chat",
        "https://runtime.sagemaker.us-east-1.amazonaws.com/endpoints/x/invocations",
    ],
)
def test_a_chat_at_the_url_of_another_api(url: str) -> None:
    transcript = read(url, CHAT, request=ASKED)
    assert (transcript.protocol, transcript.text) == ("openai.chat", "Let me add.")


def test_an_end_of_a_stream_with_a_space_more() -> None:
    answer = sse(chunk({"content": "Hi"}, "stop"), done=False) + b"data:  [DONE]\n\n"
    assert read(OPENAI, answer).complete
