"""Cassettes in layouts that neither our writer nor Go's has written, read as Go would read them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from cassette_files import GO_VCR

from pytest_llmcassette.cassette import formats
from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.cassette.go_vcr import fast_reader
from pytest_llmcassette.cassette.model import (
    CLIENT,
    SERVER,
    Frame,
    FrameKind,
    Interaction,
    Message,
    Request,
    Response,
)
from pytest_llmcassette.cassette.yaml import tree


def read(tmp_path: Path, content: str | bytes) -> list[Interaction]:
    path = tmp_path / "x.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load(path)


EXPECTED = [
    Interaction(
        request=Request(url="https://api.example.com/v1/models", method="GET"),
        response=Response(
            content_length=2, body=b"hi", headers={"Content-Type": ["text/plain"]}, duration_ns=1_500_000_000
        ),
    )
]


def test_our_own_layout(tmp_path: Path) -> None:
    assert read(tmp_path, GO_VCR) == EXPECTED


@pytest.mark.parametrize(
    "content", [GO_VCR.encode("utf-8-sig"), GO_VCR.encode("utf-16"), GO_VCR.replace("\n", "\r\n").encode()]
)
def test_other_bytes_for_the_same_text(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path, content) == EXPECTED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    duration: 1.5s\n", "    duration: 1.5s"),
        ("---\n", ""),
        ("version: 2", "# a comment\nversion: 2 # another"),
        ("version: 2", "version: '2'"),
        ("  response:", "  note: [of, {another: tool}]\n  response:"),
        ("- id: 0", "- id: &x 0\n  unknown: *x"),
        ("- id: 0\n  request:", "- request:"),
        ("body: hi", "body: !!str hi"),
        ("body: hi", "body: !!binary aGk="),
        ("body: hi", 'body: "\\x68\\u0069"'),
        ("body: hi", "body: >-\n      hi"),
        ("body: hi", "body: |-\n       hi"),
        ('host: ""', "host: null"),
        ("    content_length: 0\n", ""),
        ('    host: ""\n', ""),
        ("body: hi", "body: hi\n    transfer_encoding: []\n    trailer: {}\n    uncompressed: false"),
        ("    method: GET\n", "    method: GET\n    body:\n"),
    ],
)
def test_the_same_cassette_in_other_clothes(tmp_path: Path, old: str, new: str) -> None:
    assert GO_VCR.count(old) == 1
    assert read(tmp_path, GO_VCR.replace(old, new)) == EXPECTED


def test_four_spaces(tmp_path: Path) -> None:
    lines = [" " * (len(line) - len(line.lstrip())) + line for line in GO_VCR.replace("- id", "  id").splitlines()]
    content = "\n".join(lines).replace("    id", "  - id")
    assert "\n    request:\n        proto: HTTP/1.1\n" in content
    assert read(tmp_path, content) == EXPECTED


def test_json_is_yaml(tmp_path: Path) -> None:
    document = {
        "version": 2,
        "interactions": [
            {
                "request": {"url": "https://api.example.com/v1/models", "method": "GET"},
                "response": {
                    "content_length": 2,
                    "body": "hi",
                    "headers": {"Content-Type": ["text/plain"]},
                    "status": "200 OK",
                    "code": 200,
                    "duration": "1.5s",
                },
            }
        ],
    }
    assert read(tmp_path, json.dumps(document)) == EXPECTED


@pytest.mark.parametrize("text", ["yes", "on", "1:30", "0x1f", "1_000", "2024-01-02", "1e3", ".inf", "=", "true", "12"])
def test_what_yaml_1_1_would_resolve_stays_text(tmp_path: Path, text: str) -> None:
    [interaction] = read(tmp_path, GO_VCR.replace("body: hi", f"body: {text}").replace("- text/plain", f"- {text}"))
    assert interaction.response.body == text.encode()
    assert interaction.response.headers == {"Content-Type": [text]}


@pytest.mark.parametrize(
    ("written", "body"),
    [
        ("|\n      a\n\n\n", b"a\n"),
        ("|-\n      a\n\n", b"a"),
        ("|+\n      a\n\n", b"a\n\n"),
        ("|2\n\n", b""),
        ("|2+\n\n", b"\n"),
        ("|2-\n\n\n       a\n", b"\n\n a"),
        ("|2\n\n      a\n", b"\na\n"),
        ("|\n      a\n       b\n      \tc\n", b"a\n b\n\tc\n"),
        ("'it''s'\n", b"it's"),
        ("''\n", b""),
        ('"a\\"b\\\\\\n\\u00e9\\x41\\e\\_\\N\\U0001F600"\n', 'a"b\\\n\u00e9A\x1b\xa0\x85😀'.encode()),
        ("!!binary AQID\n", b"\x01\x02\x03"),
        ("!!binary |\n      " + "A" * 70 + "\n      A=\n", bytes(53)),
        ("plain:text\n", b"plain:text"),
    ],
)
def test_forms_of_a_body(tmp_path: Path, written: str, body: bytes) -> None:
    content = GO_VCR.replace("body: hi\n", f"body: {written}")
    assert [each.response.body for each in read(tmp_path, content)] == [body]
    assert [each.response.body for each in formats.read(tmp_path, content.encode())] == [body]
    assert fast_reader.read(content.encode()) is not None


def test_aliases_share_what_they_name(tmp_path: Path) -> None:
    content = GO_VCR.replace("    url:", "    headers: &h {A: [&b b]}\n    url:")
    content = content.replace("headers:\n      Content-Type:\n      - text/plain\n", "headers: *h\n")
    [interaction] = read(tmp_path, content + "  end: *b\n")
    assert interaction.request.headers == interaction.response.headers == {"A": ["b"]}
    assert interaction.end == "b"


def test_our_own_keys(tmp_path: Path) -> None:
    own = "  phase: teardown\n  end: closed\n  end_message: 'it: is'\n  chunks: 0.4+512 20.1+88\n"
    own += (
        "  frames:\n  - from: server\n    at: 12.5\n    text: hello\n  - from: client\n    at: 13\n    base64: AP8=\n"
    )
    for content in (GO_VCR + own, GO_VCR + "  phase: teardown\n" + own.partition("\n")[2] + "  more: x\n"):
        [interaction] = read(tmp_path, content)
        assert (interaction.phase, interaction.end, interaction.end_message) == ("teardown", "closed", "it: is")
        assert interaction.chunks == ((0.4, 512), (20.1, 88))
        assert interaction.frames == (
            Frame(sender=SERVER, data=b"hello", at=12.5),
            Frame(sender=CLIENT, data=b"\x00\xff", kind=FrameKind.BINARY, at=13),
        )


def test_without_libyaml_the_same_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(GO_VCR.replace("body: hi", "body: >-\n      hi"))
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert load(path) == EXPECTED


def test_our_own_layout_needs_no_yaml_parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def parsed(*args: object) -> None:
        raise AssertionError("a YAML parser was used")

    monkeypatch.setattr(tree, "parse", parsed)
    assert read(tmp_path, GO_VCR) == EXPECTED


def test_a_body_is_not_decoded_before_it_is_read(tmp_path: Path) -> None:
    literal = GO_VCR.replace("body: hi", "body: |\n      data: 1\n\n      data: 2")
    [interaction] = fast_reader.read(literal.encode()) or []
    # A slot that is not set: reading it through the class does not ask for the late body.
    with pytest.raises(AttributeError):
        Message.__dict__["body"].__get__(interaction.response)
    assert interaction.response.body == b"data: 1\n\ndata: 2\n"
    assert Message.__dict__["body"].__get__(interaction.response) == b"data: 1\n\ndata: 2\n"
