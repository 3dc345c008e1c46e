"""`llmcassette convert`: every format that is read becomes go-vcr 2, and no file is ever lost on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from cassette_files import GO_VCR, VCRPY
from protocols.spoken import GEMINI, call, closed, heard, said, session

from pytest_llmcassette.cassette.files import load, save
from pytest_llmcassette.cli import main

SECRET = "s3cret-" + "value"


def converted(*arguments: str | Path) -> int:
    return main(["convert", *map(str, arguments)])


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "old"
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "vcr.yaml").write_text(VCRPY)
    (folder / "a" / "b" / "go.yml").write_text(GO_VCR)
    (folder / "notes.txt").write_text("no cassette")
    return folder


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_folder_keeps_its_paths(sources: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert converted(sources, "--output", tmp_path / "new") == 0
    assert files_in(tmp_path / "new") == ["a/b/go.yml", "a/vcr.yaml"]
    assert (tmp_path / "new" / "a" / "vcr.yaml").read_bytes().startswith(b"---\nversion: 2\ninteractions:\n- id: 0\n")
    assert load(tmp_path / "new" / "a" / "vcr.yaml")[0].response.body == b"hi"
    output = capsys.readouterr()
    assert output.out.splitlines() == [
        f"{sources / 'a' / 'vcr.yaml'} -> {tmp_path / 'new' / 'a' / 'vcr.yaml'} (1 interaction)",
        f"{sources / 'a' / 'b' / 'go.yml'} -> {tmp_path / 'new' / 'a' / 'b' / 'go.yml'} (1 interaction)",
    ]
    assert output.err == ""


def test_files_go_into_the_folder_itself(sources: Path, tmp_path: Path) -> None:
    go, vcr = sources / "a" / "b" / "go.yml", sources / "a" / "vcr.yaml"
    assert converted(go, vcr, "--output", tmp_path / "new") == 0
    assert files_in(tmp_path / "new") == ["go.yml", "vcr.yaml"]


def test_a_go_file_that_is_not_scrubbed_stays_what_it_was(tmp_path: Path) -> None:
    source = tmp_path / "go.yaml"
    source.write_text(
        GO_VCR.replace("      Content-Type:", f"      Authorization:\n      - {SECRET}\n      Content-Type:")
    )
    assert converted(source, "--output", tmp_path / "new", "--no-scrub") == 0
    assert (tmp_path / "new" / "go.yaml").read_bytes() == source.read_bytes()


def test_secrets_are_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    source = tmp_path / "x.yaml"
    content = GO_VCR.replace("/models", f"/models?key={SECRET}&a=1").replace('host: ""', "host: api.example.com")
    content = content.replace("    url:", f"    headers:\n      Authorization:\n      - Bearer {SECRET}\n    url:")
    content = content.replace("body: hi", 'body: \'{"api_key":"%s","b":1}\'' % SECRET)  # noqa: UP031 - braces
    source.write_text(content.replace("proto: HTTP/1.1\n", "proto: HTTP/1.0\n", 1) + "  end: ReadError\n")
    assert converted(source, "--output", tmp_path / "new") == 0
    written = (tmp_path / "new" / "x.yaml").read_text()
    assert SECRET not in written
    [interaction] = load(tmp_path / "new" / "x.yaml")
    assert interaction.request.url.endswith("/models?key=REDACTED&a=1")
    assert interaction.response.body == b'{"api_key":"REDACTED","b":1}'
    assert (interaction.request.proto, interaction.request.host) == ("HTTP/1.0", "api.example.com")
    assert interaction.request.headers == {}
    assert interaction.end == "ReadError"
    assert interaction.response.duration_ns == 1_500_000_000


def test_what_cannot_be_read_is_said_and_the_rest_is_done(
    sources: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (sources / "a" / "a.yaml").write_text("version: 7\n")
    assert converted(tmp_path / "nowhere.yaml", sources, "--output", tmp_path / "new") == 1
    assert files_in(tmp_path / "new") == ["a/b/go.yml", "a/vcr.yaml"]
    complaints = capsys.readouterr().err
    assert f"{tmp_path / 'nowhere.yaml'}: it cannot be read: No such file" in complaints
    assert f"{sources / 'a' / 'a.yaml'}, line 1: its version is '7'" in complaints


def test_a_folder_without_cassettes_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert converted(tmp_path / "empty", "--output", tmp_path / "new") == 1
    assert "no cassettes (*.yaml, *.yml) in this folder" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("output", ["old", "old/a/..", "link"])
def test_sources_are_never_overwritten(
    sources: Path, tmp_path: Path, output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "link").symlink_to(sources)
    before = (sources / "a" / "vcr.yaml").read_bytes()
    assert converted(sources, "--output", tmp_path / output) == 2
    complaints = capsys.readouterr().err
    assert f"would overwrite the source {sources / 'a' / 'vcr.yaml'}" in complaints
    assert complaints.endswith("Nothing was written.\n")
    assert (sources / "a" / "vcr.yaml").read_bytes() == before


def test_a_source_of_another_argument_is_not_overwritten_either(sources: Path, tmp_path: Path) -> None:
    (tmp_path / "vcr.yaml").write_text(VCRPY)
    assert converted(tmp_path / "vcr.yaml", sources, "--output", sources / "a") == 2
    assert (sources / "a" / "vcr.yaml").read_text() == VCRPY


def test_two_sources_do_not_share_a_target(sources: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "vcr.yaml").write_text(VCRPY)
    assert converted(tmp_path / "vcr.yaml", sources / "a" / "vcr.yaml", "--output", tmp_path / "new") == 2
    complaint = capsys.readouterr().err
    assert f"both {tmp_path / 'vcr.yaml'} and {sources / 'a' / 'vcr.yaml'} would be written there" in complaint
    assert not (tmp_path / "new").exists()


def test_the_same_source_twice_is_converted_once(
    sources: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert converted(sources, sources, "--output", tmp_path / "new") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_an_output_below_the_source_can_be_written_once(sources: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second time what was written is a source itself."""
    assert converted(sources, "--output", sources / "new") == 0
    assert files_in(sources / "new") == ["a/b/go.yml", "a/vcr.yaml"]
    assert converted(sources, "--output", sources / "new") == 2
    assert "Choose another --output" in capsys.readouterr().err
    assert files_in(sources / "new") == ["a/b/go.yml", "a/vcr.yaml"]


def test_what_cannot_be_written_is_said(sources: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "new").write_text("a file")
    assert converted(sources, "--output", tmp_path / "new") == 1
    assert "A file stands where a folder is needed" in capsys.readouterr().err
    assert (tmp_path / "new").read_text() == "a file"


def test_conversations_keep_their_frames_without_secrets(tmp_path: Path) -> None:
    setup = said({"setup": {"model": "m"}, "api_key": "sk-abcdefghijklmnopqrstuvwxyz012345"})
    frames = (setup, heard(b"\x00\x01"), heard({"setupComplete": {}}), closed("1000 bye"))
    save(tmp_path / "a.yaml", [session(GEMINI, *frames), call("Chat/GetCompletion", {}, {"id": "g"})])
    assert converted(tmp_path / "a.yaml", "--output", tmp_path / "new") == 0
    [live, grpc] = load(tmp_path / "new" / "a.yaml")
    assert live.frames[0].data == b'{"setup": {"model": "m"}, "api_key": "REDACTED"}'
    assert live.frames[1:] == frames[1:]
    assert [(one.data, one.json) for one in grpc.frames] == [(b"\n\x00", '{"id": "g"}')]
    assert grpc.response.code == 200
    assert converted(tmp_path / "a.yaml", "--output", tmp_path / "same", "--no-scrub") == 0
    assert (tmp_path / "same" / "a.yaml").read_bytes() == (tmp_path / "a.yaml").read_bytes()


def test_real_files_are_converted_without_loss(corpus: Path, tmp_path: Path) -> None:
    assert converted(corpus / "fantasy", "--output", tmp_path, "--no-scrub") == 0
    changed = [
        path.relative_to(tmp_path).as_posix()
        for path in sorted(tmp_path.rglob("*.yaml"))
        if path.read_bytes() != (corpus / "fantasy" / path.relative_to(tmp_path)).read_bytes()
    ]
    # The one file with 4-space indentation.
    assert changed == ["TestAnthropicWebSearch/stream.yaml"]


@pytest.mark.parametrize("arguments", [[], ["convert"], ["convert", "x.yaml"], ["mend"]])
def test_wrong_arguments_are_explained(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "usage: llmcassette" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["convert", "--help"], ["show", "-h"]])
def test_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 0
    assert "usage: llmcassette" in capsys.readouterr().out
