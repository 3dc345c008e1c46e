"""What answers mean that bug reports tell of: calls, items, errors, ends and counts of hosts with their own ways."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.transcript import Transcript

from .made import OPENAI, call, calls_of, chunk, interaction, read, sse
from .test_openai_responses import ADDED, COMPLETED, CREATED, DELTAS, MESSAGE, THOUGHT, delta, event, response, stream
from .test_openai_responses import URL as RESPONSES

ANTHROPIC = "https://api.anthropic.com/v1/messages"
GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/gemini-x"
MISTRAL = "https://api.mistral.ai/v1/chat/completions"
COHERE = "https://api.cohere.com/v2/chat"
XAI = "https://api.x.ai/v1/chat"
ASKED = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}

Pieces = list[tuple[Any, ...]]
ADD, MUL = ("a", "add", '{"x":1}'), ("b", "mul", '{"y":2}')
TOOL_DELTAS: dict[str, tuple[Pieces, list[Any]]] = {
    "a known id wins over another index": ([(0, "a", "add", '{"x"'), (3, "a", None, ":1}")], [ADD]),
    "a known id wins over the last call": (
        [(None, "a", "add", '{"x"'), (None, "b", "mul", '{"y"'), (None, "a", None, ":1}"), (None, "b", None, ":2}")],
        [ADD, MUL],
    ),
    "index 0 for two calls, each with its id": ([(0, *ADD), (0, *MUL)], [ADD, MUL]),
    "index 0 for two calls without ids": (
        [(0, None, "add", '{"x":1}'), (0, None, "mul", '{"y":2}')],
        [(None, *ADD[1:]), (None, *MUL[1:])],
    ),
    "the same function twice at index 0, without ids": (
        [(0, None, "add", '{"x":1}'), (0, None, "add", '{"x":2}')],
        [(None, "add", '{"x":1}'), (None, "add", '{"x":2}')],
    ),
    "the head of the second call at index 0, its tail at 1": (
        [(0, "a", "add", ""), (0, None, None, '{"x":1}'), (0, "b", "mul", ""), (1, None, None, '{"y":2}')],
        [ADD, MUL],
    ),
    "an index that drifts": ([(0, "a", "add", ""), (1, None, None, '{"x"'), (2, None, None, ":1}")], [ADD]),
    "an index that drifts, then the next call at one of them": (
        [(0, "a", "add", ""), (1, None, None, '{"x":1}'), (1, "b", "mul", ""), (2, None, None, '{"y":2}')],
        [ADD, MUL],
    ),
    "an index as text": ([("0", "a", "add", '{"x"'), ("0", None, None, ":1}")], [ADD]),
    "the name again in each delta, no index, no id": (
        [(None, None, "add", '{"x"'), (None, None, "add", ":1}")],
        [(None, *ADD[1:])],
    ),
    "the name late, of two calls without index": (
        [(None, "a", None, ""), (None, None, "add", '{"x":1}'), (None, "b", None, ""), (None, None, "mul", '{"y":2}')],
        [ADD, MUL],
    ),
    "an empty last delta with the name": ([(0, "a", "add", '{"x":1}'), (0, None, "add", "")], [ADD]),
    "arguments as an object": ([(0, "a", "add", {"x": 1})], [ADD]),
    "the whole call again at the end": ([(0, *ADD), (0, *ADD)], [ADD]),
    "whole arguments, then more of them": ([(0, "a", "add", '{"y":1}'), (0, None, None, '{"x":1}')], [ADD]),
    "one id for all calls": (
        [(0, "0", "add", '{"x"'), (1, "0", "mul", ""), (0, "0", None, ":1}"), (1, "0", None, '{"y":2}')],
        [("0", *ADD[1:]), ("0", *MUL[1:])],
    ),
    "one id for all calls, no index": (
        [(None, "0", "add", '{"x":1}'), (None, "0", "add", '{"x":2}'), (None, "0", "mul", '{"y":2}')],
        [("0", *ADD[1:]), ("0", "add", '{"x":2}'), ("0", *MUL[1:])],
    ),
    "the whole call again, written in another way": ([(0, *ADD), (0, "a", "add", '{"x": 1}')], [ADD]),
    "a stand-in before the arguments": (
        [(0, "a", "add", "{}"), (0, None, None, '{"x"'), (0, None, None, ":1}")],
        [ADD],
    ),
    "a name in pieces, under its id": ([(0, "a", "a", ""), (0, "a", "dd", ""), (0, "a", None, '{"x":1}')], [ADD]),
    "a name as far as it has come": ([(0, "a", "ad", ""), (0, "a", "add", ""), (0, None, None, '{"x":1}')], [ADD]),
    "another id and the name again in the middle": ([(0, "a", "add", '{"x"'), (0, "b", "add", ":1}")], [ADD]),
    "another id and the name again before all": ([(0, "a", "add", ""), (0, "b", "add", '{"x":1}')], [ADD]),
    "the whole call again, without its id": ([(0, *ADD), (0, None, "add", '{"x": 1}')], [ADD]),
    "a call of nothing with nothing": ([(0, "", "", ""), (1, *ADD)], [ADD]),
}


@pytest.mark.parametrize("kind", TOOL_DELTAS)
def test_tool_deltas(kind: str) -> None:
    pieces, calls = TOOL_DELTAS[kind]
    assert calls_of(read(OPENAI, sse(*(chunk(call(*piece)) for piece in pieces), chunk(None, "tool_calls")))) == calls


def test_a_legacy_call_beside_the_new_one_is_the_same() -> None:
    message = call(0, *ADD) | {"function_call": {"name": "add", "arguments": '{"x":1}'}}
    answer = {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
    assert calls_of(read(OPENAI, answer)) == [ADD]


def test_a_legacy_call_of_nothing_is_none() -> None:
    message = {"role": "assistant", "content": "Hi", "function_call": {"name": "", "arguments": ""}}
    answer = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    transcript = read(OPENAI, answer)
    assert (transcript.text, transcript.tool_calls) == ("Hi", ())


TEXT = {"message": {"role": "assistant", "content": "Let me add."}, "finish_reason": "stop"}
CALL: dict[str, Any] = {
    "message": {"tool_calls": [{"id": "a", "type": "function", "function": {"name": "add", "arguments": "{}"}}]},
    "finish_reason": "tool_calls",
}


@pytest.mark.parametrize("also", [{}, {"content": "Let me add."}], ids=["", "the text in both"])
@pytest.mark.parametrize("indexes", [(None, None), (0, 1)])
@pytest.mark.parametrize("order", [1, -1])
def test_one_answer_in_two_choices(indexes: tuple[int | None, int | None], order: int, also: dict[str, str]) -> None:
    with_call = CALL | {"message": also | CALL["message"]}
    choices = [
        one | ({} if index is None else {"index": index})
        for one, index in zip((TEXT, with_call)[::order], indexes, strict=True)
    ]
    transcript = read(OPENAI, {"choices": choices}, request=ASKED)
    assert (transcript.text, [one.name for one in transcript.tool_calls]) == ("Let me add.", ["add"])
    assert (len(transcript.choices), transcript.finish_reason) == (1, "tool_calls")
    # Two that were asked for stay two.
    assert len(read(OPENAI, {"choices": choices}, request=ASKED | {"n": 2}).choices) == 2


ITEM_CALL = {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "add", "arguments": '{"x":1}'}
EMPTY_CALL = ITEM_CALL | {"arguments": ""}


def added(item: dict[str, Any], index: int | None = 0) -> tuple[str, dict[str, Any]]:
    where = {} if index is None else {"output_index": index}
    return event("response.output_item.added", item=item, **where)


def done(item: dict[str, Any], index: int | None = 0) -> tuple[str, dict[str, Any]]:
    return "", added(item, index)[1] | {"type": "response.output_item.done"}


def arguments(text: str, *, whole: bool = False, **where: Any) -> tuple[str, dict[str, Any]]:
    kind = "done" if whole else "delta"
    said = {"arguments": text} if whole else {"delta": text}
    return event(f"response.function_call_arguments.{kind}", **said, **where)


AT_0: dict[str, Any] = {"output_index": 0}
RESPONSE_STREAMS: dict[str, tuple[list[Any], str | None, str | None, list[str]]] = {
    "text and call at one index": (
        [
            added(EMPTY_CALL),
            arguments('{"x":1}', item_id="fc_1", **AT_0),
            added(MESSAGE | {"content": []}),
            delta("output_text", "Hi", item_id="msg_1"),
        ],
        "Hi",
        None,
        ['{"x":1}'],
    ),
    "two calls at one index": (
        [
            added(EMPTY_CALL),
            arguments('{"x":1}', item_id="fc_1", **AT_0),
            added(EMPTY_CALL | {"id": "fc_2"}),
            arguments('{"x":2}', item_id="fc_2", **AT_0),
            event("response.completed", response=response()),
        ],
        None,
        None,
        ['{"x":1}', '{"x":2}'],
    ),
    "no ids": (
        [added(EMPTY_CALL | {"id": ""}, 1), arguments('{"x"', output_index=1), arguments(":1}", output_index=1)],
        None,
        None,
        ['{"x":1}'],
    ),
    "no indexes": (
        [added(EMPTY_CALL, None), arguments('{"x":1}', item_id="fc_1"), done(EMPTY_CALL, None)],
        None,
        None,
        ['{"x":1}'],
    ),
    "another id in each delta": (
        [
            added(THOUGHT | {"summary": []}),
            delta("reasoning_summary_text", "h", item_id="rs_x", summary_index=0),
            delta("reasoning_summary_text", "m", item_id="rs_y", summary_index=0),
        ],
        None,
        "hm",
        [],
    ),
    "arguments in the end alone": (
        [added(EMPTY_CALL), arguments('{"x":1}', whole=True, **AT_0), done(EMPTY_CALL)],
        None,
        None,
        ['{"x":1}'],
    ),
    "a final call without its arguments": (
        [
            added(EMPTY_CALL),
            arguments('{"x":1}', item_id="fc_1", **AT_0),
            event("response.completed", response=response(EMPTY_CALL | {"id": None, "arguments": "{}"})),
        ],
        None,
        None,
        ['{"x":1}'],
    ),
    "a finished text without its words": (
        [
            ADDED,
            *DELTAS,
            done(MESSAGE | {"content": [{"type": "output_text"}]}),
            event("response.completed", response=response()),
        ],
        "Hi",
        None,
        [],
    ),
    "a part that comes whole": (
        [
            ADDED,
            event(
                "response.content_part.done",
                item_id="msg_1",
                content_index=0,
                part={"type": "output_text", "text": "Hi"},
                **AT_0,
            ),
        ],
        "Hi",
        None,
        [],
    ),
    "arguments streamed twice": (
        [
            added(EMPTY_CALL),
            arguments('{"x":1}', item_id="fc_1", **AT_0),
            arguments('{"x":1}', item_id="fc_1", **AT_0),
            done(ITEM_CALL),
        ],
        None,
        None,
        ['{"x":1}'],
    ),
    "a number that drifts": ([added(EMPTY_CALL, 1), arguments('{"x":1}', **AT_0)], None, None, ['{"x":1}']),
    "deltas under the ids of their calls": (
        [
            added(EMPTY_CALL),
            added(EMPTY_CALL | {"id": "fc_2", "call_id": "call_2"}),
            arguments('{"x":2}', item_id="call_2", **AT_0),
            arguments('{"x":1}', item_id="call_1", **AT_0),
        ],
        None,
        None,
        ['{"x":1}', '{"x":2}'],
    ),
    "a part that begins with words": (
        [
            ADDED,
            event("response.content_part.added", content_index=0, part={"type": "output_text", "text": "H"}, **AT_0),
            DELTAS[1],
            event("response.content_part.done", content_index=0, part={"type": "output_text", "text": ""}, **AT_0),
        ],
        "Hi",
        None,
        [],
    ),
    "reasoning under its short name": (
        [added(THOUGHT | {"summary": []}), delta("reasoning", "hm")],
        None,
        "hm",
        [],
    ),
    "an end whose event alone says how": (
        [ADDED, *DELTAS, event("response.completed", response={"id": "resp_1", "output": []})],
        "Hi",
        None,
        [],
    ),
    "a content that is a text": (
        [event("response.completed", response=response(MESSAGE | {"content": "Hi"}))],
        "Hi",
        None,
        [],
    ),
    "a final output without the reasoning that was streamed": (
        [
            added(THOUGHT),
            done(THOUGHT),
            added(MESSAGE | {"content": []}, 1),
            delta("output_text", "Hi", 1, item_id="msg_1"),
            event("response.completed", response=response(MESSAGE | {"id": "msg_other"})),
        ],
        "Hi",
        "Let me",
        [],
    ),
}


def test_a_call_that_its_last_event_alone_names() -> None:
    named = ("", arguments('{"x":1}', whole=True, item_id="fc_1", **AT_0)[1] | {"name": "add"})
    assert [one.name for one in read(RESPONSES, stream(CREATED, named)).tool_calls] == ["add"]


@pytest.mark.parametrize("kind", RESPONSE_STREAMS)
def test_items_of_a_response(kind: str) -> None:
    events, text, reasoning, calls = RESPONSE_STREAMS[kind]
    transcript = read(RESPONSES, stream(CREATED, *events))
    assert transcript.text == (text or "")
    assert transcript.reasoning == reasoning
    assert [one.arguments for one in transcript.tool_calls] == calls
    assert transcript.complete == any("completed" in one[0] for one in events)


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


def gemini(text: str, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    candidate = {"content": {"parts": [{"text": text}]}, **({"finishReason": finish} if finish else {})}
    return {"candidates": [candidate], **fields}


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


ZEROS = dict.fromkeys(USAGE, 0)


def message(usage: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "type": "message",
        "content": [{"type": "text", "text": "Hi"}],
        "stop_reason": "end_turn",
        "usage": usage,
        **fields,
    }


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
