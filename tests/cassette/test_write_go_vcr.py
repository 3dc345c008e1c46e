"""The writer's bytes, worked out by hand from the rules of Go's encoder (go.yaml.in/yaml v4.0.0-rc.3)."""

from __future__ import annotations

import pytest

from pytest_llmcassette.cassette.go_vcr.natural_order import natural_order
from pytest_llmcassette.cassette.go_vcr.writer import dumps
from pytest_llmcassette.cassette.model import (
    CLIENT,
    SERVER,
    Frame,
    FrameKind,
    Headers,
    Interaction,
    Request,
    Response,
)

WHOLE = """\
---
version: 2
interactions:
- id: 0
  request:
    proto: HTTP/1.1
    proto_major: 1
    proto_minor: 1
    content_length: 24
    host: ""
    body: '{"model":"gpt-4o","n":1}'
    headers:
      Content-Type:
      - application/json
      User-Agent:
      - OpenAI/Python 3.54
      - one more
    url: https://api.openai.com/v1/chat/completions
    method: POST
  response:
    proto: HTTP/2.0
    proto_major: 2
    proto_minor: 0
    content_length: -1
    uncompressed: true
    body: |+
      data: {"a":1}

      data: [DONE]

    headers:
      Content-Type:
      - text/event-stream
    status: 200 OK
    code: 200
    duration: 412.5ms
- id: 1
  request:
    proto: HTTP/1.1
    proto_major: 1
    proto_minor: 1
    content_length: 0
    transfer_encoding:
    - chunked
    trailer:
      X-T:
      - "1"
    host: localhost:80
    remote_addr: 127.0.0.1:5
    request_uri: /x
    form:
      a:
      - "1"
      - two
      b: []
    url: http://localhost/x?a=1&a=two
    method: GET
  response:
    proto: HTTP/1.1
    proto_major: 1
    proto_minor: 1
    transfer_encoding:
    - chunked
    trailer:
      X-T:
      - z
    content_length: 0
    body: ""
    headers: {}
    status: ""
    code: 0
    duration: 0s
  phase: teardown
  end: ReadError
  end_message: 'peer: gone'
  chunks: 0.4+512 20.1+88
  frames:
  - from: server
    at: 0
    text: '{"type":"session.created"}'
  - from: client
    at: 12.5
    text: |-
      two
      lines
  - from: server
    at: 40
    base64: AP8=
    json: '{"a": 1}'
  - from: server
    at: 41.125
    close: 1000 bye
"""

FRAMES = (
    Frame(sender=SERVER, data=b'{"type":"session.created"}'),
    Frame(sender=CLIENT, data=b"two\nlines", at=12.5),
    Frame(sender=SERVER, data=b"\x00\xff", kind=FrameKind.BINARY, at=40, json='{"a": 1}'),
    Frame(sender=SERVER, data=b"1000 bye", kind=FrameKind.CLOSE, at=41.125),
)


def test_a_whole_file() -> None:
    written = dumps(
        [
            Interaction(
                request=Request(
                    method="POST",
                    url="https://api.openai.com/v1/chat/completions",
                    headers={"User-Agent": ["OpenAI/Python 3.54", "one more"], "Content-Type": ["application/json"]},
                    body=b'{"model":"gpt-4o","n":1}',
                    content_length=24,
                ),
                response=Response(
                    proto="HTTP/2.0",
                    proto_major=2,
                    proto_minor=0,
                    uncompressed=True,
                    body=b'data: {"a":1}\n\ndata: [DONE]\n\n',
                    headers={"Content-Type": ["text/event-stream"]},
                    duration_ns=412_500_000,
                ),
            ),
            Interaction(
                request=Request(
                    transfer_encoding=["chunked"],
                    trailer={"X-T": ["1"]},
                    host="localhost:80",
                    remote_addr="127.0.0.1:5",
                    request_uri="/x",
                    form={"b": [], "a": ["1", "two"]},
                    url="http://localhost/x?a=1&a=two",
                ),
                response=Response(
                    transfer_encoding=["chunked"], trailer={"X-T": ["z"]}, content_length=0, status="", code=0
                ),
                phase="teardown",
                end="ReadError",
                end_message="peer: gone",
                chunks=((0.4, 512), (20.1, 88)),
                frames=FRAMES,
            ),
        ]
    )
    assert written.decode() == WHOLE


def test_no_interactions() -> None:
    assert dumps([]) == b"---\nversion: 2\ninteractions: []\n"


def host(text: str) -> str:
    """What the writer makes of a request's host, which stands between two known lines."""
    written = dumps([Interaction(request=Request(host=text), response=Response())]).decode()
    return written.partition("    host: ")[2].partition("    url: ")[0].removesuffix("\n")


PLAIN = [
    "api.openai.com", "https://x.y/z?a=b&c=d#e", "it's", "a:b", "a#b", "-x", "?x", ":x", "a - b", "<", "=",
    "true!", "yess", "nullx", "1.2.3", "1_a", "0x", "0xg", "0o8", "1e", "e1", "+", "--", ".", "..", "1:60",
    "a1:30", "1:30x", "2024-13-01", "2023-02-29", "2024-1-1x", "2024-01-02T03:04:05", "2024-01-02 03:04:05Z",
    "2024-01-02 24:00:00", "1e999", "-1e999", "0x1ffffffffffffffff", "._1", "1._0x", "_1", "é", "日本語", "a\xa0b",
    "\u200b", "٣", "~x", "<<x", "-.5.", "12e03x", ".e1", "0b+2", "0o+8", "-0b-1", "0x-1", "0O+7",
]  # fmt: skip

DOUBLE = [
    "", "true", "True", "TRUE", "false", "null", "Null", "NULL", "~", "y", "Y", "n", "N", "yes", "Yes", "YES",
    "on", "On", "no", "off", ".inf", "-.Inf", "+.INF", ".nan", ".NaN", "-0", "-0.0", "<<", "0", "1", "-1", "+1",
    "007", "0o17", "0b11", "0x1F", "-0x1F", "1_000", "18446744073709551615", "1.5", "1.", ".5", "1e3", "-1.5E+3",
    "1e-999", "123456789012345678901234567890", "1:30", "-1:30:59.5", "1_0:00", "2024-01-02", "2024-1-2",
    "2024-02-29", "0000-02-29", "2024-01-02T03:04:05Z", "2024-1-2t3:4:5.123+01:30", "2024-01-02  03:04:05",
    "2024-01-02 3:4:5,678", ".1_0", "1__0", "0b+1", "0b-101", "0o-7", "0o_+7",
]  # fmt: skip


def test_plain() -> None:
    assert {text: host(text) for text in PLAIN} == {text: text for text in PLAIN}


def test_what_would_not_be_a_string_is_quoted() -> None:
    assert {text: host(text) for text in DOUBLE} == {text: f'"{text}"' for text in DOUBLE}


def test_what_yaml_would_misread_is_in_single_quotes() -> None:
    single = [
        "a: b", "a:", "a #b", "#a", "- a", "? a", "---a", "...", "@a", "`a", '"a"', "%a", "&a", "*a", "!a", "|", ">",
        " a", "a ", "[a]", "{a}", "]", "}", ",a",
    ]  # fmt: skip
    assert {text: host(text) for text in single} == {text: f"'{text}'" for text in single}


def test_other_texts() -> None:
    texts = [
        ("'a", "'''a'"),
        ("-", "'-'"),
        ("a\tb", r'"a\tb"'),
        ("\t", r'"\t"'),
        ('"\t\\', r'"\"\t\\"'),
        ("a\rb", r'"a\rb"'),
        ("\x00\x07\x08\x0b\x0c\x1b\x01\x7f", r'"\0\a\b\v\f\e\x01\x7F"'),
        ("a\x85b\x9f", r'"a\Nb\x9F"'),
        ("\x01\xa0é", '"\\x01\xa0é"'),
        ("😀", r'"\U0001F600"'),
        ("\ufffe", r'"\uFFFE"'),
        ("a\ufeff", r'"a\uFEFF"'),
        ("\ufeffa ", r'"\uFEFF\x61\x20"'),
        ("\x01\u2028", r'"\x01\L"'),
        ("a\u2028b", "'a\u2028      b'"),
        ("a \u2029b", r'"a \Pb"'),
        ("a\u2028 b", r'"a\L b"'),
        ("\n", r'"\n"'),
        ("\n \t\n", r'"\n \t\n"'),
        ("\n\u3000", '"\\n\u3000"'),
        ("a\n", "|\n      a"),
        ("a\nb", "|-\n      a\n      b"),
        ("a\n\n", "|+\n      a\n"),
        ("a\n\n\nb\n\n\n", "|+\n      a\n\n\n      b\n\n"),
        (" a\n  b\n", "|2\n       a\n        b"),
        ("\na\n", "|2\n\n      a"),
        ("\n\na", "|2-\n\n\n      a"),
        ("a\n b\n\tc\n", "|\n      a\n       b\n      \tc"),
        ("a\u2028b\n", "|\n      a\u2028      b"),
        ("a\u2028\n", "|+\n      a\u2028"),
        ("a\n\u2028", "|+\n      a\n\u2028"),
        ("a\n ", r'"a\n "'),
        ("a \nb", r'"a \nb"'),
        ("a\r\nb\r\n", r'"a\r\nb\r\n"'),
        ("a\n\x7f", r'"a\n\x7F"'),
        ("é\n日\n", "|\n      é\n      日"),
        ("a\n😀", r'"a\n\U0001F600"'),
        ("'\"#: \\\nb", "|-\n      '\"#: \\\n      b"),
    ]
    assert {text: host(text) for text, _ in texts} == dict(texts)


def test_a_first_tab_is_quoted_although_go_writes_a_block_that_nobody_can_read() -> None:
    assert host("\ta\n") == r'"\ta\n"'


@pytest.mark.parametrize(
    ("raw", "written"),
    [
        (b"\xff", "!!binary /w=="),
        (b"a\xed\xa0\x80", "!!binary Ye2ggA=="),
        (b"\xc0\x80", "!!binary wIA="),
        (b"\xff" * 51, "!!binary " + "/" * 68),
        (b"\xff" * 52, "!!binary |\n      " + "/" * 69 + "w\n      =="),
        (b"\xff" * 105, "!!binary |\n      " + "/" * 70 + "\n      " + "/" * 70),
    ],
)
def test_what_is_not_utf8_is_base64(raw: bytes, written: str) -> None:
    assert host(raw.decode("utf-8", "surrogateescape")) == written
    body = dumps([Interaction(request=Request(body=raw), response=Response())]).decode()
    assert f"    body: {written}\n    url: " in body


def headers(values: Headers) -> str:
    written = dumps([Interaction(request=Request(headers=values), response=Response())]).decode()
    return written.partition("    headers:\n")[2].partition("    url: ")[0]


def test_keys_are_in_natural_order() -> None:
    names = [
        "X-100",
        "a1",
        "x10y",
        "X-2",
        "Z",
        "1a",
        "X",
        "a",
        "X-02",
        "_",
        "x9z",
        "X-10",
        "1-",
        "B",
        "a-",
        "X-",
        "X-20",
    ]
    written = headers({name: [] for name in names}).replace(": []", "")
    assert " ".join(written.split()) == "_ 1a 1- B X X- X-2 X-02 X-10 X-20 X-100 Z a a- a1 x9z x10y"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # Both keys begin with a digit: the runs of digits are numbers.
        ("11", "100"),
        ("2", "10"),
        ("X-11", "X-100"),
        ("a9b", "a10b"),
        # Equal numbers: the shorter run, then the code point.
        ("1-", "01"),
        ("10", "010"),
        # No digits: what is no letter, in the order of code points.
        ("a-", "a_"),
        # A letter after a digit goes before what is none, elsewhere behind it.
        ("1a", "1-"),
        ("a-b", "aab"),
        ("Z", "a"),
        ("é", "日"),
        # A prefix goes first.
        ("X", "X-"),
        ("1", "11"),
        # As int64: 2 ** 63 is the least of all.
        ("9223372036854775808", "2"),
        ("18446744073709551617", "2"),
    ],
)
def test_natural_order(first: str, second: str) -> None:
    assert natural_order([second, first]) == natural_order([first, second]) == [first, second]


def test_keys_are_quoted_like_values() -> None:
    assert headers({"": ["x"], "on": [""], "a: b": ["x"]}) == (
        '      "":\n      - x\n      \'a: b\':\n      - x\n      "on":\n      - ""\n'
    )


def test_a_key_that_is_too_long_or_broken_stands_behind_a_question_mark() -> None:
    assert headers({"k" * 128: ["v"]}) == f"      {'k' * 128}:\n      - v\n"
    assert headers({"k" * 129: ["v", "w"]}) == f"      ? {'k' * 129}\n      : - v\n        - w\n"
    assert headers({"é" * 65: []}) == f"      ? {'é' * 65}\n      : []\n"
    assert headers({"a\nb": ["v\nw"]}) == "      ? |-\n        a\n        b\n      : - |-\n          v\n          w\n"
    assert headers({"a\rb": ["v"]}) == '      ? "a\\rb"\n      : - v\n'
    assert headers({"\udcff" * 51: ["v"]}) == f"      !!binary {'/' * 68}:\n      - v\n"
    assert headers({"\udcff" * 105: ["v"]}).startswith(
        f"      ? !!binary |\n        {'/' * 70}\n        {'/' * 70}\n      : - v\n"
    )


def test_a_lone_surrogate_of_python_cannot_stop_a_save() -> None:
    """Go has none; a client's error message may."""
    written = dumps([Interaction(request=Request(), response=Response(), end_message="bad \ud83d")])
    assert b"  end_message: !!binary " in written
