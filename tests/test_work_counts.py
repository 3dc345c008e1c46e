"""How much work a replay does, counted instead of timed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from pytest_llmcassette import use_cassette
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


def test_a_file_is_opened_once_and_read_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    original = Path.read_bytes

    def counted(self: Path) -> bytes:
        if self.suffix == ".yaml":
            read.append(self)
        return original(self)

    monkeypatch.setattr(Path, "read_bytes", counted)
    with use_cassette(path, allow_repeats=True) as cassette, httpx.Client() as client:
        for number in range(COUNT):
            assert client.post(URL, content=b'{"n":%d}' % number).content == b'data: {"n":%d}\n\n' % number
        assert len(cassette.interactions) == COUNT
    assert read == [path]


def test_a_body_that_nobody_needs_is_never_cut_out(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_llmcassette.cassette import go_vcr_lines

    cut: list[bytes] = []
    original = go_vcr_lines.read

    def watched(raw: bytes) -> list[Interaction] | None:
        interactions = original(raw)
        assert interactions is not None
        for interaction in interactions:
            _count(interaction.response, cut)
        return interactions

    monkeypatch.setattr(go_vcr_lines, "read", watched)
    with use_cassette(path, allow_unplayed=True), httpx.Client() as client:
        client.post(URL, content=b'{"n":17}')
    assert cut == [b'data: {"n":17}\n\n']


def _count(response: Response, cut: list[bytes]) -> None:
    source = response._source
    assert source is not None, "a loaded body has not been cut out yet"

    def counted() -> bytes:
        cut.append(source())
        return cut[-1]

    response._source = counted


def test_a_replay_imports_no_yaml_no_protocol_and_no_snapshot(path: Path) -> None:
    script = f"""
import sys
import httpx
from pytest_llmcassette import use_cassette
with use_cassette({str(path)!r}, allow_unplayed=True):
    assert httpx.post({URL!r}, content=b'{{"n":0}}').content == b'data: {{"n":0}}\\n\\n'
heavy = [name for name in sys.modules if name.partition(".")[0] in ("yaml", "syrupy", "genai_prices", "openai")]
parts = ("pytest_llmcassette.protocols", "pytest_llmcassette.framing")
ours = [name for name in sys.modules if name.startswith(parts)]
light = (".protocols", ".framing", ".base", ".registry", ".providers")
print(heavy, [name for name in ours if not name.endswith(light)])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[] []\n", "")


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
