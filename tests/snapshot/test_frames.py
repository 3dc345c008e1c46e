"""The snapshot of a conversation in frames: what its client said, and each answer by itself."""

from __future__ import annotations

from typing import Any

import pytest
from protocols.spoken import (
    GEMINI,
    OPENAI,
    RESPONSES,
    SOUND64,
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

from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.recorder.requests import SentRequest
from snapshot.exchanges import cassette, changed, text


def sent(interaction: Interaction) -> SentRequest:
    request = interaction.request
    return SentRequest(request.method, request.url, request.headers, request.body, interaction=interaction)


def of(*interactions: Interaction) -> str:
    return text(cassette(*map(sent, interactions)))


def _append(number: int = 1, sound: str = SOUND64) -> Any:
    return said({"type": "input_audio_buffer.append", "event_id": f"event_{number}", "audio": sound})


USAGE = {
    "input_tokens": 12,
    "output_tokens": 7,
    "total_tokens": 19,
    "output_token_details": {"text_tokens": 2, "audio_tokens": 5},
}


def realtime(
    *, ids: str = "a", sound: str = SOUND64, words: str = "Hello there.", appended: int = 3, usage: Any = None
) -> Interaction:
    call_item = {"id": f"c{ids}", "type": "function_call", "name": "add", "call_id": f"call_{ids}", "arguments": "{}"}
    user = {"id": f"item_u{ids}", "type": "message", "role": "user"}
    content = [{"type": "input_text", "text": "Add\nit."}, {"type": "input_audio", "audio": SOUND64}]
    heard_done = {"type": "conversation.item.input_audio_transcription.completed", "item_id": f"item_u{ids}"}
    output = {"type": "function_call_output", "call_id": f"call_{ids}", "output": "2"}
    first, second, item = f"resp_1{ids}", f"resp_2{ids}", f"item_m{ids}"
    return session(
        OPENAI,
        begun(),
        said({"type": "session.update", "session": {"type": "realtime", "instructions": "Be brief.\nAlways."}}),
        *(_append(number, sound) for number in range(appended)),
        said({"type": "input_audio_buffer.commit", "event_id": f"event_c{ids}"}),
        said({"type": "conversation.item.create", "previous_item_id": "root", "item": {**user, "content": content}}),
        said({"type": "response.create"}),
        heard({**heard_done, "transcript": "Add.", "usage": {"type": "duration", "seconds": 2}}),
        created(first),
        done(call_item, response=first, usage=USAGE),
        said({"type": "conversation.item.create", "previous_item_id": f"item_u{ids}", "item": output}),
        said({"type": "response.create"}),
        created(second),
        *spoken(words, item=item, response=second),
        done(message(words, item=item), response=second, usage=usage or USAGE),
        closed("1000"),
    )


REALTIME = """\
request 1: GET /v1/realtime?model=gpt-realtime
  session.update:
    session:
      type: "realtime"
      instructions:
        | Be brief.
        | Always.
  input_audio_buffer.append: <audio, 12 bytes, sha256:5252677269f32b37> in 3 messages
  input_audio_buffer.commit:
    event_id: <event 1>
  conversation.item.create:
    item:
      role: "user"
      type: "message"
      id: <item 1>
      content:
        - type: "input_text"
          text:
            | Add
            | it.
        - type: "input_audio"
          audio: <audio, 4 bytes, sha256:054edec1d0211f62>
    previous_item_id: "root"
  response.create
  conversation.item.create:
    item:
      type: "function_call_output"
      call_id: <call 1>
      output: "2"
    previous_item_id: <item 1>
  response.create
answer 1: 101, openai.realtime
  model: "gpt-realtime"
  id: <session 1>
  turn 1, transcription:
    text:
      | Add.
    usage: seconds 2
  turn 2:
    id: <response 1>
    tool call <call 1> add: {}
    finish: tool_call (completed)
    usage: input 12, output 7, total 19, audio output 5
  turn 3:
    id: <response 2>
    text:
      | Hello there.
    audio: <audio/pcm, 8 bytes, sha256:e2f69ca1d1562c95>
    finish: stop (completed)
    usage: input 12, output 7, total 19, audio output 5
  usage: input 24, output 14, total 38, audio output 10, seconds 2"""


def test_a_realtime_session() -> None:
    assert of(realtime()) == REALTIME


def test_one_change_is_one_line_and_ids_are_none() -> None:
    before = of(realtime())
    assert of(realtime(ids="another")) == before
    assert changed(before, of(realtime(words="Hello."))) == (["| Hello there."], ["| Hello."])
    minus, plus = changed(before, of(realtime(sound="AAAA")))
    assert [line.partition(":")[0] for line in (*minus, *plus)] == ["input_audio_buffer.append"] * 2
    minus, plus = changed(before, of(realtime(usage={**USAGE, "input_tokens": 13, "total_tokens": 20})))
    assert plus == [
        "usage: input 13, output 7, total 20, audio output 5",
        "usage: input 25, output 14, total 39, audio output 10, seconds 2",
    ]
    assert len(minus) == 2


def test_shape_keeps_what_the_client_set_up() -> None:
    shape = text(cassette(sent(realtime())), shape=True)
    assert "| Be brief." in shape
    assert "Hello there." not in shape
    assert "audio: <audio/pcm>" in shape


def test_gemini_live() -> None:
    sound = said({"realtime_input": {"audio": {"mime_type": "audio/pcm;rate=16000", "data": SOUND64}}})
    given = {"function_responses": [{"id": "function-call-123", "name": "add", "response": {"sum": 2}}]}
    counted = {"promptTokenCount": 30, "responseTokenCount": 12, "totalTokenCount": 42}
    part = {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": SOUND64}}
    wanted = {"toolCall": {"functionCalls": [{"id": "function-call-123", "name": "add", "args": {"a": 1}}]}}
    interaction = session(
        GEMINI,
        said({"setup": {"model": "models/gemini-live", "sessionResumption": {"handle": "secretly-random-1"}}}),
        heard({"setupComplete": {}}),
        *(sound, sound),
        said({"realtime_input": {"audio_stream_end": True}}),
        heard({**wanted, "usageMetadata": counted}),
        said({"tool_response": given}),
        heard({"serverContent": {"modelTurn": {"parts": [part]}, "outputTranscription": {"text": "Two."}}}),
        heard({"serverContent": {"turnComplete": True}, "usageMetadata": counted}),
    )
    assert of(interaction) == (
        """\
request 1: GET /ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=REDACTED
  setup:
    model: "models/gemini-live"
    sessionResumption:
      handle: <handle 1>
  realtime_input: <audio/pcm;rate=16000, 8 bytes, sha256:e2f69ca1d1562c95> in 2 messages
  realtime_input:
    audio_stream_end: true
  tool_response:
    function_responses:
      - name: "add"
        id: <call 1>
        response:
          sum: 2
answer 1: 101, gemini.live
  turn 1:
    tool call <call 1> add:
      {
        "a": 1
      }
    finish: tool_call (toolCall)
    usage: input 30, output 12, total 42
  turn 2:
    text:
      | Two.
    audio: <audio/pcm, 4 bytes, sha256:054edec1d0211f62>
    finish: stop (turnComplete)
    usage: input 30, output 12, total 42
  usage: input 60, output 24, total 84"""
    )


def test_responses_show_what_each_adds() -> None:
    def create(*words: str, **fields: Any) -> Any:
        asked = {
            "model": "gpt-5",
            "instructions": "Be brief.\nAlways.",
            "input": [{"role": "user", "content": one} for one in words],
        }
        return said({"type": "response.create", **asked, **fields})

    def answered(number: int) -> Any:
        item = {"id": "m", "type": "message", "content": [{"type": "output_text", "text": "Yes."}]}
        response = {"id": f"resp_abcdefg{number}", "status": "completed", "output": [item]}
        return heard({"type": "response.completed", "response": response})

    shown = of(
        session(
            RESPONSES,
            create("Hi"),
            answered(1),
            create("Hi", "More", previous_response_id="resp_abcdefg1"),
            answered(2),
        )
    )
    assert shown.partition("answer 1")[0] == (
        """\
request 1: GET /v1/responses
  response.create:
    instructions:
      | Be brief.
      | Always.
    model: "gpt-5"
    input:
      - role: "user"
        content:
          | Hi
  response.create:
    instructions: as before
    model: "gpt-5"
    previous_response_id: <response 1>
    input: as before, + 1 item
      - role: "user"
        content:
          | More
"""
    )


def test_what_is_no_json_is_shown_by_size_or_as_it_is() -> None:
    shown = of(session("wss://example.com/socket", said("hello"), said(b"\x00\x01"), said(b"\x02"), heard("x")))
    assert shown == (
        """\
request 1: GET /socket
  text:
    | hello
  binary: <application/octet-stream, 3 bytes, sha256:ae4b3280e56e2faf> in 2 messages
answer 1: 101
  text:
    | x"""
    )


@pytest.mark.parametrize(
    ("frames", "shown"),
    [
        (
            (heard(b"\x00"), heard(b"\x01\x02")),
            ["binary: <application/octet-stream, 3 bytes, sha256:ae4b3280e56e2faf> in 2"],
        ),
        ((heard({"type": "tick", "n": 1}), heard({"n": 2})), ["tick:", "n: 1", "message:", "n: 2"]),
        (
            (heard({"status": {"n": 1}}), heard({}), heard({"setup": {"n": 2}})),
            ["status:", "n: 1", "message", "setup:", "n: 2"],
        ),
        ((heard("x"), closed("1000 bye")), ["text:", "| x"]),
        ((closed("1011 broke"),), ["close: 1011 broke"]),
    ],
)
def test_what_a_server_says_that_no_protocol_reads(frames: Any, shown: list[str]) -> None:
    lines = of(session("wss://example.com/socket", said("hello"), *frames)).partition("answer 1: 101\n")[2].split("\n")
    assert [line.strip().removesuffix(" messages") for line in lines] == shown


def test_many_messages_are_cut_and_any_change_shows() -> None:
    def stream(*, ids: str = "a", last: str = "399") -> str:
        numbers = [*map(str, range(399)), last]
        return of(session("wss://example.com/socket", *(heard({"id": f"{ids}{one}", "text": one}) for one in numbers)))

    before = stream()
    assert before.count("message:") == 50
    assert before == stream(ids="b")
    minus, plus = changed(before, stream(last="400"))
    assert [line.partition(" sha")[0] for line in (*minus, *plus)] == ["and more: <350 messages,"] * 2


@pytest.mark.parametrize(
    "message_", [{}, {"type": ""}, {"type": {"a": 1}, "id": "x"}, {"type": "x", "id": 1}, {"x": 1}]
)
def test_odd_messages_are_shown_all_the_same(message_: Any) -> None:
    assert "request 1: GET /socket" in of(session("wss://example.com/socket", said(message_), heard(message_)))


def test_a_deferred_chat_of_xai_is_shown_once() -> None:
    asked = {"model": "grok-4", "messages": [{"role": "ROLE_USER", "content": [{"text": "Hi"}]}]}
    whole = {"id": "g1234567", "outputs": [{"message": {"content": "Yes."}, "finish_reason": "REASON_STOP"}]}

    def polled(request: str, *answers: Any) -> list[Interaction]:
        started = call("Chat/StartDeferredCompletion", asked, {"request_id": request})
        return [started, *(call("Chat/GetDeferredCompletion", {"request_id": request}, answer) for answer in answers)]

    pending, ready = {"status": "PENDING"}, {"status": "DONE", "response": whole}
    shown = of(*polled("1f0e1f0e-aaaa", pending, pending, ready))
    assert shown == of(*polled("another-request", ready))
    assert shown.partition("request 2")[2] == (
        """\
: POST /xai_api.Chat/GetDeferredCompletion
  request_id: <request 1>
answer 2: 200, xai.chat
  id: <response 1>
  text:
    | Yes.
  finish: stop (REASON_STOP)"""
    )


def test_a_call_of_ones_own() -> None:
    answered = of(call("Own/Ask", {"q": 1}, {"text": "a"}, {"text": "b", "usage": {"tokens": 3}}))
    assert answered.partition("\n")[2] == (
        """\
  q: 1
answer 1: 200
  message:
    text:
      | a
  message:
    text:
      | b
    usage:
      tokens: 3"""
    )
    failing = call("Own/Ask", {}, {"text": "a"}, status=3, words="no model broken")
    assert "<text>" in text(cassette(sent(failing)), shape=True).partition("200 INVALID_ARGUMENT")[2]
    failed = of(failing)
    assert failed.partition("answer 1: ")[2] == (
        """\
200 INVALID_ARGUMENT
  message:
    text:
      | a
  error:
    type: "INVALID_ARGUMENT"
    message:
      | no model broken"""
    )


@pytest.mark.parametrize(("status", "shown"), [(8, 'type: "RESOURCE_EXHAUSTED"'), (0, "complete: false")])
def test_a_call_that_failed(status: int, shown: str) -> None:
    assert shown in of(call("Chat/GetCompletion", {"model": "grok-4"}, status=status, words="Slow down."))
