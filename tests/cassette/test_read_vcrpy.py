"""VCR.py's files: every form a body has in real ones, encodings told by the bytes and not by the header."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zlib
from pathlib import Path
from typing import Any

import brotli
import pytest
import yaml
import zstandard
from cassette_files import VCRPY
from characters import CHARACTERS
from hypothesis import assume, given
from hypothesis import strategies as st
from multidict import _multidict_py, istr

from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.cassette.formats import read as read_raw
from pytest_llmcassette.cassette.model import Interaction, Request, Response
from pytest_llmcassette.errors import CassetteFileError

# What VCR.py takes where there is libyaml.
DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
HI = "Olá 世界 😀\r\n\tx".encode()


def read(tmp_path: Path, content: str) -> Interaction:
    path = tmp_path / "x.yaml"
    path.write_text(content, "utf-8")
    [interaction] = load(path)
    return interaction


def dumped(request: dict[str, Any] | None = None, response: dict[str, Any] | None = None) -> str:
    """A file as VCR.py writes one, with these fields."""
    asked = {"body": None, "headers": {}, "method": "GET", "uri": "https://api.example.com:8080/v1?a=1&b"} | (
        request or {}
    )
    answer = {"body": {"string": ""}, "headers": {}, "status": {"code": 200, "message": "OK"}} | (response or {})
    document = {"interactions": [{"request": asked, "response": answer}], "version": 1}
    return str(yaml.dump(document, Dumper=DUMPER, allow_unicode=True))


def test_a_whole_interaction(tmp_path: Path) -> None:
    content = dumped(
        {
            "method": "POST",
            "body": "x=1&y=2",
            "headers": {"content-type": ["application/x-www-form-urlencoded"], "x-a": "b", "X-A": [b"\xff"]},
        },
        {
            "body": {"string": "hi"},
            "headers": {"transfer-encoding": ["chunked"], "x-b": ["c", "d"]},
            "status": {"code": 404, "message": "Not Found"},
        },
    )
    assert read(tmp_path, content) == Interaction(
        request=Request(
            method="POST",
            url="https://api.example.com:8080/v1?a=1&b",
            host="api.example.com:8080",
            body=b"x=1&y=2",
            content_length=7,
            headers={"Content-Type": ["application/x-www-form-urlencoded"], "X-A": ["\udcff", "b"]},
            form={"x": ["1"], "y": ["2"], "a": ["1"], "b": [""]},
        ),
        response=Response(
            code=404,
            status="404 Not Found",
            body=b"hi",
            content_length=2,
            headers={"X-B": ["c", "d"]},
            transfer_encoding=["chunked"],
        ),
    )


@pytest.mark.parametrize(
    "body",
    [
        {"body": HI.decode()},
        {"body": HI},
        {"body": {"string": HI.decode()}},
        {"body": {"string": HI}},
        {"body": {"encoding": "utf-8", "string": HI}},
        {"body": {"base64_string": base64.b64encode(HI).decode()}},
    ],
)
def test_forms_of_a_body(tmp_path: Path, body: dict[str, Any]) -> None:
    interaction = read(tmp_path, dumped(body, body))
    assert interaction.request.body == HI
    assert interaction.response.body == HI
    assert not interaction.response.uncompressed


@pytest.mark.parametrize("body", [{"body": None}, {"body": ""}, {"body": {"string": None}}, {"body": {"string": ""}}])
def test_forms_of_no_body(tmp_path: Path, body: dict[str, Any]) -> None:
    interaction = read(tmp_path, dumped(body, body))
    assert (interaction.request.body, interaction.response.body) == (b"", b"")


def test_a_mapping_as_a_requests_body_is_json(tmp_path: Path) -> None:
    asked = read(tmp_path, dumped({"body": {"model": "gpt-4o", "n": 1, "stream": True, "stop": None}})).request
    assert json.loads(asked.body) == {"model": "gpt-4o", "n": 1, "stream": True, "stop": None}


@pytest.mark.parametrize(
    "body",
    [io.BytesIO(HI), iter([HI[:9], HI[9:]]), iter([HI.decode()[:5], HI.decode()[5:]]), iter([HI])],
    ids=["file", "pieces", "texts", "one piece"],
)
def test_a_body_that_was_a_file_or_an_iterator(tmp_path: Path, body: object) -> None:
    """VCR.py keeps it as one, and PyYAML's full dumper writes the object."""
    content = dumped({"body": "BODY"}).replace("body: BODY", yaml.dump({"body": body}).strip().replace("\n", "\n    "))
    assert "!!python/object" in content
    assert read(tmp_path, content).request.body == HI


@pytest.mark.parametrize("fields", ["{}", "{state: x}", "{state: []}", "{state: [[a]]}", "[x]", "{args: [x]}"])
def test_a_file_as_nobody_writes_it(tmp_path: Path, fields: str) -> None:
    content = dumped({"body": "BODY"}).replace("body: BODY", f"body: !!python/object/new:_io.BytesIO {fields}")
    with pytest.raises(CassetteFileError, match="BytesIO in it is not as PyYAML writes it"):
        read(tmp_path, content)


def test_header_names_of_aiohttp(tmp_path: Path) -> None:
    """VCR.py keeps them as `multidict.istr`, and PyYAML's full dumper writes the object, also behind an alias."""
    name, other = istr("Content-Type"), _multidict_py.istr("X-1")
    content = yaml.dump({"headers": {name: ["a"], other: [name, "b"]}})
    assert "object/apply:multidict._multidict.istr" in content
    assert "object/new:multidict._multidict_py.istr" in content
    aliased = "headers: {&a !!python/object/apply:multidict._multidict.istr [Via]: *a}\n"
    stated = "headers: {? !!python/object/new:multidict.istr {args: ['1'], state: {title: x}} : [c]}\n"
    for headers, expected in (
        (content, {"Content-Type": ["a"], "X-1": ["Content-Type", "b"]}),
        (aliased, {"Via": ["Via"]}),
        (stated, {"1": ["c"]}),
    ):
        written = dumped().replace("headers: {}\n", headers.replace("\n", "\n    ").rstrip() + "\n", 1)
        assert read(tmp_path, written).request.headers == expected


@pytest.mark.parametrize(
    "name", ["multidict._multidict.istr {}", "multidict._multidict.istr [[a]]", "os.istr [a]", "multidict.istrs [a]"]
)
def test_header_names_as_nobody_writes_them(tmp_path: Path, name: str) -> None:
    with pytest.raises(CassetteFileError, match=r"is not as PyYAML writes it|would build an object"):
        read(tmp_path, dumped().replace("headers: {}", f"headers: {{? !!python/object/new:{name} : b}}"))


ASKED = {"method": "POST", "uri": "https://api.example.com/v1", "body": '{"say": "😀"}', "headers": {"X-A": ["1"]}}
ANSWERED = {"body": {"string": "Olá 😀"}, "headers": {"a": ["b"]}, "status": {"code": 404, "message": None}}
OF_VCRPY = json.dumps({"version": 1, "interactions": [{"request": ASKED, "response": ANSWERED}]}, indent=4) + "\n"


@pytest.mark.slow
def test_vcrpy_writes_its_json_like_this() -> None:
    """To import it takes half a second."""
    from vcr.request import Request as VcrRequest
    from vcr.serialize import serialize
    from vcr.serializers import jsonserializer

    request = VcrRequest("POST", "https://api.example.com/v1", '{"say": "😀"}', {"X-A": "1"})
    answer = {"body": {"string": "Olá 😀".encode()}, "headers": {"a": ["b"]}, "status": {"code": 404, "message": None}}
    written = serialize({"requests": [request], "responses": [answer]}, jsonserializer)
    assert written == OF_VCRPY


def test_vcrpys_json(tmp_path: Path) -> None:
    """Emoji as escapes, which YAML refuses; numbers, true and null mean what they mean in YAML."""
    path = tmp_path / "x.json"
    path.write_text(OF_VCRPY)
    assert "\\ud83d\\ude00" in path.read_text()
    [interaction] = load(path)
    assert interaction.request.body == '{"say": "😀"}'.encode()
    assert interaction.request.headers == {"X-A": ["1"]}
    answer_read = interaction.response
    assert (answer_read.body, answer_read.status, answer_read.headers) == ("Olá 😀".encode(), "404", {"A": ["b"]})
    path.write_text(path.read_text().replace('"code": 404', '"code": true'))
    with pytest.raises(CassetteFileError, match=r"0, response\.status\.code: it is no whole number: 'true'"):
        load(path)
    path.write_text(path.read_text().replace('"code"', '"code": 1, "code"'))
    with pytest.raises(CassetteFileError, match="there twice"):
        load(path)
    path.write_text(path.read_text().replace('"version": 1', '"version" 1'))
    with pytest.raises(CassetteFileError, match=r"line 2: this is not JSON: Expecting ':' delimiter"):
        load(path)


def test_tuples_and_the_texts_of_python_2_are_lists_and_texts(tmp_path: Path) -> None:
    content = dumped({"body": "BODY"}).replace("body: BODY", "body: !!python/unicode 'olá'")
    content = content.replace("headers: {}", "headers: {x-a: !!python/tuple [b, !!python/str 'c']}")
    asked = read(tmp_path, content).request
    assert (asked.body, asked.headers) == ("olá".encode(), {"X-A": ["b", "c"]})


@pytest.mark.parametrize("content", [HI, HI.decode()])
def test_an_httpx_response_as_vcrpy_wrote_it_before_version_6(tmp_path: Path, content: str | bytes) -> None:
    """`_to_serialized_response` in its `stubs/httpx_stubs.py` of 4.1 to 5.1."""
    old = {"content": content, "headers": {"a": ["b"]}, "http_version": "HTTP/1.1", "status_code": 404}
    document = {"interactions": [{"request": {"method": "GET", "uri": "https://a/", "body": ""}, "response": old}]}
    answer = read(tmp_path, yaml.safe_dump(document | {"version": 1})).response
    assert (answer.code, answer.body, answer.headers) == (404, HI, {"A": ["b"]})


def test_a_json_request_with_a_type_and_content_is_not_cassetters(tmp_path: Path) -> None:
    asked = {"type": "message", "content": "hi"}
    assert json.loads(read(tmp_path, dumped({"body": asked})).request.body) == asked


words = st.sampled_from(
    ["yes", "1", "1.5", "1e3", "null", "~", "0o7", "1:30", "0x1f", "2024-01-02", "on", "<<", "=", "- a", "1_0"]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(CHARACTERS, max_size=8) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(CHARACTERS, max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(CHARACTERS, max_size=5), json_values, max_size=3))
def test_a_parsed_body_is_the_json_that_was_parsed(parsed: dict[str, Any]) -> None:
    content = dumped({"parsed_body": parsed}, {"parsed_body": parsed})
    # PyYAML cannot read back everything that it writes (NEL).
    assume(yaml.load(content, LOADER)["interactions"][0]["request"]["parsed_body"] == parsed)
    [interaction] = read_raw(Path("x.yaml"), content.encode("utf-8", "surrogatepass"))
    # As text, so that 1, 1.0 and True differ.
    expected = json.dumps(parsed, sort_keys=True)
    assert json.dumps(json.loads(interaction.request.body), sort_keys=True) == expected
    assert json.dumps(json.loads(interaction.response.body), sort_keys=True) == expected


def test_a_parsed_body_that_is_null_is_no_body(tmp_path: Path) -> None:
    assert read(tmp_path, dumped(None, {"parsed_body": None})).response.body == b""


ENCODED = {
    "gzip": gzip.compress(HI, mtime=0),
    "deflate": zlib.compress(HI),
    "br": brotli.compress(HI),
    "zstd": zstandard.compress(HI),
    "GZIP": gzip.compress(HI, mtime=0),
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_encoded_bodies_are_decoded(tmp_path: Path, encoding: str) -> None:
    headers = {"content-encoding": [encoding], "content-length": ["99"], "content-type": ["text/plain"]}
    answer = read(tmp_path, dumped(None, {"headers": headers, "body": {"string": ENCODED[encoding]}})).response
    assert answer.body == HI
    assert answer.uncompressed
    assert answer.content_length == -1
    assert answer.headers == {"Content-Type": ["text/plain"]}


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_a_header_that_stayed_behind_is_not_believed(tmp_path: Path, encoding: str) -> None:
    headers = {"content-encoding": [encoding], "content-length": ["99"]}
    answer = read(tmp_path, dumped(None, {"headers": headers, "body": {"string": '{"a": 1}'}})).response
    assert answer.body == b'{"a": 1}'
    assert answer.uncompressed
    assert answer.headers == {}


def test_gzip_without_a_header_is_decoded_but_an_archive_stays_one(tmp_path: Path) -> None:
    body = {"string": ENCODED["gzip"]}
    assert read(tmp_path, dumped(None, {"body": body})).response.body == HI
    archive = {"content-type": ["application/gzip"]}
    answer = read(tmp_path, dumped(None, {"body": body, "headers": archive})).response
    assert answer.body == ENCODED["gzip"]
    assert not answer.uncompressed


@pytest.mark.parametrize("encoding", ["gzip", "compress"])
def test_what_cannot_be_decoded_keeps_its_header(tmp_path: Path, encoding: str) -> None:
    cut = ENCODED["gzip"][:-12] + b"\xff"
    headers = {"content-encoding": [encoding]}
    answer = read(
        tmp_path, dumped(None, {"headers": headers, "body": {"string": cut if encoding == "gzip" else b"\xff"}})
    )
    assert answer.response.headers == {"Content-Encoding": [encoding]}
    assert not answer.response.uncompressed


def test_a_status_without_a_reason(tmp_path: Path) -> None:
    assert read(tmp_path, dumped(None, {"status": {"code": 200, "message": None}})).response.status == "200"
    assert read(tmp_path, dumped(None, {"status": 200})).response.code == 200


def test_a_file_without_a_version(tmp_path: Path) -> None:
    """Some projects' own serializers leave it out."""
    assert read(tmp_path, VCRPY.replace("version: 1\n", "")).response.body == b"hi"


def test_a_shared_list_of_headers(tmp_path: Path) -> None:
    """PyYAML writes an alias where one list object stands in two places."""
    shared = ["a"]
    content = dumped({"headers": {"x": shared}}, {"headers": {"x": shared}})
    assert "*id001" in content
    interaction = read(tmp_path, content)
    assert interaction.request.headers == interaction.response.headers == {"X": ["a"]}
    assert interaction.request.headers["X"] is not interaction.response.headers["X"]


def test_no_interactions(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("interactions: []\nversion: 1\n")
    assert load(tmp_path / "x.yaml") == []
