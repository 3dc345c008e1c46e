"""openai.chat: tool calls, as the hosts number, name and repeat them."""

from typing import Any

import pytest

from pytest_llmcassette.protocols.transcript import FinishReason

from .made import OPENAI, call, calls_of, chunk, read, sse


def message(**fields: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **fields}, "finish_reason": "tool_calls"}
    return {"id": "chatcmpl-1", "object": "chat.completion", "model": "m-1", "choices": [choice]}


def test_tool_calls_by_index_interleaved() -> None:
    answer = sse(
        chunk(call(0, "a", "add", "")),
        chunk(call(1, "b", "mul", "")),
        chunk(call(0, None, None, '{"x"')),
        chunk(call(1, None, None, '{"y"')),
        chunk(call(0, None, None, ":1}")),
        chunk(call(1, None, None, ":2}")),
        chunk(None, "tool_calls"),
    )
    transcript = read(OPENAI, answer)
    assert calls_of(transcript) == [("a", "add", '{"x":1}'), ("b", "mul", '{"y":2}')]
    assert transcript.choices[0].finish is FinishReason.TOOL_CALL


def test_tool_deltas_without_index() -> None:
    answer = sse(
        chunk(call(None, "a", "add", '{"x"')),
        chunk(call(None, None, None, ":1}")),
        chunk(call(None, "b", "mul", "{}")),
        chunk(call(None, None, "third", "{}")),
        chunk(None, "tool_calls"),
    )
    assert calls_of(read(OPENAI, answer)) == [("a", "add", '{"x":1}'), ("b", "mul", "{}"), (None, "third", "{}")]


def test_a_tool_id_and_name_repeated_in_each_delta() -> None:
    answer = sse(
        chunk(call(0, "a", "add", '{"x"')),
        chunk(call(0, "a", "add", ":")),
        chunk(call(0, "a", "add", "1}")),
        chunk(None, "tool_calls"),
    )
    assert calls_of(read(OPENAI, answer)) == [("a", "add", '{"x":1}')]


@pytest.mark.parametrize("index", [0, None])
def test_another_id_in_each_delta_of_one_call(index: int) -> None:
    answer = sse(
        chunk(call(index, "a", "add", "")),
        chunk(call(index, "b", None, '{"x"')),
        chunk(call(index, "c", None, ":1}")),
        chunk(None, "tool_calls"),
    )
    assert calls_of(read(OPENAI, answer)) == [("a", "add", '{"x":1}')]


def test_index_0_for_several_calls() -> None:
    answer = sse(chunk(call(0, "a", "add", "{}")), chunk(call(0, "b", "mul", "{}")), chunk(None, "tool_calls"))
    assert calls_of(read(OPENAI, answer)) == [("a", "add", "{}"), ("b", "mul", "{}")]


def test_empty_ids_and_null_names_in_later_deltas_change_nothing() -> None:
    later = {"tool_calls": [{"index": 0, "id": "", "function": {"name": None, "arguments": "{}"}}]}
    answer = sse(chunk(call(0, "a", "add", "")), chunk(later), chunk(None, "tool_calls"))
    assert calls_of(read(OPENAI, answer)) == [("a", "add", "{}")]


def test_arguments_stay_as_on_the_wire() -> None:
    calls = [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": ""}},
        {"id": "b", "type": "function", "function": {"name": "g", "arguments": '{"x": 1,}'}},
        {"id": "c", "type": "function", "function": {"name": "h", "arguments": {"x": 1}}},
        {"id": "d", "type": "custom", "custom": {"name": "sql", "input": "select 1"}},
    ]
    transcript = read(OPENAI, message(content=None, tool_calls=calls))
    assert [found.arguments for found in transcript.tool_calls] == ["", '{"x": 1,}', '{"x":1}', "select 1"]
    assert [found.parsed for found in transcript.tool_calls] == [{}, None, {"x": 1}, None]
    assert transcript.tool_calls[3].name == "sql"


@pytest.mark.parametrize("same", [{"id": "null"}, {"id": "0", "index": 0}, {}])
def test_calls_of_one_message_stay_apart_whatever_their_ids(same: dict[str, Any]) -> None:
    calls = [{**same, "function": {"name": "add", "arguments": text}} for text in ('{"x":1}', '{"x":2}')]
    found = calls_of(read(OPENAI, message(content=None, tool_calls=calls)))
    assert found == [(same.get("id"), "add", '{"x":1}'), (same.get("id"), "add", '{"x":2}')]


def test_legacy_function_call() -> None:
    answer = sse(
        chunk({"function_call": {"name": "add", "arguments": ""}}),
        chunk({"function_call": {"arguments": '{"x":'}}),
        chunk({"function_call": {"arguments": "1}"}}),
        chunk(None, "function_call"),
    )
    assert calls_of(read(OPENAI, answer)) == [(None, "add", '{"x":1}')]
    whole = message(content=None, function_call={"name": "add", "arguments": "{}"})
    assert calls_of(read(OPENAI, whole)) == [(None, "add", "{}")]
