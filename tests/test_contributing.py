"""CONTRIBUTING.md keeps its word: what it says to write, in a copy of the package, is all that a new thing takes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from doc_blocks import ROOT, Block, blocks

FILE = re.compile(r"# (?P<file>pytest_llmcassette/\S+\.py)(?:, in (?P<table>\w+))?\n")
BY_HAND = [block for block in blocks(ROOT / "CONTRIBUTING.md") if block.language == "python"]

TRIED = """
import json, sys
from pathlib import Path
from pytest_llmcassette.cassette import files, formats
from pytest_llmcassette.cassette.model import Interaction, Request, Response
from pytest_llmcassette.cli import main
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.faults.injection import injection
from pytest_llmcassette.replay.deliver import deliver

answer = {"id": "1", "model": "m", "choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}]}
asking = Request(method="POST", url="https://parrot.example/parrot/chat")
asked = Interaction(request=asking, response=Response(body=json.dumps(answer).encode()))
[pairs] = [each for each in formats.known() if each.name == "pairs"]
files.save("a.yaml", [asked])
files.save("b.pairs", files.load("a.yaml"), pairs.write)
assert files.load("b.pairs")[0].response.body == asked.response.body
cutting = deliver(asked, CassetteConfig(), (injection("half"),))
assert sum(len(piece) for _, piece in cutting.pieces) == len(asked.response.body) // 2
assert cutting.altered.end == "RemoteProtocolError"
sys.exit(main(["show", "--json", "a.yaml"]) or main(["count", "."]))
"""


def put(block: Block, root: Path) -> str:
    """Do what a block says: write the file that it names, or put its line into a table. Returns the file's name."""
    found = FILE.match(block.text)
    assert found, f"{block.place}: the first line names no file"
    file, rest = root / found["file"], block.text[found.end() :]
    if not found["table"]:
        assert not file.exists()
        file.parent.mkdir(exist_ok=True)
        file.write_text(rest, "utf-8")
        return found["file"]
    text = file.read_text("utf-8")
    changed = re.sub(rf"^({found['table']} = [({{])", lambda start: f"{start[1]}\n{rest}", text, flags=re.MULTILINE)
    assert changed != text, f"{block.place}: {found['file']} has no table {found['table']}"
    file.write_text(changed, "utf-8")
    return found["file"]


def test_by_hand_from_contributing_alone(tmp_path: Path) -> None:
    of_pytest = shutil.ignore_patterns("*-pytest-*.pyc")
    shutil.copytree(ROOT / "pytest_llmcassette", tmp_path / "pytest_llmcassette", ignore=of_pytest)
    touched: dict[str, set[str]] = {}
    for block in BY_HAND:
        touched.setdefault(block.section, set()).add(put(block, tmp_path))
    assert [section.partition("_")[2] for section in touched] == [
        "add_a_wire_protocol",
        "add_a_cassette_format",
        "add_a_fault_on_replay",
        "add_a_command",
    ]
    assert max(len(names) for names in touched.values()) <= 2
    run = subprocess.run(
        [sys.executable, "-c", TRIED],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    row, *counts = run.stdout.splitlines()
    shown = json.loads(row)
    assert (shown["protocol"], shown["text"], shown["complete"]) == ("parrot.chat", "Hi", True)
    assert counts == ["1 ./a.yaml", "1 ./b.pairs"]


@pytest.mark.parametrize(
    "name", re.findall(r"`((?:\w+/)+\w*(?:\.py)?)`", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
)
def test_the_files_to_copy_from_are_there(name: str) -> None:
    assert (ROOT / name).exists() or (ROOT / "pytest_llmcassette" / name).exists() or name == "mutants/"
