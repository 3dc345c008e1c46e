"""Items of Responses that bug reports tell of: at one index, named late, finished emptier than they came."""

from __future__ import annotations

from typing import Any

import pytest

from .made import read
from .test_openai_responses import ADDED, CREATED, DELTAS, MESSAGE, THOUGHT, delta, event, response, stream
from .test_openai_responses import URL as RESPONSES

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
