"""`llmcassette move`: a cassette and the snapshots of its test, all or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llmcassette.cli import main

HEAD = "# serializer version: 1\n"


def entry(name: str, text: str = "  '''\n  # name: in the text\n  '''") -> str:
    return f"# name: {name}\n{text}\n# ---\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.yaml").write_text("recorded")
    (tmp_path / "a.ambr").write_text(
        HEAD + entry("test_old") + entry("test_old.1") + entry("test_old[name]") + entry("test_older")
    )
    return tmp_path


def test_within_a_file_and_into_another(here: Path) -> None:
    assert main(["move", "old.yaml", "sub/new.yaml", "--snapshot", "a.ambr::test_old", "a.ambr::test_new"]) == 0
    assert (here / "sub" / "new.yaml").read_text() == "recorded"
    assert not (here / "old.yaml").exists()
    moved = entry("test_new") + entry("test_new.1") + entry("test_new[name]")
    assert (here / "a.ambr").read_text() == HEAD + entry("test_older") + moved
    moves = [["--snapshot", f"a.ambr::{name}", f"sub/b.ambr::{name}"] for name in ("test_older", "test_new")]
    assert main(["move", "sub/new.yaml", "old.yaml", *moves[0], *moves[1]]) == 0
    assert (here / "sub" / "b.ambr").read_text() == HEAD + entry("test_older") + moved
    assert not (here / "a.ambr").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["gone.yaml", "new.yaml"], "There is no cassette gone.yaml"),
        (["old.yaml", "a.ambr"], "is there already"),
        (["old.yaml", "new.yaml", "--snapshot", "a.ambr::test_gone", "a.ambr::x"], "has no snapshot of test_gone"),
        (["old.yaml", "new.yaml", "--snapshot", "a.ambr::test_old", "a.ambr::test_older"], "has a snapshot test_older"),
        (["old.yaml", "new.yaml", "--snapshot", "b.ambr::test_old", "a.ambr::test_new"], "b.ambr"),
        (["old.yaml", "new.yaml", "--snapshot", "a.ambr", "test_new"], "takes FILE::TEST"),
    ],
)
def test_nothing_is_moved_where_something_is_wrong(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str
) -> None:
    before = {path.name: path.read_bytes() for path in here.iterdir()}
    assert main(["move", *arguments]) == 2
    said = capsys.readouterr().err
    assert problem in said
    assert said.endswith("Nothing was moved.\n")
    assert {path.name: path.read_bytes() for path in here.iterdir()} == before
