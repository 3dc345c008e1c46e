"""`llmcassette prune`, on cassettes and on what a run leaves in pytest's cache about them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from pytest_llmcassette.cassette.files import load, save
from pytest_llmcassette.cassette.model import Interaction, Request, Response
from pytest_llmcassette.cli import main

VCRPY = """\
interactions:
- request:
    body: '{"n": 0}'
    headers: {}
    method: POST
    uri: https://api.example/0
  response: &one
    body:
      string: zero
    headers: {}
    status: {code: 200, message: OK}
- request: {body: '{"n": 1}', headers: {}, method: POST, uri: "https://api.example/1"}
  response:
    body: {string: one}
    headers: {}
    status: {code: 200, message: OK}
# the last one
- request:
    body: null
    headers: {}
    method: GET
    uri: https://api.example/2
  response:
    body: {string: two}
    headers: {}
    status: {code: 200, message: OK}
version: 1
"""


def go_vcr(path: Path, count: int = 3) -> None:
    save(
        path,
        [
            Interaction(request=Request(method="POST", url=f"https://api.example/{n}"), response=Response(body=b"x"))
            for n in range(count)
        ],
    )


def remember(folder: Path, files: dict[str, dict[str, Any]], problem: str = "") -> None:
    """What `plugin.run_end` leaves."""
    for name, said in files.items():
        said.setdefault("digest", hashlib.sha256((folder / name).read_bytes()).hexdigest())
    record = folder / ".pytest_cache" / "v" / "llmcassette" / "unplayed"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"root": str(folder), "problem": problem, "files": files}))


def urls(path: Path) -> list[str]:
    return [one.request.url[-1] for one in load(path)]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "below").mkdir()
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    return tmp_path


def test_shows_first_and_then_writes_in_the_format_that_is_there(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    go_vcr(here / "go.yaml")
    (here / "vcr.yaml").write_text(VCRPY)
    remember(here, {n: {"held": 3, "idle": [0, 2], "left": ""} for n in ("go.yaml", "vcr.yaml")})
    assert main(["prune"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "go.yaml: 2 interactions of 3",
        "  0: POST https://api.example/0",
        "  2: POST https://api.example/2",
        "vcr.yaml: 2 interactions of 3",
        "  0: POST https://api.example/0",
        "  2: GET https://api.example/2",
        "4 interactions would go, with --write (2 files)",
    ]
    assert (here / "vcr.yaml").read_text() == VCRPY
    assert main(["prune", "--write"]) == 0
    assert urls(here / "go.yaml") == urls(here / "vcr.yaml") == ["1"]
    lines = VCRPY.splitlines(keepends=True)
    assert (here / "vcr.yaml").read_text() == "".join([lines[0], *lines[11:17], *lines[-1:]])
    assert main(["prune", "--write"]) == 1
    assert "has changed since that run" in capsys.readouterr().out


def test_what_others_may_use_is_named_and_left(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.yaml", "b.yaml", "go/testdata/c.yaml", "d.yaml", "e.yaml"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        go_vcr(here / name)
    (here / "go" / "chat_test.go").write_text("package chat\n")
    before = {path: path.read_bytes() for path in here.rglob("*.yaml")}
    remember(
        here,
        {
            "a.yaml": {"held": 3, "idle": [0], "left": "test_x uses it, and was skipped"},
            "b.yaml": {"held": 3, "idle": [0], "left": "", "digest": "0" * 64},
            "go/testdata/c.yaml": {"held": 3, "idle": [0], "left": ""},
            "d.yaml": {"held": 3, "idle": [0, 1, 2], "left": ""},
            "e.yaml": {"held": 3, "idle": [0], "left": ""},
        },
    )
    (here / "e.yaml").unlink()
    assert main(["prune", "--write"]) == 1
    said = capsys.readouterr().out
    for words in ("was skipped", "has changed", "a Go suite may use it", "none of it was played", "e.yaml: "):
        assert words in said
    assert all(path.read_bytes() == content for path, content in before.items() if path.exists())


@pytest.mark.parametrize(
    ("problem", "said"), [(None, "Run all tests first"), ("test_x failed for another reason", "test_x failed")]
)
def test_nothing_without_a_run_that_tells(
    here: Path, capsys: pytest.CaptureFixture[str], problem: str | None, said: str
) -> None:
    if problem is not None:
        remember(here, {}, problem)
    assert main(["prune", "--write"]) == 2
    assert said in capsys.readouterr().err
