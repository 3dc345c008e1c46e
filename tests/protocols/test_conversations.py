"""Conversations in frames, whatever their protocol: garbage, odd numbers, and protocols of a user's own."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmcassette.cassette.model import SERVER
from pytest_llmcassette.protocols import registry

from .spoken import (
    GEMINI,
    OPENAI,
    RESPONSES,
    begun,
    call,
    closed,
    created,
    done,
    heard,
    read,
    said,
    session,
)

GARBAGE = ["", "{", "7", "null", "[[]]", b"\xff", {}, {"type": 5}, {"type": "response.done"}, {"type": "response.x"}]
ODD = [
    {"type": "error"},
    {"response": []},
    {"serverContent": 3},
    {"usageMetadata": 1},
    {"toolCall": {"functionCalls": 1}},
]


@pytest.mark.parametrize("url", [OPENAI, RESPONSES, GEMINI])
def test_garbage_in_frames_is_read_without_a_fault(url: str) -> None:
    for message_ in (*GARBAGE, *ODD):
        for frames in ([heard(message_)], [said(message_), heard(message_), closed("no code")]):
            read(session(url, *frames))
    read(session(url))


def test_a_part_of_any_number_is_one_part() -> None:
    place = {"response_id": "resp_1", "item_id": "i", "output_index": 10**30, "content_index": 10**30}
    delta = heard({"type": "response.output_text.delta", **place, "delta": "Hi"})
    assert read(session(OPENAI, begun(), created(), delta, done())).text == "Hi"


def test_garbage_in_calls_is_read_without_a_fault() -> None:
    garbage: list[Any] = [
        {},
        {"outputs": 5},
        {"outputs": [{"delta": 1}]},
        {"usage": []},
        {"response": 5},
        {"created": 1},
    ]
    for one in garbage:
        for method in ("Chat/GetCompletion", "Sample/SampleText", "Image/GenerateImage", "Embedder/Embed"):
            read(call(method, None, one))


def test_user_protocols_are_asked_first() -> None:
    interaction = session(OPENAI, begun())
    assert all(frame.sender == SERVER for frame in interaction.frames)
    names = registry.names()
    assert {"openai.realtime", "gemini.live", "xai.chat"} <= set(names)
    assert len(set(names)) == len(names)
