"""Usage: adding up without inventing zeros, broken invariants, OpenTelemetry names."""

from typing import Any

import pytest

from pytest_llmcassette.protocols.usage import Usage


def test_adding_keeps_unknown_unknown() -> None:
    one = Usage(input_tokens=1, output_tokens=2, server_tool_calls={"web": 1}, cost=0.5, wire={"prompt_tokens": 1})
    two = Usage(input_tokens=10, cache_read_input_tokens=4, server_tool_calls={"web": 2, "code": 1})
    assert one + two == Usage(
        input_tokens=11,
        output_tokens=2,
        cache_read_input_tokens=4,
        server_tool_calls={"web": 3, "code": 1},
        cost=0.5,
    )


def test_other_units_are_added_by_their_names() -> None:
    one, two = Usage(billed_units={"seconds": 1.5, "pages": 2}), Usage(billed_units={"seconds": 2}, input_tokens=1)
    assert one + two == Usage(input_tokens=1, billed_units={"seconds": 3.5, "pages": 2})


def test_sum_of_many_and_of_none() -> None:
    assert sum([Usage(input_tokens=1), Usage(input_tokens=2)], Usage()) == Usage(input_tokens=3)
    assert sum([Usage(input_tokens=1), Usage(output_tokens=0)]) == Usage(input_tokens=1, output_tokens=0)


def test_only_usages_are_added() -> None:
    with pytest.raises(TypeError):
        Usage() + 1  # type: ignore[operator]
    with pytest.raises(TypeError):
        1 + Usage()


@pytest.mark.parametrize(
    ("usage", "words"),
    [
        (Usage(input_tokens=-1), "input_tokens is negative: -1"),
        (Usage(input_tokens=5, cache_read_input_tokens=4, cache_creation_input_tokens=2), "cache read + creation (6)"),
        (Usage(output_tokens=5, reasoning_output_tokens=6), "reasoning_output_tokens (6) exceed"),
        (Usage(input_tokens=1, output_tokens=2, total_tokens=4), "total_tokens (4) are not input + output (3)"),
    ],
)
def test_broken_invariants_are_named(usage: Any, words: str) -> None:
    (problem,) = usage.check()
    assert words in problem


@pytest.mark.parametrize(
    "usage",
    [
        Usage(),
        Usage(input_tokens=0, output_tokens=0, total_tokens=0),
        Usage(cache_read_input_tokens=4, reasoning_output_tokens=3, total_tokens=9),
        Usage(
            input_tokens=6, cache_read_input_tokens=4, cache_creation_input_tokens=2, output_tokens=1, total_tokens=7
        ),
    ],
)
def test_nothing_is_said_about_what_is_unknown_or_right(usage: Any) -> None:
    assert usage.check() == ()


def test_opentelemetry_names() -> None:
    usage = Usage(input_tokens=6, output_tokens=0, cache_read_input_tokens=4, reasoning_output_tokens=2, total_tokens=6)
    assert usage.otel_attributes() == {
        "gen_ai.usage.input_tokens": 6,
        "gen_ai.usage.output_tokens": 0,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.reasoning.output_tokens": 2,
    }
