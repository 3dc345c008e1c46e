"""`gemini.live`: spoken turns, calls of tools, ends."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.transcript import FinishReason

from .spoken import (
    GEMINI,
    SOUND,
    SOUND64,
    closed,
    heard,
    media,
    read,
    said,
    session,
)

SETUP = said({"setup": {"model": "models/gemini-live-2.5-flash", "generationConfig": {}}})
COUNTED = {
    "promptTokenCount": 30,
    "responseTokenCount": 12,
    "thoughtsTokenCount": 3,
    "totalTokenCount": 45,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 20}, {"modality": "AUDIO", "tokenCount": 10}],
    "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 12}],
}


def _blob(data: str = SOUND64) -> Any:
    return {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": data}}


def _content(**fields: Any) -> Any:
    return heard({"serverContent": fields})


def _asked(words: str) -> Any:
    turn = {"role": "user", "parts": [{"text": words}]}
    return said({"client_content": {"turns": [turn], "turn_complete": True}})


def test_gemini_speaks() -> None:
    end = heard({"serverContent": {"turnComplete": True}, "usageMetadata": COUNTED})
    transcript = read(
        session(
            GEMINI,
            SETUP,
            heard(b'{"setupComplete": {"sessionId": "s1"}}'),
            _asked("Hi"),
            _content(inputTranscription={"text": " Hel"}),
            _content(inputTranscription={"text": "lo"}),
            _content(modelTurn={"parts": [{"text": "Let me greet.", "thought": True}]}),
            _content(modelTurn={"parts": [_blob()]}, outputTranscription={"text": "Good "}),
            _content(modelTurn={"parts": [_blob()]}),
            _content(outputTranscription={"text": "day."}),
            _content(generationComplete=True),
            end,
            _asked("More"),
            _content(modelTurn={"parts": [{"text": "Once "}]}),
            _content(modelTurn={"parts": [{"text": "more."}]}),
            end,
        )
    )
    assert (transcript.protocol, transcript.provider, transcript.id) == ("gemini.live", "gemini", "s1")
    assert transcript.request_model == "gemini-live-2.5-flash"
    assert [(turn.kind, turn.text) for turn in transcript.turns] == [
        ("heard", " Hello"),
        ("chat", "Good day."),
        ("chat", "Once more."),
    ]
    assert transcript.text == "Good day.\nOnce more."
    assert transcript.reasoning == "Let me greet."
    assert media(transcript) == [("audio", "audio/pcm", 2 * len(SOUND))]
    assert (transcript.finish_reason, transcript.choices[0].finish) == ("turnComplete", FinishReason.STOP)
    assert transcript.complete
    usage = transcript.usage
    assert usage is not None
    assert usage.check() == ()
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (60, 30, 90)
    assert (usage.audio_input_tokens, usage.audio_output_tokens, usage.reasoning_output_tokens) == (20, 24, 6)
    assert transcript.turns[1].usage is not None
    assert transcript.turns[1].usage.wire == COUNTED


def test_gemini_calls_tools() -> None:
    wanted = heard({"toolCall": {"functionCalls": [{"id": "f1", "name": "add", "args": {"a": 1}}]}})
    counted = heard({"usageMetadata": {**COUNTED, "totalTokenCount": 45}})
    given = said({"tool_response": {"function_responses": [{"id": "f1", "name": "add", "response": {"sum": 2}}]}})
    frames = [SETUP, _asked("Add"), wanted, counted]
    waits = read(session(GEMINI, *frames))
    assert [(one.id, one.name, one.parsed) for one in waits.tool_calls] == [("f1", "add", {"a": 1})]
    assert (waits.finish_reason, waits.choices[0].finish, waits.complete) == ("toolCall", FinishReason.TOOL_CALL, True)
    assert not read(session(GEMINI, *frames, given)).complete
    end = heard({"serverContent": {"turnComplete": True}, "usageMetadata": COUNTED})
    answered = read(session(GEMINI, *frames, given, _content(modelTurn={"parts": [{"text": "2"}]}), end))
    assert (answered.text, len(answered.turns), answered.complete) == ("2", 2, True)
    assert answered.usage is not None
    assert answered.usage.total_tokens == 90
    # Where nothing is counted before the tools are back, it is one turn, counted once.
    once = read(session(GEMINI, *frames[:-1], given, _content(modelTurn={"parts": [{"text": "2"}]}), end))
    assert (once.text, len(once.turns), once.complete, len(once.tool_calls)) == ("2", 1, True, 1)
    assert once.usage is not None
    assert once.usage.total_tokens == 45


@pytest.mark.parametrize(
    ("frames", "finish", "complete"),
    [
        ([_content(interrupted=True), _content(turnComplete=True)], ("interrupted", FinishReason.OTHER), True),
        (
            [_content(turnComplete=True, turnCompleteReason="RESPONSE_REJECTED")],
            ("RESPONSE_REJECTED", FinishReason.CONTENT_FILTER),
            True,
        ),
        (
            [_content(turnComplete=True, turnCompleteReason="MALFORMED_FUNCTION_CALL")],
            ("MALFORMED_FUNCTION_CALL", FinishReason.ERROR),
            True,
        ),
        (
            [_content(turnComplete=True, turnCompleteReason="TURN_COMPLETE_REASON_UNSPECIFIED")],
            ("turnComplete", FinishReason.STOP),
            True,
        ),
        ([heard({"goAway": {"timeLeft": "10s"}})], (None, None), False),
        ([closed("1007 bad argument")], (None, None), False),
    ],
)
def test_how_a_turn_of_gemini_ends(frames: list[Any], finish: tuple[Any, Any], complete: bool) -> None:
    said_so_far = _content(modelTurn={"parts": [{"text": "Well"}]})
    transcript = read(session(GEMINI, SETUP, _asked("Hi"), said_so_far, *frames))
    assert transcript.text == "Well"
    assert (transcript.finish_reason, transcript.choices[0].finish) == finish
    assert transcript.complete is complete
    assert (transcript.error is not None) == (frames[0].kind.value == "close")


def test_gemini_behind_a_gateway_is_known_by_its_setup() -> None:
    transcript = read(session("wss://gateway.example/live", SETUP, heard({"setupComplete": {}})))
    assert (transcript.protocol, transcript.complete, transcript.turns) == ("gemini.live", True, ())
    assert registry.read(session("wss://gateway.example/live", said({"setup": 1}), heard({"x": 1}))) is None
