"""`openai.realtime`: turn by turn, what each answer says and costs, and what all of them add up to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pytest_llmcassette.protocols.transcript import FinishReason

from .spoken import (
    OPENAI,
    SOUND,
    SOUND64,
    USAGE,
    XAI,
    begun,
    closed,
    created,
    done,
    heard,
    media,
    message,
    read,
    said,
    session,
    spoken,
)

ASK = said({"type": "response.create"})


@pytest.mark.parametrize("beta", [False, True])
def test_a_spoken_answer(beta: bool) -> None:
    kind = "audio" if beta else "output_audio"
    words = message("Hello there.", kind=kind)
    transcript = read(
        session(OPENAI, begun(), ASK, created(), *spoken("Hello there.", beta=beta), done(words, usage=USAGE))
    )
    assert (transcript.protocol, transcript.provider, transcript.kind) == ("openai.realtime", "openai", "chat")
    assert (transcript.id, transcript.model, transcript.request_model) == ("sess_1", "gpt-realtime", "gpt-realtime")
    assert transcript.text == "Hello there."
    assert media(transcript) == [("audio", "audio/pcm", 2 * len(SOUND))]
    assert (transcript.finish_reason, transcript.choices[0].finish) == ("completed", FinishReason.STOP)
    assert transcript.complete
    assert transcript.stream
    assert not transcript.notes
    assert dict(transcript.shape)["response.done"] == 1
    (turn,) = transcript.turns
    assert (turn.id, turn.text, turn.complete) == ("resp_1", "Hello there.", True)
    usage = transcript.usage
    assert usage is not None
    assert usage.check() == ()
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (132, 121, 253)
    assert (usage.cache_read_input_tokens, usage.audio_input_tokens, usage.audio_output_tokens) == (64, 13, 91)
    assert turn.usage is not None
    assert turn.usage.wire == USAGE


def test_several_turns_add_up() -> None:
    call_item = {"id": "item_1", "type": "function_call", "name": "add", "call_id": "c1", "arguments": '{"a":1}'}
    place = {"response_id": "resp_1", "item_id": "item_1", "output_index": 0}
    transcript = read(
        session(
            OPENAI,
            begun(),
            ASK,
            created(),
            heard({"type": "response.function_call_arguments.delta", **place, "delta": '{"a"'}),
            heard({"type": "response.function_call_arguments.delta", **place, "delta": ":1}"}),
            heard({"type": "response.function_call_arguments.done", **place, "arguments": '{"a":1}'}),
            done(call_item, usage={"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}),
            said({"type": "conversation.item.create", "item": {"type": "function_call_output", "call_id": "c1"}}),
            ASK,
            created("resp_2"),
            *spoken("It is one.", item="item_2", response="resp_2"),
            done(
                message("It is one.", item="item_2"),
                response="resp_2",
                usage={"input_tokens": 20, "output_tokens": 7, "total_tokens": 27},
            ),
            ASK,
            created("resp_3"),
            heard({"type": "response.output_text.delta", "response_id": "resp_3", "item_id": "i3", "delta": "Bye"}),
            done(message("Bye", item="i3", kind="output_text"), response="resp_3"),
        )
    )
    assert [turn.id for turn in transcript.turns] == ["resp_1", "resp_2", "resp_3"]
    assert transcript.text == "It is one.\nBye"
    assert [(one.id, one.name, one.arguments) for one in transcript.tool_calls] == [("c1", "add", '{"a":1}')]
    assert transcript.turns[0].choices[0].finish is FinishReason.TOOL_CALL
    assert transcript.usage is not None
    assert (transcript.usage.input_tokens, transcript.usage.output_tokens, transcript.usage.total_tokens) == (
        30,
        12,
        42,
    )
    assert transcript.turns[2].usage is None
    assert transcript.complete


@pytest.mark.parametrize(
    ("status", "details", "finish", "complete", "error"),
    [
        ("incomplete", {"type": "incomplete", "reason": "max_output_tokens"}, FinishReason.LENGTH, True, None),
        ("incomplete", {"reason": "content_filter"}, FinishReason.CONTENT_FILTER, True, None),
        ("cancelled", {"type": "cancelled", "reason": "turn_detected"}, FinishReason.OTHER, True, None),
        (
            "failed",
            {"type": "failed", "error": {"type": "insufficient_quota", "code": "x", "message": "No money."}},
            FinishReason.ERROR,
            False,
            ("insufficient_quota", "No money."),
        ),
    ],
)
def test_how_a_response_ends(
    status: str, details: Any, finish: FinishReason, complete: bool, error: tuple[str, str] | None
) -> None:
    # Of an answer that was cut off the end repeats only what was heard, or nothing.
    transcript = read(session(OPENAI, begun(), created(), *spoken("One two."), done(status=status, details=details)))
    assert transcript.text == "One two."
    assert (transcript.finish_reason, transcript.choices[0].finish) == (status, finish)
    assert transcript.complete is complete
    found = None if transcript.error is None else (transcript.error.type, transcript.error.message)
    assert found == error


REFUSED = heard({"type": "error", "event_id": "e", "error": {"type": "invalid_request_error", "message": "What?"}})


@pytest.mark.parametrize(
    ("frames", "complete", "error", "notes"),
    [
        ([begun()], True, None, 0),
        ([begun(), ASK], False, None, 0),
        ([begun(), created(), *spoken("Hi")], False, None, 0),
        ([begun(), ASK, REFUSED], False, "invalid_request_error", 0),
        ([begun(), REFUSED, created(), *spoken("Hi"), done(message("Hi"))], True, None, 1),
        ([begun(), created(), *spoken("Hi"), done(message("Hi")), REFUSED], False, "invalid_request_error", 0),
        ([begun(), created(), *spoken("Hi"), closed("1011 oops")], False, "1011", 0),
        ([begun(), created(), *spoken("Hi"), done(message("Hi")), closed("1011 oops")], True, None, 1),
        ([begun(), created(), *spoken("Hi"), done(message("Hi")), closed("1000")], True, None, 0),
        ([closed("1008 no key")], False, "1008", 0),
        ([begun(), heard(b"\x00\x01"), heard("no json"), heard("[1]")], True, None, 3),
    ],
    ids=[
        *("nothing asked", "asked", "begun", "refused", "refused and asked again", "an error at the end"),
        *("closed in mid-answer", "closed behind the answer", "closed in peace", "closed at once", "no JSON"),
    ],
)
def test_whether_it_is_complete(frames: list[Any], complete: bool, error: str | None, notes: int) -> None:
    transcript = read(session(OPENAI, *frames))
    assert transcript.complete is complete
    assert (transcript.error and transcript.error.type) == error
    assert len(transcript.notes) == notes


def test_what_another_model_wrote_down_is_paid_for() -> None:
    heard_done = {"type": "conversation.item.input_audio_transcription.completed", "item_id": "u1", "content_index": 0}
    tokens = {
        "type": "tokens",
        "total_tokens": 22,
        "input_tokens": 13,
        "input_token_details": {"text_tokens": 0, "audio_tokens": 13},
        "output_tokens": 9,
    }
    audio = {"input": {"transcription": {"model": "gpt-4o-transcribe"}}, "output": {"format": {"type": "audio/pcmu"}}}
    frames = [
        begun(audio=audio),
        heard({"type": "conversation.item.input_audio_transcription.delta", "item_id": "u1", "delta": "Hey"}),
        heard({**heard_done, "transcript": "Hey you", "usage": tokens}),
        created(),
        *spoken("Hello."),
        done(message("Hello."), usage=USAGE),
    ]
    transcript = read(session(OPENAI, *frames))
    first, second = transcript.turns
    assert (first.kind, first.text, first.model_name) == ("transcription", "Hey you", "gpt-4o-transcribe")
    assert first.usage is not None
    assert (first.usage.audio_input_tokens, first.usage.output_tokens) == (13, 9)
    assert second.text == transcript.text == "Hello."
    assert media(transcript) == [("audio", "audio/pcmu", 2 * len(SOUND))]
    assert transcript.usage is not None
    assert transcript.usage.total_tokens == 253 + 22

    seconds = {**heard_done, "transcript": "Hey", "usage": {"type": "duration", "seconds": 2.5}}
    alone = read(session(OPENAI, begun(), heard(seconds)))
    assert (alone.kind, alone.text, alone.complete) == ("transcription", "Hey", True)
    assert alone.usage is not None
    assert alone.usage.billed_units == {"seconds": 2.5}

    failed = {
        "type": "conversation.item.input_audio_transcription.failed",
        "item_id": "u1",
        "error": {"type": "transcription_error", "message": "Noise."},
    }
    (turn,) = read(session(OPENAI, begun(), heard(failed))).turns
    assert turn.error is not None
    assert turn.error.message == "Noise."


def test_a_voice_of_xai_is_paid_for_by_time_and_messages() -> None:
    usage = {"input_tokens": 13, "output_tokens": 113, "total_tokens": 126, "billable_audio_seconds": 3}
    end = {"type": "response.done", "response_id": "r", "response": {"id": "r", "status": "completed", "usage": {}}}
    words = said({"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": []}})
    transcript = read(
        session(
            XAI,
            begun("grok-voice-latest"),
            words,
            ASK,
            created("r"),
            *spoken("Yes.", response="r"),
            heard({**end, "usage": usage}),
            heard(
                {
                    "type": "conversation.item.input_audio_transcription.completed",
                    "item_id": "i",
                    "content_index": 0,
                    "transcript": "Hm.",
                }
            ),
        )
    )
    assert (transcript.provider, transcript.model, transcript.text) == ("xai", "grok-voice-latest", "Yes.")
    assert transcript.usage is not None
    assert transcript.usage.billed_units == {"seconds": 3, "text_messages": 1}
    assert transcript.usage.total_tokens == 126
    assert [(turn.kind, turn.is_billed) for turn in transcript.turns] == [("chat", True), ("heard", False)]


@pytest.mark.parametrize(
    ("url", "provider", "model"),
    [
        ("wss://me.openai.azure.com/openai/realtime?api-version=x&deployment=mine", "azure", "mine"),
        ("wss://me.openai.azure.com/openai/v1/realtime?model=mine", "azure", "mine"),
        ("ws://gateway.example/voice", "gateway.example", None),
    ],
)
def test_realtime_elsewhere(url: str, provider: str, model: str | None) -> None:
    transcript = read(session(url, begun("gpt-realtime"), created(), done(message("Hi"))))
    assert (transcript.protocol, transcript.provider) == ("openai.realtime", provider)
    assert (transcript.request_model, transcript.text) == (model, "Hi")


def test_a_translation_has_one_turn() -> None:
    frames = [
        begun("gpt-realtime-translate"),
        heard({"type": "session.output_transcript.delta", "delta": "Guten "}),
        heard({"type": "session.output_audio.delta", "delta": SOUND64}),
        heard({"type": "session.output_transcript.delta", "delta": "Tag"}),
    ]
    url = "wss://api.openai.com/v1/realtime/translations?model=gpt-realtime-translate"
    assert not read(session(url, *frames)).complete
    transcript = read(session(url, *frames, heard({"type": "session.closed"})))
    assert (transcript.text, len(transcript.turns), transcript.complete) == ("Guten Tag", 1, True)
    assert media(transcript) == [("audio", "audio/pcm", len(SOUND))]


def test_a_handshake_that_was_refused() -> None:
    refused = session(OPENAI)
    body = b'{"error": {"type": "invalid_request_error", "message": "No key."}}'
    refused.response = replace(refused.response, code=401, body=body)
    transcript = read(refused)
    assert transcript.error is not None
    assert (transcript.error.status, transcript.error.message, transcript.complete) == (401, "No key.", False)
