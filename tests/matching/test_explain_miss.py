"""The text of a miss, as a user reads it in a terminal of 100 columns."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from typing import Any

import pytest
from characters import CHARACTERS
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmcassette.cassette.model import Request
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.matching import Matcher
from pytest_llmcassette.matching.mismatch import cause_of
from pytest_llmcassette.redaction import Redactor

ADDRESS = "https://api.example.com/v1/chat/completions"
FORM = "application/x-www-form-urlencoded"
CONFIG = CassetteConfig()


def request(
    body: Any = b"", url: str = ADDRESS, method: str = "POST", content_type: str = "application/json"
) -> Request:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Redactor(CONFIG).request(method, url, {"Content-Type": [content_type]}, raw)


def why(sent: Request, *recorded: Request, played: tuple[int, ...] = (), **switches: Any) -> list[str]:
    pairs = [(one, index in played) for index, one in enumerate(recorded)]
    return cause_of(sent, pairs, CassetteConfig(**switches)).text.splitlines()


def chat(*contents: str, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": content} for content in contents], **more}


def test_an_empty_cassette() -> None:
    assert why(request()) == ["The cassette holds no interactions."]


def test_an_equal_recording_that_was_played() -> None:
    assert why(request(chat("a")), request(chat("b")), request(chat("a")), played=(0, 1)) == [
        "An equal request is recorded, id 1, and was already played: each interaction plays once.",
        "If the code is meant to send it more often than recorded, allow_repeats=True replays the last one.",
        "A failure (429, 5xx) that was followed by an equal request was taken for retried while",
        "recording, and left out: if the code counts on it, record again with record_errors=True.",
    ]


def test_a_recording_that_is_equal_but_for_its_secret_was_played() -> None:
    assert why(request(chat("call 555-0100")), request(chat("call REDACTED")), played=(0,))[0] == (
        "An equal request is recorded, id 0, and was already played: each interaction plays once."
    )


def test_several_equal_recordings_that_were_played() -> None:
    same = request(chat("a"))
    assert why(same, same, request(chat("b")), same, played=(0, 2))[0] == (
        "2 equal requests are recorded (ids 0, 2), all already played: each plays once."
    )


def test_values_that_differ_are_named_by_their_path() -> None:
    recorded = chat("Hello", "Say hi in Portuguese", stream=True, max_tokens=100)
    sent = chat("Hello", "Say hi in Spanish", stream=1, temperature=0.5)
    assert why(request(sent), request(recorded)) == [
        "The only recorded interaction: id 0, not played yet. It differs in",
        '  messages[1].content  recorded: "Say hi in Portuguese"  sent: "Say hi in Spanish"',
        "  stream  recorded: true  sent: 1",
        "  temperature  recorded: (absent)  sent: 0.5",
        "  max_tokens  recorded: 100  sent: (absent)",
    ]


def test_long_strings_are_cut_around_the_first_difference() -> None:
    prompt = "You are a helpful assistant. " * 40
    lines = why(request(chat(prompt + "Be brief. " * 30)), request(chat(prompt + "Be polite. " * 30)))
    assert lines[1:] == [
        "  messages[0].content",
        '    recorded: ..."a helpful assistant. Be polite. Be polite. Be polite. Be polite. Be polite. Be"...',
        '    sent:     ..."a helpful assistant. Be brief. Be brief. Be brief. Be brief. Be brief. Be brie"...',
    ]


def test_an_added_and_a_removed_message_leave_the_others_out() -> None:
    lines = why(request(chat("a", "new", "b")), request(chat("a", "b", "old")))
    assert lines[1:] == [
        '  messages[1]  recorded: (absent)  sent: {"role": "user", "content": "new"}',
        '  messages[2]  recorded: {"role": "user", "content": "old"}  sent: (absent)',
    ]


def test_items_with_nothing_in_common_are_shown_whole() -> None:
    sent = {"messages": [{"role": "assistant", "content": "b"}]}
    assert why(request(sent), request({"messages": [{"role": "user", "content": "a"}]}))[1:] == [
        "  messages[0]",
        '    recorded: {"role": "user", "content": "a"}',
        '    sent:     {"role": "assistant", "content": "b"}',
    ]


def test_at_most_twelve_differences() -> None:
    lines = why(request({f"k{n}": n for n in range(20)}), request({f"k{n}": -n - 1 for n in range(20)}))
    assert lines[1] == "  k0  recorded: -1  sent: 0"
    assert lines[12:] == ["  k11  recorded: -12  sent: 11", "  and 8 more"]


def test_names_that_are_no_plain_path_are_quoted_as_ignore_json_reads_them() -> None:
    lines = why(request({"a.b": {"x y": 1}}), request({"a.b": {"x y": 2}}))
    assert lines[1] == '  ["a.b"]["x y"]  recorded: 2  sent: 1'
    lines = why(request({'a"\\': "2026-11-22"}), request({'a"\\': "2026-11-23"}))
    assert lines[1].startswith(r'  ["a\"\\"]  recorded: ')
    (path,) = ast.literal_eval(lines[-1].partition("=")[2])
    matcher = Matcher(CassetteConfig(ignore_json=(path,)))
    assert matcher.key(request({'a"\\': 1})) == matcher.key(request({}))


def test_a_long_name_is_cut_at_the_hundredth_column() -> None:
    for name, shown in (("k" * 98, "k" * 98), ("k" * 99, "k" * 95 + "...")):
        assert why(request({name: 1}), request({name: 2}))[1:] == [
            f"  {shown}",
            "    recorded: 2",
            "    sent:     1",
        ]


def test_a_long_value_is_cut_at_the_hundredth_column() -> None:
    lines = why(request({"a": [{"b": "c" * 200}]}), request({"a": []}))
    assert lines[1:] == [
        "  a[0]",
        "    recorded: (absent)",
        f'    sent:     {{"b": "{"c" * 76}...',
    ]
    assert len(lines[3]) == 100


def test_the_nearest_of_several() -> None:
    recorded = [
        request(chat("Say hi in Portuguese"), url="https://api.example.com/v1/responses"),
        request(chat("What is the weather in Lisbon?", tools=["x"])),
        request(chat("Say hi in Portuguese", stream=True)),
        request(chat("Say hi in Portuguese", stream=True)),
    ]
    sent = request(chat("Say hi in Portuguese"))
    assert why(sent, *recorded, played=(2,)) == [
        "Nearest of 4 recorded interactions: id 3, not played yet. It differs in",
        "  stream  recorded: true  sent: (absent)",
    ]
    assert why(sent, *recorded, played=(1, 2, 3))[0] == (
        "Nearest of 4 recorded interactions: id 2, already played. It differs in"
    )


def test_method_and_url() -> None:
    sent = request(url="http://api.example.com:8080/v1/models?page=2&x=1", method="GET")
    assert why(sent, request(url="https://api.example.com/v1/files?page=1", method="DELETE"))[1:] == [
        '  method  recorded: "DELETE"  sent: "GET"',
        '  url scheme  recorded: "https"  sent: "http"',
        '  url port  recorded: "443"  sent: "8080"',
        '  url path  recorded: "/v1/files"  sent: "/v1/models"',
        '  query page  recorded: "1"  sent: "2"',
        '  query x  recorded: (absent)  sent: "1"',
    ]


def test_only_what_match_on_names() -> None:
    sent, recorded = request(chat("a"), url="https://h/a?b=1"), request(chat("b"), url="https://h/c?b=2")
    assert why(sent, recorded, match_on=("query",))[1:] == ['  query b  recorded: "2"  sent: "1"']


def test_a_header_that_older_recordings_do_not_hold() -> None:
    switches: Any = {"match_on": ("url", "header:openai-beta")}
    sent = request()
    sent.headers["Openai-Beta"] = ["assistants=v2"]
    assert why(sent, request(), **switches)[1:] == [
        '  header Openai-Beta  recorded: (absent)  sent: "assistants=v2"',
        "Recordings hold the header Openai-Beta only since match_on names it: record this one again.",
    ]


def test_form_fields() -> None:
    sent = request(b"a=1&b=2&b=3", content_type=FORM)
    assert why(sent, request(b"a=4&b=2&c=%C3%A9", content_type=FORM))[1:] == [
        '  form a  recorded: "4"  sent: "1"',
        '  form b  recorded: "2"  sent: ["2", "3"]',
        '  form c  recorded: "é"  sent: (absent)',
    ]


def parts(boundary: str, purpose: str, file: bytes, name: str = "a.txt") -> Request:
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n{purpose}\r\n--{boundary}\r\n'
        f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    ).encode()
    body += file + f"\r\n--{boundary}--\r\n".encode()
    return request(body, content_type=f"multipart/form-data; boundary={boundary}")


def test_multipart_fields() -> None:
    sent = parts("x", "batch", b"line one\nline two")
    assert why(sent, parts("y", "vision", b"line one\nline 2"))[1:] == [
        '  part \'purpose\'  recorded: "vision"  sent: "batch"',
        '  part \'file\'  recorded: "line one\\nline 2"  sent: "line one\\nline two"',
    ]
    assert why(sent, parts("y", "batch", b"line one\nline two", name="b.txt"))[1:] == [
        "  part 'file' header content-disposition",
        '    recorded: "form-data; name=\\"file\\"; filename=\\"b.txt\\""',
        '    sent:     "form-data; name=\\"file\\"; filename=\\"a.txt\\""',
    ]
    turned = request(
        b'--y\r\nX-B: 1\r\nX-A: 1\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n--y--\r\n',
        content_type="multipart/form-data; boundary=y",
    )
    other = replace(turned, body=turned.body.replace(b": 1", b": 2"))
    assert [line.split()[3] for line in why(turned, other)[1:]] == ["x-a", "x-b"]
    alone = b'--y\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--y--\r\n'
    fewer = request(alone, content_type="multipart/form-data; boundary=y")
    assert why(sent, fewer)[1:] == ["  part 'file'  recorded: (absent)  sent: \"line one\\nline two\""]
    assert why(fewer, sent)[1:] == ["  part 'file'  recorded: \"line one\\nline two\"  sent: (absent)"]


def test_other_bodies_show_bytes_and_no_control_characters() -> None:
    lines = why(
        request(b"\x1b[31m\xff" + b"a" * 200, content_type="a/b"),
        request(b"\x1b[31m\xff" + b"b" * 90, content_type="a/b"),
    )
    assert lines[1] == "  body, 96 bytes recorded, 206 bytes sent"
    assert lines[2].startswith('    recorded: "\\u001b[31m\\\\xffbbb')
    assert lines[3].startswith('    sent:     "\\u001b[31m\\\\xffaaa')


def test_a_body_on_one_side_only() -> None:
    assert why(request(b'{"a": 1}'), request(b""))[1:] == ['  body  recorded: (absent)  sent: "{\\"a\\": 1}"']


def test_deep_nesting_is_shown_as_text() -> None:
    deep = b"[" * 50_000
    lines = why(request(deep + b"1"), request(deep + b"2"))
    assert lines[1] == "  body, 50,001 bytes recorded, 50,001 bytes sent"


@pytest.mark.parametrize(
    ("recorded", "sent", "advice"),
    [
        (
            chat("Today is 2026-11-22. Help."),
            chat("Today is 2026-11-23. Help."),
            ["All of that looks like dates or times, which change with every run:",
             "freeze the time in the test, or leave them out of the match:",
             '  ignore_json=["messages[0].content"]'],
        ),
        (
            chat("It is Sunday, November 22, 2026 at 9:05 PM."),
            chat("It is Monday, November 23, 2026 at 10:15 AM."),
            ["All of that looks like dates or times, which change with every run:",
             "freeze the time in the test, or leave them out of the match:",
             '  ignore_json=["messages[0].content"]'],
        ),
        (
            {"meta": {"created": 1763853000.25, "at": "2026-11-22T23:10:00Z"}},
            {"meta": {"created": 1763939400.75, "at": "2026-11-23T23:10:00+00:00"}},
            ["All of that looks like dates or times, which change with every run:",
             "freeze the time in the test, or leave them out of the match:",
             '  ignore_json=["meta.created", "meta.at"]'],
        ),
        (
            {"items": [{"id": "3f0a1c52-9d1b-4a55-8f2e-0c9b7a6d5e4f"}, {"id": "9a0a1c52-9d1b-4a55-8f2e-0c9b7a6d5e4f"}]},
            {"items": [{"id": "0b0a1c52-9d1b-4a55-8f2e-0c9b7a6d5e4f"}, {"id": "1c0a1c52-9d1b-4a55-8f2e-0c9b7a6d5e4f"}]},
            ["All of that looks like uuids, which change with every run:",
             "seed or replace what makes the uuids, or leave them out of the match:",
             '  ignore_json=["items[*].id"]'],
        ),
        (
            {"messages": [{"tool_call_id": "call_9pw2xMzq"}], "user": "run-8f3a2b1c", "day": "2026-11-22"},
            {"messages": [{"tool_call_id": "call_7Ab3dEfg"}], "user": "run-1a2b3c4d", "day": "2026-11-23"},
            ["All of that looks like dates or times and generated ids, which change with every run:",
             "freeze the time in the test and seed or replace what makes the ids, or leave them out of the match:",
             '  ignore_json=["messages[*].tool_call_id", "user", "day"]'],
        ),
    ],
)  # fmt: skip
def test_advice_on_values_that_change_with_every_run(recorded: Any, sent: Any, advice: list[str]) -> None:
    lines = why(request(sent), request(recorded))
    assert lines[-3:] == advice
    ignored = tuple(json.loads(advice[-1].partition("=")[2]))
    matcher = Matcher(CassetteConfig(ignore_json=ignored))
    assert matcher.key(request(sent)) == matcher.key(request(recorded))


@pytest.mark.parametrize(
    ("recorded", "sent"),
    [
        (chat("Say hi"), chat("Say bye")),
        (chat("Today is 2026-11-22."), chat("Today it is 2026-11-23.")),
        (chat("2026-11-22", max_tokens=100), chat("2026-11-23", max_tokens=200)),
        (chat("2026-11-22"), chat("2026-11-23", "more")),
        ({"a": 100}, {"a": 200}),
        ({"a": True}, {"a": 1763853000}),
        ({"model": "gpt-4o"}, {"model": "gpt-5"}),
        ({"a": "claude-sonnet-4"}, {"a": "claude-sonnet-5"}),
        ({"model": "gpt-4o-2024-08-06"}, {"model": "gpt-4o-2024-05-13"}),
    ],
)  # fmt: skip
def test_no_such_advice_when_anything_else_differs(recorded: Any, sent: Any) -> None:
    assert "ignore_json" not in "\n".join(why(request(sent), request(recorded)))


def test_no_such_advice_when_the_url_differs_too() -> None:
    sent = request({"day": "2026-11-23"}, url=ADDRESS + "?a=1")
    assert "ignore_json" not in "\n".join(why(sent, request({"day": "2026-11-22"})))


def test_the_advised_line_keeps_what_is_ignored_already() -> None:
    lines = why(request({"a": 1, "day": "2026-11-23"}), request({"a": 2, "day": "2026-11-22"}), ignore_json=("a",))
    assert lines[1] == '  day  recorded: "2026-11-22"  sent: "2026-11-23"'
    assert lines[-1] == '  ignore_json=["a", "day"]'


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(CHARACTERS) | st.just("x" * 300)
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(CHARACTERS, max_size=9), inner, max_size=4),
)


@given(trees, trees)
def test_whatever_differs_is_shown_in_a_hundred_columns(recorded: Any, sent: Any) -> None:
    one, other = request(sent), request(recorded)
    matcher = Matcher(CONFIG)
    text = cause_of(one, [(other, False)], CONFIG).text
    assert ("It differs in\n" in text) == (matcher.key(one) != matcher.key(other))
    for line in text.splitlines():
        assert len(line) <= 100 or line.startswith("  ignore_json=")
        assert line.isprintable()
    text.encode()
