"""The registry of formats: what a new one must bring, and that nobody pays for those that a suite does not use."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import httpx
import pytest
from cassette_files import GO_VCR, VCRPY

from pytest_llmcassette import use_cassette
from pytest_llmcassette.cassette import formats
from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.cassette.formats import Document, Format
from pytest_llmcassette.cassette.model import Interaction, Request, Response
from pytest_llmcassette.cassette.unreadable import UnreadableError
from pytest_llmcassette.cli import main
from pytest_llmcassette.errors import CassetteFileError

URL = "https://api.example.com/v1/models"
TOY = b"TOY\x00\xff\n" + json.dumps([["GET", URL, "hi \ud83d\ude00"]]).encode() + b"\n"


def sniff(document: Document) -> bool:
    return document.raw.startswith(b"TOY\x00\xff\n")


def read(document: Document) -> list[Interaction]:
    try:
        rows = json.loads(document.raw.partition(b"\n")[2])
    except ValueError as error:
        raise UnreadableError(f"its rows are no JSON ({error})", line=2) from None
    return [
        Interaction(request=Request(method=method, url=url), response=Response(body=body.encode()))
        for method, url, body in rows
    ]


def write(interactions: Iterable[Interaction]) -> Iterator[bytes]:
    yield b"TOY\x00\xff\n"
    rows = [[each.request.method, each.request.url, each.response.body.decode()] for each in interactions]
    yield json.dumps(rows).encode() + b"\n"


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "_registered", {})
    formats.register(Format(name="toy", mark="`TOY` first", suffixes=(".toy",), sniff=sniff, read=read, write=write))


def test_a_new_format_is_replayed(tmp_path: Path) -> None:
    path = tmp_path / "x.toy"
    path.write_bytes(TOY)
    with use_cassette(path), httpx.Client() as client:
        assert client.get(URL).text == "hi 😀"
    assert path.read_bytes() == TOY


def test_its_files_are_found_shown_and_converted_both_ways(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new, back = tmp_path / "old", tmp_path / "new", tmp_path / "back"
    (old / "a").mkdir(parents=True)
    (old / "a" / "x.toy").write_bytes(TOY)
    assert main(["convert", str(old), "--output", str(new)]) == 0
    [written] = new.rglob("*.*")
    assert written == new / "a" / "x.yaml"
    assert written.read_bytes().startswith(b"---\nversion: 2\n")
    assert main(["convert", str(new), "--to", "toy", "--output", str(back)]) == 0
    assert (back / "a" / "x.toy").read_bytes() == TOY
    assert main(["show", "--json", str(old)]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["url"] == URL
    with pytest.raises(SystemExit):
        main(["convert", "--help"])
    assert "*.toy, *.yaml, *.yml" in " ".join(capsys.readouterr().out.split())


def test_one_stem_in_two_formats_is_not_written_over_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.toy").write_bytes(TOY)
    (tmp_path / "x.yaml").write_text(VCRPY)
    assert main(["convert", str(tmp_path), "--output", str(tmp_path / "new")]) == 2
    assert "would be written there" in capsys.readouterr().err


def test_what_is_read_is_said_with_it(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("version: 9\n")
    with pytest.raises(CassetteFileError, match=r"toy \(`TOY` first\) or go-vcr \(`version: 2`\) or VCR\.py \("):
        load(path)
    path.write_bytes(TOY[:-9])
    with pytest.raises(CassetteFileError, match=r"x\.yaml, line 2: its rows are no JSON"):
        load(path)


def test_another_of_its_name_takes_its_place(tmp_path: Path) -> None:
    formats.register(Format(name="toy", sniff=sniff, read=lambda document: []))
    (tmp_path / "x.toy").write_bytes(TOY)
    assert load(tmp_path / "x.toy") == []


def test_a_file_imports_its_own_format_alone(tmp_path: Path) -> None:
    (tmp_path / "go.yaml").write_text(GO_VCR)
    (tmp_path / "vcr.yaml").write_text(VCRPY)
    script = f"""
import sys
from pytest_llmcassette.cassette.files import load
for name in ("go", "vcr"):
    assert load(f"{tmp_path}/{{name}}.yaml")
    print(*sorted(part for part in ("yaml", *(
        f"pytest_llmcassette.cassette.{{each}}" for each in ("go_vcr", "go_vcr.reader", "refused", "vcrpy")
    )) if part in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    ours = "pytest_llmcassette.cassette."
    assert (done.stdout.splitlines(), done.stderr) == (
        [f"{ours}go_vcr", f"{ours}go_vcr {ours}refused {ours}vcrpy yaml"],
        "",
    )
