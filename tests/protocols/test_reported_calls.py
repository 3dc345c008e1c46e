"""Calls of tools that bug reports tell of: pieces without numbers, one answer in several choices."""

from __future__ import annotations

from typing import Any

import pytest

from .made import OPENAI, call, calls_of, chunk, read, sse
from .reported import ASKED, TEXT

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
