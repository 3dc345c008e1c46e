"""Real cassettes, and the bytes that Go's encoder wrote for nasty ones."""

from __future__ import annotations

import base64
import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from recorded import loaded

from pytest_llmcassette.cassette import formats
from pytest_llmcassette.cassette.go_vcr import fast_reader
from pytest_llmcassette.cassette.go_vcr.writer import dumps
from pytest_llmcassette.cassette.model import Headers, Interaction, Request, Response
from pytest_llmcassette.errors import CassetteFileError

FOUR_SPACES = "TestAnthropicWebSearch/stream.yaml"
# What each holds: connections, or calls, with so many frames.
NO_HTTP = {
    "test_xai_builtin_code_execution_tool_stream.xai.yaml": [5],
    "test_session_resumption_after_drop.yaml": [25, 29],
}


def test_go_files_are_saved_byte_for_byte(corpus: Path) -> None:
    folder = corpus / "fantasy"
    files = sorted(folder.rglob("*.yaml"))
    assert len(files) > 100
    changed = [path.relative_to(folder).as_posix() for path in files if dumps(loaded(path)) != path.read_bytes()]
    assert changed == [FOUR_SPACES]
    # The one that changes says the same as before.
    assert formats.read(folder, dumps(loaded(folder / FOUR_SPACES))) == loaded(folder / FOUR_SPACES)


def test_both_readers_read_the_same(corpus: Path) -> None:
    declined = []
    for path in sorted((corpus / "fantasy").rglob("*.yaml")):
        quick = fast_reader.read(path.read_bytes())
        if quick is None:
            declined.append(path.relative_to(corpus / "fantasy").as_posix())
        else:
            assert quick == formats.read(path, path.read_bytes()), path
    assert declined == [FOUR_SPACES]


def test_pyyaml_reads_the_same(corpus: Path, every: int) -> None:
    for path in sorted((corpus / "fantasy").rglob("*.yaml"))[::every]:
        document = yaml.safe_load(path.read_text("utf-8"))
        for ours, theirs in zip(loaded(path), document["interactions"], strict=True):
            for message, fields in ((ours.request, theirs["request"]), (ours.response, theirs["response"])):
                body = fields.get("body") or ""
                assert message.body == (body if isinstance(body, bytes) else body.encode()), path
                assert message.headers == fields.get("headers", {})
                assert message.content_length == fields["content_length"]
            assert (ours.request.url, ours.request.method) == (theirs["request"]["url"], theirs["request"]["method"])
            assert ours.request.form == theirs["request"].get("form", {})
            assert (ours.response.code, ours.response.status) == (
                theirs["response"]["code"],
                theirs["response"]["status"],
            )
            assert ours.response.uncompressed == theirs["response"].get("uncompressed", False)


def go_string(value: Any) -> str:
    """A vector's string: JSON text, or what is not UTF-8 as `{"base64": ...}`."""
    raw = base64.b64decode(value["base64"]) if isinstance(value, dict) else value.encode("utf-8", "surrogatepass")
    return str(raw.decode("utf-8", "surrogateescape"))


def go_map(value: Any) -> Headers:
    return {go_string(name): [go_string(item) for item in items] for name, items in (value or {}).items()}


def made_of(fields: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in fields.items():
        if name in ("headers", "form", "trailer"):
            made[name] = go_map(value)
        elif name == "transfer_encoding":
            made[name] = [go_string(item) for item in value or []]
        elif name == "body":
            made[name] = go_string(value or "").encode("utf-8", "surrogateescape")
        else:
            made[name] = go_string(value) if isinstance(value, str | dict) else value
    return made


@cache
def vectors(corpus: Path) -> list[tuple[list[Interaction], bytes, bool]]:
    lines = (corpus / "vectors" / "go_vcr_v2.jsonl").read_text("utf-8").splitlines()
    return [
        (
            [
                Interaction(request=Request(**made_of(each["request"])), response=Response(**made_of(each["response"])))
                for each in vector["interactions"]
            ],
            base64.b64decode(vector["yaml_base64"]),
            vector["readable"],
        )
        for vector in map(json.loads, lines)
    ]


def test_nasty_cassettes_are_written_as_go_writes_them(corpus: Path) -> None:
    found = vectors(corpus)
    assert len(found) == 400
    for number, (interactions, go_bytes, readable) in enumerate(found):
        if readable:
            assert dumps(interactions) == go_bytes, number
        else:
            # Go writes a block here that starts with a TAB, and cannot read it back. Ours both sides can read.
            assert dumps(interactions) != go_bytes, number
            assert formats.read(Path(f"vector {number}"), dumps(interactions)) == interactions


def test_nasty_cassettes_are_read_as_go_wrote_them(corpus: Path) -> None:
    quick = 0
    for number, (interactions, go_bytes, readable) in enumerate(vectors(corpus)):
        if not readable:
            with pytest.raises(CassetteFileError, match="tab"):
                formats.read(Path("x"), go_bytes)
            assert fast_reader.read(go_bytes) is None
            continue
        assert formats.read(Path("x"), go_bytes) == interactions, number
        by_lines = fast_reader.read(go_bytes)
        quick += by_lines is not None
        assert by_lines in (None, interactions), number
    assert quick > 200


def test_vcrpy_files_load_in_the_order_of_their_interactions(corpus: Path, every: int) -> None:
    expected: dict[str, list[dict[str, Any]]] = {}
    for line in (corpus / "expected.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        expected.setdefault(row["file"], []).append(row)
    outcome: Counter[str] = Counter()
    paths = sorted((corpus / "vcrpy").rglob("*.yaml"))
    for number, path in enumerate(paths):
        if number % every and path.name not in NO_HTTP:
            continue
        if path.name in NO_HTTP:
            interactions = loaded(path)
            assert [len(one.frames) for one in interactions] == NO_HTTP[path.name]
            assert formats.read(path, dumps(interactions)) == interactions
            outcome["frames"] += 1
            continue
        interactions = loaded(path)
        outcome["loaded"] += 1
        for row in expected.get(path.relative_to(corpus).as_posix(), []):
            interaction = interactions[row["index"]]
            assert (interaction.request.url, interaction.response.code) == (row["url"], row["status"]), path
            outcome["rows"] += 1
    assert outcome["frames"] == len(NO_HTTP)
    assert outcome["loaded"] >= (len(paths) - len(NO_HTTP)) // every
    assert outcome["rows"] > 200 // every


def test_vcrpy_bodies_are_plain_and_survive_a_save(corpus: Path, every: int) -> None:
    for path in sorted((corpus / "vcrpy").rglob("*.yaml"))[::every]:
        if path.name in NO_HTTP:
            continue
        interactions = loaded(path)
        document = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        for ours, theirs in zip(interactions, document["interactions"], strict=True):
            assert not ours.response.body.startswith(b"\x1f\x8b")
            assert "Content-Encoding" not in ours.response.headers
            for message, fields in ((ours.request, theirs["request"]), (ours.response, theirs["response"])):
                if "parsed_body" in fields:
                    assert json.loads(message.body) == fields["parsed_body"]
        assert formats.read(path, dumps(interactions)) == interactions
