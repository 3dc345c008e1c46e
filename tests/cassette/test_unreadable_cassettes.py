"""A file that is no cassette is an error that names file, line, cause and remedy; nobody touches the file."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from cassette_files import GO_VCR, VCRPY

from pytest_llmcassette.cassette import files
from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.cassette.vcrpy import parsed_body
from pytest_llmcassette.errors import CassetteFileError

# Twenty lists, each nine times the one before it: 9 ** 20 values if they were copied.
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 20)
)
OTHER_KINDS = {
    "websocket": "version: 1\ninteractions:\n- kind: handshake\n- kind: message\n  direction: sent\n  data: {}\n",
    "websocket and HTTP": VCRPY.replace("version", "- kind: message\n  data: {}\nversion"),
    "grpc": "version: 1\ninteractions:\n- request_parse: {json: {}}\n  response_parse: {json: {}}\n",
    "grpc stream": "version: 1\ninteractions:\n- request_stream: {json: {}}\n  response_sample: {}\n",
    "cassetter's websocket": "version: 1\ninteractions: []\nws_interactions:\n- {uri: 'wss://x/', frames: []}\n",
    "cassetter's grpc": "version: 1\ninteractions: []\ngrpc_interactions:\n- request: {method: /a.B/C}\n",
    "cassetter": """\
version: 1
interactions:
- request: {method: GET, uri: 'https://x/', headers: {}, body: {type: json, content: {}}}
  response: {status: 200, headers: {}, body: {type: text, content: hi}}
  recorded_at: '2026-01-01T00:00:00Z'
""",
    "har": '{"log": {"version": "1.2", "entries": [{"comment": "\\\\ud83d\\\\ude00"}]}}',
    "old go-vcr": """\
version: 1
interactions:
- request: {url: 'https://x/', method: GET}
  response: {body: hi, code: 200}
""",
}


def go(old: str, new: str) -> str:
    assert GO_VCR.count(old) == 1
    return GO_VCR.replace(old, new)


def vcr(old: str, new: str) -> str:
    assert VCRPY.count(old) == 1
    return VCRPY.replace(old, new)


def refused(tmp_path: Path, content: str | bytes) -> CassetteFileError:
    path = tmp_path / "x.yaml"
    raw = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(raw)
    with pytest.raises(CassetteFileError) as refusal:
        load(path)
    assert path.read_bytes() == raw
    text = str(refusal.value)
    assert text.startswith(str(path))
    # One line for what is wrong and one for what to do.
    assert re.fullmatch(r"[^\n]+\n[^\n]+[.)]?", text), text
    return refusal.value


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        ("", None, "empty"),
        ("\n\n", None, "empty"),
        ("# nothing\n", None, "empty"),
        ("hello", None, "no cassette"),
        ("- a\n- b\n", None, "no cassette"),
        ('{"a": 1}', None, "no `version`"),
        (go("version: 2\n", ""), None, "no `version`"),
        (go("version: 2", "version: 3"), 2, "'3'"),
        (go("version: 2", "version: 2.0"), 2, "'2.0'"),
        (go("version: 2", "version: [2]"), 2, "unknown"),
        (vcr("version: 1", "version: 0"), 12, "'0'"),
        ("---\nversion: 2\n", None, "`interactions` are missing"),
        ("---\nversion: 2\ninteractions:\n", 3, "`interactions` are missing"),
        ("version: 2\ninteractions: {a: 1}\n", 2, "no list"),
        ("version: 2\ninteractions:\n- {}\n- hi\n", 3, "request"),
        ("version: 2\ninteractions: [hi]\n", 2, "interaction 0: it is no mapping"),
        ("version: 1\ninteractions: hi\n", 2, "no list"),
    ],
)
def test_no_cassette(tmp_path: Path, content: str, line: int | None, problem: str) -> None:
    refusal = refused(tmp_path, content)
    assert problem in refusal.problem
    if line is not None:
        assert refusal.line == line


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("a: [1, 2\nb: }\n", 2),
        ("a:\n\t- x\n", 2),
        (go("- text/plain", "- 'text/plain"), None),
        (go("    body: hi", "   body: hi"), 18),
        (go("status: 200 OK", "status: 200: OK"), 22),
        (go("      Content-Type:\n", "      |-:\n        a\n"), 20),
        (go("      Content-Type:\n", "      !!binary |:\n        YWJj\n"), 20),
        (go("body: hi", "body: *hi"), 18),
        (go("body: hi", "body: &hi [*hi]"), 18),
        (go("body: hi", "body: h\x00i"), 18),
        (go("body: hi", "body: h\x7fi"), 18),
        (GO_VCR.encode("utf-8").replace(b"body: hi", b"body: h\xe9"), 18),
        (GO_VCR + GO_VCR, 25),
    ],
)
def test_no_yaml(tmp_path: Path, content: str | bytes, line: int | None) -> None:
    refusal = refused(tmp_path, content)
    assert refusal.line is not None
    assert line is None or refusal.line == line


@pytest.mark.parametrize(
    ("content", "line", "field"),
    [
        (go("    url: https://api.example.com/v1/models\n", ""), 5, "request.url"),
        (go("url: https://api.example.com/v1/models", "url: null"), 11, "request.url"),
        (go("url: https://api.example.com/v1/models", "url: {a: b}"), 11, "request.url"),
        (go("    method: GET\n", ""), 5, "request.method"),
        (go("    code: 200\n", ""), 13, "response.code"),
        (go("code: 200", "code: two"), 23, "response.code"),
        (go("code: 200", "code: 200.5"), 23, "response.code"),
        (go("code: 200", "code: [200]"), 23, "response.code"),
        (go("code: 200", "code: 9" + "9" * 5000), 23, "response.code"),
        (go("code: 200", "code: 9223372036854775808"), 23, "response.code"),
        (go("duration: 1.5s", "duration: 1.5"), 24, "response.duration"),
        (go("duration: 1.5s", "duration: soon"), 24, "response.duration"),
        (go("duration: 1.5s", "duration: 9999999h"), 24, "response.duration"),
        (go("    duration: 1.5s\n", ""), 13, "response.duration"),
        (go("body: hi", "body: {a: 1}"), 18, "response.body"),
        (go("    body: hi\n", ""), 13, "response.body"),
        (go("    body: hi\n", "    uncompressed: maybe\n    body: hi\n"), 18, "response.uncompressed"),
        (go("      - text/plain\n", "        text/plain\n"), 19, "response.headers"),
        (go("      Content-Type:\n      - text/plain\n", "      - a\n"), 19, "response.headers"),
        (go("- text/plain", "- [text/plain]"), 19, "response.headers"),
        (GO_VCR.partition("  response:")[0], 4, "response"),
        ("---\nversion: 2\ninteractions:\n- id: 0\n", 4, "request"),
        (GO_VCR + "  chunks: 0.4+512 soon\n", 25, "chunks"),
        (GO_VCR + "  chunks: nan+1\n", 25, "chunks"),
        (GO_VCR + "  end: [x]\n", 25, "end"),
        (GO_VCR + "  frames: {a: b}\n", 25, "frames"),
        (GO_VCR + "  frames:\n  - from: me\n    text: a\n", 26, "frames.0.from"),
        (GO_VCR + "  frames:\n  - from: client\n    at: soon\n    text: a\n", 27, "frames.0.at"),
        (GO_VCR + "  frames:\n  - from: client\n    at: 1\n", 26, "frames.0.text"),
        (GO_VCR + "  frames:\n  - from: client\n    base64: '*'\n", 27, "frames.0.base64"),
        (vcr("    uri: https://api.example.com/v1/models\n", ""), 2, "request.uri"),
        (vcr("    method: GET\n", ""), 2, "request.method"),
        (vcr("    status: {code: 200, message: OK}\n", ""), 7, "response.status"),
        (vcr("code: 200", "code: two"), 11, "response.status.code"),
        (vcr("{string: hi}", "{string: [hi]}"), 8, "response.body.string"),
        (vcr("{string: hi}", "{strung: hi}"), 8, "response.body"),
        (vcr("{string: hi}", "{base64_string: '*'}"), 8, "response.body.base64_string"),
        (vcr("[text/plain]", "{a: b}"), 9, "response.headers"),
    ],
)
def test_a_field_that_is_missing_or_wrong(tmp_path: Path, content: str, line: int, field: str) -> None:
    refusal = refused(tmp_path, content)
    assert refusal.problem.startswith(f"interaction 0, {field}: ")
    assert refusal.line == line


def test_the_interaction_is_counted_from_zero_as_in_the_file(tmp_path: Path) -> None:
    again = GO_VCR.partition("interactions:\n")[2].replace("id: 0", "id: 1").replace("code: 200", "code: two")
    refusal = refused(tmp_path, GO_VCR + again)
    assert refusal.problem.startswith("interaction 1, response.code: ")
    assert refusal.line == 44


@pytest.mark.parametrize("value", ["a*b", "QUI", "QUJD==", "QQ==QQ==", "=", "é", "[a]"])
def test_base64_that_is_none(tmp_path: Path, value: str) -> None:
    refusal = refused(tmp_path, go("body: hi", f"body: !!binary {value}"))
    assert "!!binary" in refusal.problem
    assert refusal.line == 18


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!!python/name:os.system", "!!set", "!mine"])
def test_tags_that_would_build_objects(tmp_path: Path, tag: str) -> None:
    for content, line in [(go("body: hi", f"body: {tag} [hi]"), 18), (go("- text/plain", f"- {tag} hi"), 21)]:
        refusal = refused(tmp_path, content)
        assert f"the tag {tag} " in refusal.problem
        assert refusal.line == line


def test_keys_twice_and_merged(tmp_path: Path) -> None:
    assert "'code' is there twice" in refused(tmp_path, go("    code: 200\n", "    code: 200\n    code: 201\n")).problem
    assert "merge key" in refused(tmp_path, go("    code: 200\n", "    <<: {code: 200}\n")).problem


@pytest.mark.parametrize(
    "content",
    [
        go("version: 2\n", f"version: 2\n{BOMB}").replace("[text/plain]", "*a19").replace("- text/plain", "- *a19"),
        BOMB + vcr("body: {string: hi}", "parsed_body: *a19"),
        BOMB + vcr("body: null", "body: {a: *a19}"),
    ],
)
@pytest.mark.parametrize("limit", [20_000, pytest.param(parsed_body.MAX_VALUES, marks=pytest.mark.slow)])
def test_alias_bombs(tmp_path: Path, content: str, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsed_body, "MAX_VALUES", limit)
    start = time.process_time()
    refusal = refused(tmp_path, content)
    # Copied, they would not be done in the age of the universe.
    assert time.process_time() - start < 30
    assert "interaction 0" in refusal.problem


def test_an_alias_bomb_in_a_key_that_nobody_reads_harms_nobody(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(go("version: 2\n", f"version: 2\n{BOMB}"))
    assert load(path)[0].response.body == b"hi"


@pytest.mark.parametrize("opening", ["[", "- ", "? ", "{a: "])
def test_deep_nesting(tmp_path: Path, opening: str) -> None:
    refused(tmp_path, "version: 2\ninteractions: " + opening * 100_000)
    refused(tmp_path, "version: 2\ninteractions:\n  " + opening * 100_000)


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("websocket", "WebSocket"),
        ("websocket and HTTP", "WebSocket"),
        ("grpc", "gRPC"),
        ("grpc stream", "gRPC"),
        ("cassetter's websocket", "cassetter"),
        ("cassetter's grpc", "cassetter"),
        ("cassetter", "cassetter"),
        ("har", "HAR file"),
        ("old go-vcr", "go-vcr before v3"),
    ],
)
def test_other_kinds_are_named(tmp_path: Path, kind: str, word: str) -> None:
    assert word in refused(tmp_path, OTHER_KINDS[kind]).problem


def test_a_git_lfs_pointer(tmp_path: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22e\nsize 12345\n"
    refusal = refused(tmp_path, pointer)
    assert "Git LFS pointer" in refusal.problem
    assert "git lfs pull" in str(refusal.remedy)


# Between double quotes YAML takes any line: both sides would be one body.
QUOTED = vcr("{string: hi}", '"\n<<<<<<< HEAD\n      hi\n=======\n      ho\n>>>>>>> theirs\n      "')


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (go("    body: hi\n", "<<<<<<< HEAD\n    body: hi\n=======\n    body: ho\n>>>>>>> theirs\n"), 18),
        (go("    body: hi\n", "<<<<<<< HEAD\r\n    body: hi\r\n=======\r\n>>>>>>> theirs\r\n"), 18),
        (f"<<<<<<< HEAD\n{GO_VCR}||||||| base\n=======\n{VCRPY}>>>>>>> theirs\n", 1),
        (QUOTED, 9),
    ],
)
def test_both_sides_of_a_merge(tmp_path: Path, content: str, line: int) -> None:
    refusal = refused(tmp_path, content)
    assert "merge conflict" in refusal.problem
    assert "Resolve the conflict" in str(refusal.remedy)
    assert refusal.line == line


def test_an_edit_that_a_model_proposes_is_no_conflict(tmp_path: Path) -> None:
    edit = "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n"
    path = tmp_path / "x.yaml"
    for content in (GO_VCR, VCRPY):
        block = "|\n        " + edit.replace("\n", "\n        ")
        path.write_text(
            content.replace("{string: hi}", "\n      string: hi").replace(": hi\n", f": {block.rstrip(' ')}")
        )
        assert load(path)[0].response.body.decode() == edit


def test_a_file_cut_anywhere_is_refused_or_has_all_that_its_interactions_need(tmp_path: Path, every: int) -> None:
    """A cut right behind an interaction cannot be told from a shorter file; any other can."""
    first = GO_VCR.encode()
    whole = first + first.partition(b"interactions:\n")[2].replace(b"id: 0", b"id: 1")
    path = tmp_path / "x.yaml"
    loaded = set()
    for size in {*range(0, len(whole), every), len(first) - 1, len(first), len(whole) - 1}:
        path.write_bytes(whole[:size])
        try:
            interactions = load(path)
        except CassetteFileError:
            continue
        assert [interaction.response.body for interaction in interactions] in ([b"hi"], [b"hi", b"hi"])
        loaded.add(size)
    # Without the last line break nothing is lost.
    assert loaded == {len(first) - 1, len(first), len(whole) - 1}


def test_a_folder_and_a_path_that_leads_nowhere(tmp_path: Path) -> None:
    with pytest.raises(CassetteFileError, match="directory"):
        load(tmp_path)
    with pytest.raises(CassetteFileError, match="No such file") as refusal:
        load(tmp_path / "nowhere.yaml")
    assert refusal.value.path == tmp_path / "nowhere.yaml"
    (tmp_path / "file").write_text("x")
    with pytest.raises(CassetteFileError, match="permissions"):
        load(tmp_path / "file" / "x.yaml")


def test_a_link_to_what_has_no_end(tmp_path: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to("/dev/zero")
    with pytest.raises(CassetteFileError, match="a device, no file"):
        load(link)


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path, *arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(files, "_bytes_of", denied)
    with pytest.raises(CassetteFileError, match=r"Permission denied\nCheck the path and its permissions\."):
        load(tmp_path / "x.yaml")
