"""Conversations in frames: turn by turn, what each answer says and costs, and what all of them add up to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pytest_llmcassette.cassette.model import SERVER, Interaction
from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.transcript import FinishReason, Media, ServerToolCall, ServerToolResult, Transcript

from .spoken import (
    GEMINI,
    OPENAI,
    RESPONSES,
    SOUND,
    SOUND64,
    USAGE,
    XAI,
    begun,
    call,
    closed,
    created,
    done,
    heard,
    message,
    said,
    session,
    spoken,
)


def read(interaction: Interaction) -> Transcript:
    transcript = registry.read(interaction)
    assert transcript is not None, "no protocol claimed the exchange"
    assert transcript.protocol != "unknown", transcript.notes
    return transcript


def media(transcript: Transcript) -> list[tuple[str, str | None, int | None]]:
    return [(part.kind, part.media_type, part.size) for part in transcript.parts if isinstance(part, Media)]


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


# The Responses API over a WebSocket.


def _response(number: int, words: str, lane: str = "") -> list[Any]:
    item = {"id": f"m{number}", "type": "message", "content": [{"type": "output_text", "text": words}]}
    head = {"id": f"resp_{number}", "object": "response", "model": "gpt-5-2025", "created_at": 1790000000}
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    end = {**head, "status": "completed", "output": [item], "usage": usage}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**head, "status": "in_progress", "output": []}},
        {"type": "response.output_text.delta", "item_id": f"m{number}", "output_index": 0, "delta": words},
        {"type": "response.completed", "response": end},
    ]
    return [heard({**event, **({"stream_id": lane} if lane else {})}) for event in events]


def _create(lane: str = "") -> Any:
    return said({"type": "response.create", "model": "gpt-5", "input": "Hi", **({"stream_id": lane} if lane else {})})


def test_responses_over_a_websocket() -> None:
    transcript = read(session(RESPONSES, _create(), *_response(1, "One"), _create(), *_response(2, "Two")))
    assert (transcript.protocol, transcript.model, transcript.request_model) == (
        *("openai.responses", "gpt-5-2025", "gpt-5"),
    )
    assert (transcript.text, [turn.id for turn in transcript.turns]) == ("One\nTwo", ["resp_1", "resp_2"])
    assert transcript.usage is not None
    assert transcript.usage.total_tokens == 30
    assert transcript.complete
    assert transcript.created == 1790000000

    one, two = _response(1, "One", "a"), _response(2, "Two", "b")
    mixed = [frame for pair in zip(one, two, strict=True) for frame in pair]
    lanes = read(session(RESPONSES, _create("a"), _create("b"), *mixed))
    assert (lanes.text, lanes.complete) == ("One\nTwo", True)
    assert not read(session(RESPONSES, _create("a"), _create("b"), *one)).complete
    assert not read(session(RESPONSES, _create(), *_response(1, "One")[:2])).complete


def test_an_error_of_a_response_over_a_websocket() -> None:
    error = {"type": "error", "status": 400, "error": {"type": "invalid_request_error", "message": "No such id."}}
    refused = read(session(RESPONSES, _create(), heard(error)))
    assert refused.error is not None
    assert (refused.error.status, refused.error.message, refused.turns) == (400, "No such id.", ())
    broken = read(session(RESPONSES, _create(), *_response(1, "One")[:2], heard(error)))
    assert broken.error is not None
    assert (broken.text, broken.complete) == ("One", False)
    mended = read(session(RESPONSES, _create(), heard(error), _create(), *_response(1, "One")))
    assert (mended.error, mended.complete, len(mended.notes)) == (None, True, 1)


# Gemini's Live API.

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


# xAI's own SDK.

ASKED = {"model": "grok-4", "messages": [{"role": "ROLE_USER", "content": [{"text": "Hi"}]}]}
SAMPLED = {
    "prompt_tokens": 100,
    "completion_tokens": 9,
    "reasoning_tokens": 20,
    "total_tokens": 129,
    "prompt_text_tokens": 90,
    "cached_prompt_text_tokens": 60,
    "prompt_image_tokens": 10,
    "num_sources_used": 2,
    "cost_in_usd_ticks": "5000000",
    "server_side_tools_used": ["SERVER_SIDE_TOOL_WEB_SEARCH", "SERVER_SIDE_TOOL_WEB_SEARCH"],
}
GROK: dict[str, Any] = {"id": "g1", "model": "grok-4-0709", "created": "2026-01-16T17:05:02.153248979Z"}
WHOLE = {
    **GROK,
    "outputs": [
        {
            "finish_reason": "REASON_STOP",
            "message": {"content": "Hello.", "reasoning_content": "Be kind.", "role": "ROLE_ASSISTANT"},
        }
    ],
    "usage": SAMPLED,
    "citations": ["https://x.example/1"],
    "service_tier": "SERVICE_TIER_DEFAULT",
}
CHUNKS = [
    {**GROK, "outputs": [{"delta": {"reasoning_content": "Be kind.", "role": "ROLE_ASSISTANT"}}]},
    {**GROK, "outputs": [{"delta": {"content": "Hel"}}], "usage": {"prompt_tokens": 100, "completion_tokens": 1}},
    {**GROK, "outputs": [{"delta": {"content": "lo."}}]},
    {
        **GROK,
        "outputs": [{"finish_reason": "REASON_STOP", "delta": {}}],
        "usage": SAMPLED,
        "citations": ["https://x.example/1"],
        "service_tier": "SERVICE_TIER_DEFAULT",
    },
]
# With the names that protobuf's JSON has by itself.
CAMEL = {
    **GROK,
    "outputs": [
        {"finishReason": "REASON_STOP", "message": {"content": "Hello.", "reasoningContent": "Be kind."}},
    ],
    "usage": {
        "promptTokens": 100,
        "completionTokens": 9,
        "reasoningTokens": 20,
        "totalTokens": 129,
        "cachedPromptTextTokens": 60,
        "promptImageTokens": 10,
        "numSourcesUsed": 2,
        "costInUsdTicks": "5000000",
        "serverSideToolsUsed": ["SERVER_SIDE_TOOL_WEB_SEARCH", "SERVER_SIDE_TOOL_WEB_SEARCH"],
    },
    "citations": ["https://x.example/1"],
    "serviceTier": "SERVICE_TIER_DEFAULT",
}
DEFERRED = {"status": "DONE", "response": WHOLE}


@pytest.mark.parametrize(
    "interaction",
    [
        call("Chat/GetCompletion", ASKED, WHOLE),
        call("Chat/GetCompletion", ASKED, CAMEL),
        call("Chat/GetCompletionChunk", ASKED, *CHUNKS),
        call("Chat/GetDeferredCompletion", {"request_id": "r"}, DEFERRED),
    ],
    ids=["whole", "other names", "in chunks", "waited for"],
)
def test_xai_chat(interaction: Interaction) -> None:
    transcript = read(interaction)
    assert (transcript.protocol, transcript.provider, transcript.kind) == ("xai.chat", "xai", "chat")
    assert (transcript.id, transcript.model, transcript.service_tier) == ("g1", "grok-4-0709", "default")
    assert (transcript.text, transcript.reasoning) == ("Hello.", "Be kind.")
    assert (transcript.finish_reason, transcript.choices[0].finish) == ("REASON_STOP", FinishReason.STOP)
    assert transcript.complete
    assert transcript.created == pytest.approx(1768583102.153)
    assert transcript.stream == interaction.request.url.endswith("Chunk")
    assert transcript.parts[-1].citations[0].url == "https://x.example/1"
    usage = transcript.usage
    assert usage is not None
    assert usage.check() == ()
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (100, 29, 129)
    assert (usage.cache_read_input_tokens, usage.reasoning_output_tokens, usage.image_input_tokens) == (60, 20, 10)
    assert (usage.server_tool_calls, usage.billed_units, usage.cost) == ({"web_search": 2}, {"sources": 2}, 0.0005)


def test_xai_calls_tools() -> None:
    mine = {
        "id": "c1",
        "type": "TOOL_CALL_TYPE_CLIENT_SIDE_TOOL",
        "function": {"name": "add", "arguments": '{"a":1}'},
    }
    theirs = {
        "id": "c2",
        "type": "TOOL_CALL_TYPE_CODE_EXECUTION_TOOL",
        "function": {"name": "code_execution", "arguments": '{"code":"2"}'},
    }
    transcript = read(
        call(
            "Chat/GetCompletionChunk",
            ASKED,
            {"outputs": [{"delta": {"role": "ROLE_ASSISTANT", "tool_calls": [theirs]}}]},
            {"outputs": [{"delta": {"role": "ROLE_ASSISTANT"}, "finish_reason": "REASON_TOOL_CALLS"}]},
            {"outputs": [{"index": 1, "delta": {"role": "ROLE_TOOL", "content": "2", "tool_calls": [theirs]}}]},
            {"outputs": [{"index": 2, "delta": {"content": "Two."}}]},
            {"outputs": [{"index": 2, "delta": {"tool_calls": [mine]}, "finish_reason": "REASON_TOOL_CALLS"}]},
        )
    )
    assert transcript.text == "Two."
    assert [(one.id, one.name, one.parsed) for one in transcript.tool_calls] == [("c1", "add", {"a": 1})]
    assert transcript.choices[0].finish is FinishReason.TOOL_CALL
    ran = [part for part in transcript.parts if isinstance(part, (ServerToolCall, ServerToolResult))]
    assert [(part.id, part.name) for part in ran] == [("c2", "code_execution")] * 2
    assert isinstance(ran[1], ServerToolResult)
    assert ran[1].content == "2"


def test_xai_alternatives_are_choices() -> None:
    outputs = [
        {"index": number, "finish_reason": "REASON_MAX_LEN", "message": {"content": words}}
        for number, words in enumerate(("a", "b"))
    ]
    transcript = read(call("Chat/GetCompletion", {**ASKED, "n": 2}, {**GROK, "outputs": outputs}))
    assert [(one.text, one.finish) for one in transcript.choices] == [("a", "length"), ("b", "length")]


@pytest.mark.parametrize(
    ("interaction", "error", "complete"),
    [
        (call("Chat/GetCompletion", ASKED, status=8, words="Slow down."), ("RESOURCE_EXHAUSTED", "Slow down."), False),
        (call("Chat/GetCompletionChunk", ASKED, *CHUNKS[:2], status=14), ("UNAVAILABLE", None), False),
        (call("Chat/GetCompletionChunk", ASKED, *CHUNKS[:2]), None, False),
        (call("Chat/GetCompletionChunk", ASKED, b"\x01", *CHUNKS), None, False),
        (call("Chat/GetCompletion", ASKED), None, False),
    ],
    ids=["refused", "broken", "without an end", "without JSON", "no answer"],
)
def test_xai_ends_badly(interaction: Interaction, error: tuple[str, str | None] | None, complete: bool) -> None:
    transcript = read(interaction)
    assert (transcript.error and (transcript.error.type, transcript.error.message)) == error
    assert transcript.complete is complete


@pytest.mark.parametrize(
    ("interaction", "protocol", "kind", "units"),
    [
        (
            call(
                "Sample/SampleText",
                {"prompt": ["x"]},
                {**GROK, "choices": [{"text": "y", "finishReason": "REASON_STOP"}]},
            ),
            *("xai.sample", "completion", None),
        ),
        (
            call(
                "Image/GenerateImage",
                {"prompt": "x"},
                {"images": [{"base64": "data:image/png;base64,AAAA"}], "model": "i"},
            ),
            *("xai.image", "image", {"images": 1}),
        ),
        (
            call("Video/GetDeferredVideo", {}, {"status": "DONE", "response": {"video": {"url": "u", "duration": 5}}}),
            *("xai.video", "video", {"seconds": 5}),
        ),
        (
            call("Embedder/Embed", {"model": "e"}, {"usage": {"numTextEmbeddings": 2}, "embeddings": []}),
            *("xai.embed", "embedding", {"text_embeddings": 2}),
        ),
    ],
)
def test_other_services_of_xai(interaction: Interaction, protocol: str, kind: str, units: Any) -> None:
    transcript = read(interaction)
    assert (transcript.protocol, transcript.kind, transcript.complete) == (protocol, kind, True)
    assert (transcript.usage and transcript.usage.billed_units) == units


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
