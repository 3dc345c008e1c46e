"""Two conversations are the same up to what may differ, and the text lists what should not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmcassette.answers.equivalence import assert_equivalent, differences
from pytest_llmcassette.errors import CassetteError
from pytest_llmcassette.protocols.transcript import (
    Choice,
    ExchangeError,
    FinishReason,
    Media,
    Part,
    Reasoning,
    Refusal,
    ServerToolCall,
    Text,
    ToolCall,
    Transcript,
)
from pytest_llmcassette.protocols.usage import Usage

CALL = ToolCall(id="call_1", name="weather", arguments='{"city": "Paris", "unit": "C"}')
PLAIN = Transcript(
    protocol="openai.chat",
    provider="openai",
    stream=False,
    id="a",
    model="gpt-4o",
    choices=(
        Choice(
            index=0,
            parts=(Reasoning(text="Hm. Sure."), Text(text="One moment."), CALL),
            finish_reason="tool_calls",
            finish=FinishReason.TOOL_CALL,
        ),
    ),
    complete=True,
    usage=Usage(input_tokens=10, output_tokens=5),
    created=1.0,
)


def with_parts(*parts: Part) -> Transcript:
    return replace(PLAIN, choices=(replace(PLAIN.choices[0], parts=parts),))


STREAMED = replace(
    with_parts(
        Reasoning(text="Hm. ", id="rs_1"),
        Reasoning(text="Sure.", signature="sig"),
        Text(text="One "),
        Text(text="moment."),
        ToolCall(id="call_2", name="weather", arguments='{"unit":"C","city":"Paris"}'),
    ),
    stream=True,
    id="b",
    model="gpt-4o-2024",
    created=2.0,
    shape=(("chunk", 9),),
    protocol="anthropic.messages",
    provider="anthropic",
)


def test_a_stream_is_the_same_as_a_plain_answer() -> None:
    assert_equivalent(PLAIN, STREAMED)
    assert_equivalent([PLAIN, STREAMED], (STREAMED, PLAIN))


CITY = ToolCall(id="call_1", name="weather", arguments='{"city": "Rome", "unit": "C"}')


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (replace(PLAIN, complete=False), ["complete: True / False"]),
        (replace(PLAIN, choices=()), ["choices: 1 / 0"]),
        (
            replace(PLAIN, usage=None),
            ["usage, input_tokens: 10 / not reported", "usage, output_tokens: 5 / not reported"],
        ),
        (with_parts(Text(text="One moment.")), ["parts: reasoning, text, tool call weather / text"]),
        (
            with_parts(Reasoning(text="Hm. Sure."), Text(text="One moment."), CITY),
            [
                'part 3 (tool call weather): {"city": "Paris", "unit": "C"} / {"city": "Rome", "unit": "C"}',
            ],
        ),
        (
            with_parts(Reasoning(text="Hm. Sure."), Text(text="One more."), CALL),
            ["part 2 (text):\n  - One moment.\n  + One more."],
        ),
        (
            replace(PLAIN, choices=(replace(PLAIN.choices[0], finish_reason="stop", finish=FinishReason.STOP),)),
            ["finish: tool_call (tool_calls) / stop (stop)"],
        ),
        (
            replace(PLAIN, error=ExchangeError(status=429, type="rate_limit", message="slow down")),
            ["error: none / 429 rate_limit"],
        ),
    ],
    ids=["complete", "choices", "usage", "parts", "arguments", "words", "finish", "error"],
)
def test_what_differs_is_listed(other: Transcript, said: list[str]) -> None:
    found = differences(PLAIN, other)
    assert [line for line in "\n".join(found).split("\n") if not line.startswith("  ?")] == "\n".join(said).split("\n")
    with pytest.raises(AssertionError, match=f"differ in {len(said)} place"):
        assert_equivalent(PLAIN, other)


def test_words_may_differ_on_request_but_not_kinds_or_tools() -> None:
    other = with_parts(Reasoning(text="Well."), Text(text="Wait."), CALL)
    assert_equivalent(PLAIN, other, same_words=False)
    with pytest.raises(AssertionError, match="tool call weather"):
        assert_equivalent(PLAIN, with_parts(Reasoning(text="Well."), Text(text="Wait.")), same_words=False)
    with pytest.raises(AssertionError, match="Rome"):
        assert_equivalent(PLAIN, with_parts(Reasoning(text="Hm."), Text(text="x"), CITY), same_words=False)


def test_reasoning_may_be_left_out_on_request() -> None:
    assert_equivalent(PLAIN, with_parts(Text(text="One moment."), CALL), reasoning=False)


def test_usage_may_differ_unless_asked_for() -> None:
    other = replace(PLAIN, usage=Usage(input_tokens=10, output_tokens=6))
    assert_equivalent(PLAIN, other)
    assert differences(PLAIN, other, same_usage=True) == ["usage, output_tokens: 5 / 6"]


def test_media_refusals_and_server_tools_count() -> None:
    def of(digest: str, query: str) -> Transcript:
        picture = Media(kind="image", media_type="image/png", size=1, digest=digest)
        search = ServerToolCall(id="s", name="web_search", arguments=f'{{"q": "{query}"}}')
        return with_parts(Refusal(text="No."), picture, search)

    assert_equivalent(of("sha256:1", "a"), of("sha256:1", "a"))
    assert len(differences(of("sha256:1", "a"), of("sha256:2", "b"))) == 2


def test_conversations_of_other_lengths_and_empty_ones() -> None:
    assert differences([PLAIN], [PLAIN, PLAIN]) == ["1 answer(s) in the first, 2 in the second"]
    with pytest.raises(CassetteError, match="without any answer"):
        assert_equivalent([], [])
    second = replace(PLAIN, complete=False)
    assert differences([PLAIN, PLAIN], [PLAIN, second]) == ["answer 2, complete: True / False"]
