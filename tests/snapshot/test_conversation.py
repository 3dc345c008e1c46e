"""What a snapshot shows of a conversation, what it leaves out, and that one change is one changed line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llmcassette.protocols.usage import Usage
from snapshot.exchanges import (
    CHAT,
    GEMINI,
    MESSAGES,
    PIXEL,
    RESPONSES,
    cassette,
    changed,
    exchange,
    text,
    weather_chat,
)

WEATHER = """\
request 1: POST /v1/chat/completions
  model: "gpt-4o"
  temperature: 0.2
  tools:
    - type: "function"
      function:
        name: "weather"
        parameters:
          properties:
            city:
              type: "string"
          type: "object"
  messages:
    - role: "system"
      content:
        | Be brief.
    - role: "user"
      content:
        | How warm is it in Paris?
answer 1: 200, openai.chat
  model: "gpt-4o-2024-08-06"
  id: <response 1>
  tool call <call 1> weather:
    {
      "city": "Paris",
      "unit": "C"
    }
  finish: tool_call (tool_calls)
  usage: input 50, output 14, total 64
request 2: POST /v1/chat/completions
  model: "gpt-4o"
  temperature: 0.2
  tools: as before
  messages: as before, + 2 messages
    - role: "assistant"
      content: null
      tool_calls:
        - type: "function"
          id: <call 1>
          function:
            name: "weather"
            arguments: {
              "city": "Paris",
              "unit": "C"
            }
    - role: "tool"
      content:
        | {"degrees": 21}
      tool_call_id: <call 1>
answer 2: 200, openai.chat
  model: "gpt-4o-2024-08-06"
  id: <response 2>
  text:
    | It is 21 degrees.
    |
    | Enjoy your day!
  finish: stop
  usage: input 80, output 9, total 89"""


def test_a_conversation_reads_as_one() -> None:
    assert text(weather_chat()) == WEATHER


def test_what_changes_from_recording_to_recording_is_left_out() -> None:
    again = weather_chat(
        call_id="call_otherOther",
        answer_ids=("chatcmpl-CCCC3333", "chatcmpl-DDDD4444"),
        created=1_800_000_000,
        fingerprint="fp_2",
    )
    for sent in again.requests:
        assert sent.interaction is not None
        sent.interaction.response.headers["X-Request-Id"] = ["req_1"]
        sent.interaction.response.duration_ns = 12345
        sent.interaction.chunks = ((1.0, 2),)
    assert text(again) == WEATHER


@pytest.mark.parametrize(
    ("change", "gone", "new"),
    [
        ({"words": "It is 21 degrees.\n\nEnjoy your night!"}, "| Enjoy your day!", "| Enjoy your night!"),
        ({"prompt_tokens": 51}, "usage: input 50, output 14, total 64", "usage: input 51, output 14, total 65"),
        ({"question": "How cold is it?"}, "| How warm is it in Paris?", "| How cold is it?"),
    ],
)
def test_one_change_is_one_line(change: dict[str, Any], gone: str, new: str) -> None:
    assert changed(WEATHER, text(weather_chat(**change))) == ([gone], [new])


def test_a_tool_argument_changes_where_it_was_called_and_where_it_is_echoed() -> None:
    gone, new = changed(WEATHER, text(weather_chat(city="Rome")))
    assert gone == ['"city": "Paris",'] * 2
    assert new == ['"city": "Rome",'] * 2


def test_the_request_is_the_one_sent_now_not_the_recorded_one() -> None:
    sent = exchange(
        CHAT,
        {"model": "gpt-4o", "messages": [{"role": "user", "content": "now"}]},
        {"choices": []},
        recorded={"model": "gpt-4o", "messages": [{"role": "user", "content": "then"}]},
    )
    assert "| now" in text([sent])
    assert "then" not in text(cassette(sent))


def test_of_the_headers_only_those_of_the_protocol_are_shown() -> None:
    sent = exchange(MESSAGES, {"model": "m"}, {}, headers={"Anthropic-Version": ["2023-06-01"]})
    assert text([sent]) == (
        'request 1: POST /v1/messages\n  headers:\n    anthropic-version: "2023-06-01"\n  model: "m"'
    )


@pytest.mark.parametrize(
    ("history", "added"),
    [("chat_history", "message"), ("messages", "message"), ("contents", "turn"), ("input", "item")],
)
def test_what_a_history_has_more_is_counted_in_the_words_of_its_protocol(history: str, added: str) -> None:
    turns = [{"text": one} for one in "abcd"]
    shown = text(cassette(*(exchange(CHAT, {history: turns[:count]}, {}) for count in (1, 2, 4))))
    assert f"{history}: as before, + 1 {added}\n" in shown
    assert f"{history}: as before, + 2 {added}s\n" in shown


def test_the_host_is_left_out_and_the_query_kept() -> None:
    sent = exchange("http://127.0.0.1:8123/v1/chat/completions?api-version=7", {"model": "m"}, {})
    assert text([sent]).startswith("request 1: POST /v1/chat/completions?api-version=7\n")


def test_anthropic_ids_signatures_and_images() -> None:
    thinking = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln" * 10}
    use = {"type": "tool_use", "id": "toolu_01ABCdef", "name": "look", "input": {"id": "toolu_no_id_of_ours"}}
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
    first = [{"role": "user", "content": [picture, {"type": "text", "text": "What is it?"}]}]
    result = {"type": "tool_result", "tool_use_id": "toolu_01ABCdef", "content": "a pixel"}
    answer = {
        "id": "msg_01XYZ12345",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [thinking, use],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 3, "output_tokens": 4},
    }
    second = [*first, {"role": "assistant", "content": [thinking, use]}, {"role": "user", "content": [result]}]
    shown = text(
        cassette(
            exchange(MESSAGES, {"model": "claude", "max_tokens": 9, "messages": first}, answer),
            exchange(MESSAGES, {"model": "claude", "max_tokens": 9, "messages": second}, answer),
        )
    )
    # The digest by sha256sum of the decoded file.
    assert "data: <image/png, 70 bytes, sha256:6b7fa434f92a8b80>" in shown
    assert shown.count("signature: <40 characters>") == 3
    assert "messages: as before, + 2 messages" in shown
    assert "tool_use_id: <call 1>" in shown
    assert "tool call <call 1> look:" in shown
    assert shown.count('"id": "toolu_no_id_of_ours"') == 3
    assert "toolu_01ABCdef" not in shown


def test_responses_echo_the_response_before_them() -> None:
    answer = {
        "id": "resp_0123456789",
        "object": "response",
        "status": "completed",
        "model": "gpt-5",
        "output": [
            {"type": "reasoning", "id": "rs_0123456789", "summary": [], "encrypted_content": "Z" * 1000},
            {
                "type": "function_call",
                "id": "fc_0123456789",
                "call_id": "call_0123456789",
                "name": "f",
                "arguments": "{}",
            },
        ],
    }
    output = {"type": "function_call_output", "call_id": "call_0123456789", "output": "ok"}
    shown = text(
        cassette(
            exchange(RESPONSES, {"model": "gpt-5", "input": "go"}, answer),
            exchange(
                RESPONSES, {"model": "gpt-5", "previous_response_id": "resp_0123456789", "input": [output]}, answer
            ),
        )
    )
    assert "previous_response_id: <response 1>" in shown
    assert "call_id: <call 1>" in shown
    assert "encrypted: <1000 characters>" in shown
    assert "_0123456789" not in shown


def test_gemini_turns_that_extend_the_conversation() -> None:
    def turn(role: str, words: str) -> dict[str, Any]:
        return {"role": role, "parts": [{"text": words}]}

    turns = [turn("user", "one"), turn("model", "two"), turn("user", "three")]
    answer = {"candidates": [{"content": turn("model", "two"), "finishReason": "STOP"}]}
    shown = text(
        [
            exchange(GEMINI, {"contents": turns[:1]}, answer),
            exchange(GEMINI, {"contents": turns}, answer),
            exchange(GEMINI, {"contents": [turns[0], turn("model", "other")]}, answer),
            exchange(GEMINI, {"contents": turns[:1]}, answer),
            exchange(GEMINI, {"contents": [*turns[:2], turn("user", "other")]}, answer),
        ]
    )
    notes = [line.strip() for line in shown.split("\n") if line.strip().startswith("contents:")]
    assert notes == [
        "contents:",
        "contents: as before, + 2 turns",
        "contents: as in request 1, + 1 turn",
        "contents: as in request 1",
        "contents: first 2 as in request 2, + 1 turn",
    ]


def test_multipart_is_shown_by_its_parts() -> None:
    def upload(boundary: str) -> str:
        body = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nassistants\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
            f"Content-Type: text/plain\r\n\r\nhello\r\n--{boundary}--\r\n"
        ).encode()
        kind = f"multipart/form-data; boundary={boundary}"
        return text([exchange("https://api.openai.com/v1/files", body, {"id": "file-1234567"}, content_type=kind)])

    # sha256 of "hello", by sha256sum.
    assert upload("aaaa") == (
        "request 1: POST /v1/files\n"
        "  parts:\n"
        '    - purpose: "assistants"\n'
        "    - file:\n"
        '        filename: "a.txt"\n'
        "        content: <text/plain, 5 bytes, sha256:2cf24dba5fb0a30e>"
    )
    assert upload("aaaa") == upload("bbbb")


def test_an_uploaded_file_is_named_by_number_where_it_is_used() -> None:
    uploaded = exchange("https://api.openai.com/v1/files", b"x", {"id": "file-AbCd1234", "object": "file"})
    read = exchange("https://api.openai.com/v1/files/file-AbCd1234/content", None, b"x", method="GET")
    asked = {"model": "m", "input": [{"type": "input_file", "file_id": "file-AbCd1234"}]}
    shown = text(cassette(uploaded, read, exchange(RESPONSES, asked, {})))
    assert "request 2: GET /v1/files/<file 1>/content" in shown
    assert "file_id: <file 1>" in shown


def test_how_often_something_was_polled_is_not_shown() -> None:
    def polled(times: int) -> str:
        poll = "https://api.openai.com/v1/batches/batch_12345678"
        return text(cassette(*(exchange(poll, None, {"status": "busy"}, method="GET") for _ in range(times))))

    assert polled(1) == polled(3) == "request 1: GET /v1/batches/batch_12345678\nanswer 1: 200"


def test_an_error_is_shown_without_the_ids_in_its_message() -> None:
    body = {"error": {"type": "server_error", "message": "Sorry! (request ID req_0123456789abcdef)", "code": None}}
    shown = text(cassette(exchange(CHAT, {"model": "m"}, body, status=500)))
    assert "answer 1: 500, openai.chat" in shown
    assert 'type: "server_error"' in shown
    assert "| Sorry! (request ID <request id>)" in shown


def test_a_request_without_answer_and_a_broken_connection() -> None:
    lost = exchange(CHAT, {"model": "m"}, b"")
    lost.interaction = None
    cut = exchange(CHAT, {"model": "m"}, b"data: {}\n\n")
    assert cut.interaction is not None
    cut.interaction.end, cut.interaction.end_message = "ReadError", "peer 10.0.0.1:5555"
    shown = text(cassette(lost, cut))
    assert "answer 1: none" in shown
    assert "connection: ReadError" in shown
    assert "10.0.0.1" not in shown


def test_usage_is_one_line_without_cost() -> None:
    usage = Usage(input_tokens=1, output_tokens=2, cache_read_input_tokens=0, reasoning_output_tokens=1, cost=0.5)
    assert text(usage) == "input 1, output 2, cache read 0, reasoning 1"


def test_a_transcript_of_several_choices() -> None:
    choices = [
        {"index": index, "message": {"role": "assistant", "content": word}, "finish_reason": "stop"}
        for index, word in enumerate(("heads", "tails"))
    ]
    sent = exchange(CHAT, {"model": "m", "n": 2}, {"id": "chatcmpl-11112222", "model": "m", "choices": choices})
    assert text(cassette(sent).transcript) == (
        'answer: openai.chat\n  model: "m"\n  id: <response 1>\n'
        "  choice 1:\n    text:\n      | heads\n    finish: stop\n"
        "  choice 2:\n    text:\n      | tails\n    finish: stop"
    )


def test_what_is_made_by_type_and_size_and_what_it_is_billed_by() -> None:
    url = "https://api.openai.com/v1/images/generations"
    answer = {"output_format": "png", "data": [{"b64_json": "cG5nIG1hZGUgdXA="}]}
    shown = text(cassette(exchange(url, {"model": "dall-e-3", "prompt": "x"}, answer)).transcript)
    assert shown == "answer: openai.images\n  image: <image/png, 11 bytes, sha256:40a9f94c70be5ead>\n  usage: images 1"


def test_a_tool_loop_over_several_providers_is_one_story() -> None:
    """Who asked for the tool, the server that ran it, and what the next model was told."""
    rpc = {"jsonrpc": "2.0", "id": 2, "method": "tools/call"}
    asked = {**rpc, "params": {"name": "weather", "arguments": {"city": "Paris"}}}
    result = {"content": [{"type": "text", "text": "21 C"}]}
    told = [{"role": "user", "content": "It is 21 C."}]
    warm = {"type": "message", "model": "c", "content": [{"type": "text", "text": "Warm."}], "stop_reason": "end_turn"}
    shown = text(
        cassette(
            *weather_chat().requests[:1],
            exchange("https://tools.example.com/mcp", asked, {"jsonrpc": "2.0", "id": 2, "result": result}),
            exchange(MESSAGES, {"model": "c", "max_tokens": 9, "messages": told}, warm),
        )
    )
    story = [
        line.strip() for line in shown.splitlines() if line.startswith("answer") or "weather" in line or "21 C" in line
    ]
    assert story[-7:] == [
        "tool call <call 1> weather:",
        'name: "weather"',
        "answer 2: 200, mcp.message",
        "server tool call weather:",
        'server tool result weather: "21 C"',
        "| It is 21 C.",
        "answer 3: 200, anthropic.messages",
    ]


class TestShape:
    def test_other_words_and_figures_have_the_same_shape(self) -> None:
        one = text(weather_chat(), shape=True)
        assert one == text(weather_chat(words="Warm!", prompt_tokens=999, city="Rome"), shape=True)
        assert "text: <text>" in one
        assert '"city": "<text>"' in one
        assert "usage: input <number>, output <number>, total <number>" in one

    def test_the_codes_own_parameters_still_count(self) -> None:
        gone, new = changed(text(weather_chat(), shape=True), text(weather_chat(temperature=0.9), shape=True))
        assert (gone, new) == (["temperature: 0.2"] * 2, ["temperature: 0.9"] * 2)

    def test_an_answer_of_another_kind_has_another_shape(self) -> None:
        def answered(message: dict[str, Any]) -> str:
            choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
            return text(cassette(exchange(CHAT, {"model": "m"}, {"choices": [choice]})), shape=True)

        call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": json.dumps({"a": 1})}}
        assert answered({"content": "a"}) == answered({"content": "b"})
        assert answered({"content": "a"}) != answered({"content": "a", "tool_calls": [call]})
