"""Drawing a conversation never fails, whatever stands in the request, and shows each kind of part."""

import io
import json
from typing import Any

import pytest
from characters import CHARACTERS
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmcassette.answers.request_messages import messages
from pytest_llmcassette.cassette.model import Interaction, Request, Response
from pytest_llmcassette.cli.conversation import draw, usage_line
from pytest_llmcassette.cli.terminal import Terminal
from pytest_llmcassette.protocols.transcript import (
    Choice,
    Citation,
    ExchangeError,
    Media,
    Other,
    Reasoning,
    Refusal,
    ServerToolCall,
    ServerToolResult,
    Text,
    ToolCall,
    Transcript,
)
from pytest_llmcassette.protocols.usage import Usage


def drawn(transcript: Transcript, body: bytes = b"") -> str:
    screen = io.StringIO()
    made = Interaction(request=Request(method="POST", url="https://x/y", body=body), response=Response())
    draw(Terminal(screen), "file.yaml #0", made, transcript)
    return screen.getvalue()


def test_every_kind_of_part() -> None:
    parts = (
        Reasoning(text="Let me", signature="12345"),
        Reasoning(encrypted="123456"),
        Text(text="Two\nlines", citations=(Citation(title="A", url="https://a", raw={}),)),
        Refusal(text="no"),
        ToolCall(id=None, name="add", arguments="{oops"),
        ServerToolCall(id="s", name="search", arguments='{"q":1}'),
        ServerToolResult(id="s", name="search", content={"found": 1}),
        Media(kind="image", media_type="image/png", size=1234),
        Other(kind="compaction", raw={"x": 1}),
    )
    out = drawn(
        Transcript(
            protocol="p",
            provider="q",
            stream=True,
            choices=(Choice(index=0, parts=parts, finish_reason="stop"), Choice(index=1)),
            error=ExchangeError(status=None, type="overloaded", message="slow"),
            notes=("odd",),
        )
    )
    for line in (
        "    Let me",
        "  signed reasoning: 5 characters",
        "  encrypted reasoning: 6 characters",
        "  Two\n  lines",
        "  source: A https://a",
        "  refusal: no",
        "  call add (no id)\n    {oops",
        '  provider runs search\n    {\n      "q": 1\n    }',
        '  result of search: {\n    "found": 1\n  }',
        "  image: image/png, 1,234 bytes",
        '  compaction: {\n    "x": 1\n  }',
        "assistant (choice 1):\n  finish reason: none",
        "error: overloaded slow",
        "note: odd",
    ):
        assert f"\n{line}\n" in out


def test_an_answer_that_was_cut_says_so() -> None:
    cut = Transcript(protocol="p", provider="q", stream=True, choices=(Choice(index=0, parts=(Text(text="Hi"),)),))
    assert "incomplete: the answer does not reach its end" in drawn(cut)


@pytest.mark.parametrize(
    ("usage", "words"),
    [
        (Usage(), "no figures"),
        (Usage(input_tokens=0), "0 in"),
        (
            Usage(input_tokens=1500, cache_read_input_tokens=7, cache_creation_input_tokens=8, output_tokens=3),
            "1,500 in (7 cached, 8 written to cache), 3 out",
        ),
        (
            Usage(output_tokens=9, reasoning_output_tokens=5, total_tokens=10, server_tool_calls={"web_search": 2}),
            "9 out (5 reasoning), 10 total, 2 web_search",
        ),
    ],
)
def test_usage_in_words(usage: Any, words: str) -> None:
    assert usage_line(usage) == words


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
            "image image/png, 3",
        ),
        ({"inlineData": {"mimeType": "image/png", "data": "AAAA"}}, "inlineData image/png, 3"),
        ({"type": "input_image", "image_url": "data:image/png;base64,AAAA"}, "input_image image/png, 3"),
        ({"type": "image_url", "image_url": {"url": "https://a/b.png"}}, "image_url https://a/b.png"),
        ({"image": {"format": "png", "source": {"bytes": "AAAA"}}}, "image png, 3"),
        ({"type": "input_audio", "input_audio": {"format": "wav", "data": "AAAA"}}, "input_audio wav, 3"),
        ({"type": "tool_use", "name": "add", "input": {"x": 1}}, '-> add({"x": 1}'),
        ({"functionCall": {"name": "add", "args": {"x": 1}}}, '-> add({"x": 1}'),
        ({"toolUse": {"name": "add", "input": {"x": 1}}}, '-> add({"x": 1}'),
        ({"toolResult": {"content": [{"text": "3"}]}}, '<- [{"text": "3"}]'),
        ({"functionResponse": {"name": "add", "response": {"r": 3}}}, '<- {"r": 3}'),
        ({"type": "hologram"}, "[hologram]"),
    ],
)
def test_parts_of_a_request_in_short(part: Any, words: str) -> None:
    ((_, role, text),) = messages(json.dumps({"messages": [{"role": "user", "content": [part]}]}).encode())
    assert role == "user"
    assert words in text


def test_a_history_and_the_question_after_it() -> None:
    asked = {"message": "And now?", "chat_history": [{"role": "USER", "message": "Hi"}], "preamble": "Be brief."}
    assert messages(json.dumps(asked).encode()) == [
        ("system", "system", "Be brief."),
        ("user", "USER", "Hi"),
        ("user", "user", "And now?"),
    ]


KEYS = """
    role content parts type text image_url source inlineData data url image document toolUse toolResult functionCall
    functionResponse name arguments input output tool_calls function function_call json bytes format file images
    functionDeclarations toolSpec
"""
TOP = "system messages contents input prompt tools functions toolConfig instructions systemInstruction message"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(CHARACTERS, max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(TOP.split()), VALUES, max_size=4))
@pytest.mark.slow
def test_any_request_can_be_drawn(request_body: Any) -> None:
    out = drawn(Transcript(protocol="p", provider="q", stream=False), json.dumps(request_body).encode())
    assert out.startswith("file.yaml #0\nPOST https://x/y -> 200\n")
