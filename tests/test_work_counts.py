"""How much work a replay does, counted instead of timed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from pytest_llmcassette import use_cassette
from pytest_llmcassette.cassette import files, loaded
from pytest_llmcassette.cassette.files import load, save
from pytest_llmcassette.cassette.model import Interaction, Request, Response

URL = "http://127.0.0.1:9/v1/chat/completions"
COUNT = 30


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A cassette of 30 streams, none of which anybody has to read but the one that is asked for."""
    interactions = [
        Interaction(
            request=Request(method="POST", url=URL, body=b'{"n":%d}' % number),
            response=Response(headers={"Content-Type": ["text/event-stream"]}, body=b'data: {"n":%d}\n\n' % number),
        )
        for number in range(COUNT)
    ]
    file = tmp_path / "calls.yaml"
    save(file, interactions)
    return file


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every cassette file that is opened."""
    names: list[Path] = []

    def counted(file: Path, found: os.stat_result | None) -> bytes:
        names.append(file)
        return file.read_bytes()

    monkeypatch.setattr(files, "_bytes_of", counted)
    return names


def _answer(path: Path, number: int) -> bytes:
    with use_cassette(path, allow_unplayed=True), httpx.Client() as client:
        return client.post(URL, content=b'{"n":%d}' % number).content


def test_a_file_is_opened_once_and_read_once(path: Path, opened: list[Path]) -> None:
    with use_cassette(path, allow_repeats=True) as cassette, httpx.Client() as client:
        for number in range(COUNT):
            assert client.post(URL, content=b'{"n":%d}' % number).content == b'data: {"n":%d}\n\n' % number
        assert len(cassette.interactions) == COUNT
    assert opened == [path]


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file counts as written just now."""
    monkeypatch.setattr(loaded, "_SETTLED_NS", -10_000_000_000)


@pytest.mark.usefixtures("settled")
def test_a_file_that_tests_share_is_read_once(path: Path, opened: list[Path]) -> None:
    assert [_answer(path, number) for number in (3, 3, 4)] == [b'data: {"n":%d}\n\n' % number for number in (3, 3, 4)]
    assert opened == [path]


@pytest.mark.usefixtures("settled")
def test_a_shared_file_that_has_changed_is_read_again(path: Path, opened: list[Path]) -> None:
    assert _answer(path, 3) == b'data: {"n":3}\n\n'
    changed = load(path)
    changed[3].response.body = b'data: {"n":8}\n\n'
    opened.clear()
    save(path, changed)
    assert _answer(path, 3) == b'data: {"n":8}\n\n'
    path.write_bytes(path.read_bytes().replace(b'{"n":8}', b'{"n":9}'))
    assert _answer(path, 3) == b'data: {"n":9}\n\n'
    assert [file for file in opened if file == path] == [path, path]


def test_a_file_written_just_now_is_read_again(path: Path, opened: list[Path]) -> None:
    assert _answer(path, 3) == _answer(path, 3)
    assert opened == [path, path]


@pytest.mark.usefixtures("settled")
def test_large_files_and_files_of_long_ago_are_not_held(
    path: Path, opened: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loaded, "_kept", loaded.Kept(10 * path.stat().st_size))
    others = [tmp_path / f"{number}.yaml" for number in range(12)]
    for other in others:
        other.write_bytes(path.read_bytes())
    for file in (path, *others, path):
        _answer(file, 3)
    assert opened == [path, *others, path]
    monkeypatch.setattr(loaded, "_kept", loaded.Kept(path.stat().st_size))
    opened.clear()
    large = tmp_path / "large.yaml"
    large.write_bytes(path.read_bytes())
    _answer(large, 3)
    _answer(large, 3)
    assert opened == [large, large]


def test_a_body_that_nobody_needs_is_never_cut_out(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_llmcassette.cassette.go_vcr import fast_reader

    cut: list[bytes] = []
    original = fast_reader.read

    def watched(raw: bytes) -> list[Interaction] | None:
        interactions = original(raw)
        assert interactions is not None
        for interaction in interactions:
            _count(interaction.response, cut)
        return interactions

    monkeypatch.setattr(fast_reader, "read", watched)
    with use_cassette(path, allow_unplayed=True), httpx.Client() as client:
        client.post(URL, content=b'{"n":17}')
    assert cut == [b'data: {"n":17}\n\n']


def _count(response: Response, cut: list[bytes]) -> None:
    source = response._source
    assert source is not None, "a loaded body has not been cut out yet"

    def counted() -> bytes:
        cut.append(source())
        return cut[-1]

    response._source = counted  # type: ignore[misc]


def test_header_lines_that_differ_in_the_length_alone_are_not_read_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pytest_llmcassette.recorder import requests

    read: list[requests.RawHeaders] = []
    original = requests.canonical_headers
    monkeypatch.setattr(requests, "canonical_headers", lambda raw: read.append(raw) or original(raw))
    # The second request is read with the key known that the first has brought.
    for shown, times in (((), 2), (("content-length",), 3)):
        lines = {"x-of-this-test": str(times), "authorization": "Bearer sk-0123456789abcdef"}
        with use_cassette(path, allow_unplayed=True, snapshot_headers=shown) as cassette, httpx.Client() as client:
            for number in (5, 17, 6):
                client.post(URL, content=b'{"n":%d}' % number, headers=lines)
        assert len(read) == times, shown
        lengths = [sent.snapshot_headers.get("Content-Length") for sent in cassette.requests]
        assert lengths == ([["7"], ["8"], ["7"]] if shown else [None, None, None])
        read.clear()


def test_what_is_replayed_byte_for_byte_is_not_searched_for_keys(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_llmcassette.redaction import redactor

    searched: list[bytes] = []
    original: Callable[[bytes, set[str]], bytes] = vars(redactor)["without_keys"]

    def watched(text: bytes, found: set[str]) -> bytes:
        searched.append(text)
        return original(text, found)

    monkeypatch.setattr(redactor, "without_keys", watched)
    for order in (range(COUNT), reversed(range(COUNT))):
        with use_cassette(path) as cassette, httpx.Client() as client:
            for number in order:
                client.post(URL, content=b'{"n":%d}' % number)
            assert len(cassette.requests) == COUNT
        assert [text for text in searched if b'"n"' in text] == []


def test_foreign_yaml_is_parsed_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_llmcassette.cassette import formats

    path.write_bytes(b"# by hand\n" + path.read_bytes())
    parsed: list[int] = []
    original = formats.read

    def counted(file: Path, raw: bytes) -> list[Interaction]:
        parsed.append(len(raw))
        return original(file, raw)

    monkeypatch.setattr(formats, "read", counted)
    size = path.stat().st_size
    with use_cassette(path), httpx.Client() as client:
        for number in range(COUNT):
            client.post(URL, content=b'{"n":%d}' % number)
    assert parsed == [size]
    assert len(load(path)) == COUNT
