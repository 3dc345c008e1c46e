"""The example suite: its committed cassettes replay offline, and recording it again changes no snapshot."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from doc_blocks import blocks

from embedded_provider import EmbeddedProvider, brain

EXAMPLES = Path(__file__).parent.parent / "examples"
SUITE = EXAMPLES / "provider_suite"
FINE = ("noticed", "recovered")
TESTS = 5 * 7 * 4 - 4
"""Providers, scenarios and forms, without Groq's images."""


def run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    bare = {name: value for name, value in os.environ.items() if not re.search("API_KEY|TOKEN|^PYTEST_", name)}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=bare | {"PYTHONPATH": str(EXAMPLES), "PYTHONUTF8": "1"} | variables,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def files(folder: Path, pattern: str) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob(pattern)}


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A copy that may be changed."""
    return Path(shutil.copytree(SUITE, tmp_path / "suite", ignore=shutil.ignore_patterns("__pycache__")))


@pytest.mark.slow
def test_a_part_of_the_committed_suite_replays_offline() -> None:
    result = run(SUITE, "-p", "no_network", "-k", "test_simple or test_image")
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"36 passed, 4 skipped, {TESTS - 36} deselected" in result.stdout


@pytest.mark.slow
def test_the_committed_suite_replays_offline() -> None:
    before = files(SUITE, "*.yaml") | files(SUITE, "*.ambr")
    result = run(SUITE, "-p", "no_network")
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{TESTS} passed, 4 skipped" in result.stdout
    assert files(SUITE, "*.yaml") | files(SUITE, "*.ambr") == before


@pytest.mark.slow
def test_bad_days_are_the_same_with_workers_and_without(tmp_path: Path) -> None:
    """google-genai, as the suite uses it, neither tries again nor has a timeout; the others do both."""
    runs = {}
    for workers in ("0", "2"):
        file = tmp_path / f"{workers}.json"
        result = run(
            SUITE, "-n", workers, "-k", "test_simple and (gemini or anthropic)", f"--cassette-faults-json={file}",
            "--cassette-faults=stall,http_429,no_terminator,cut_after_event,keep_alive,http_401",
        )  # fmt: skip
        assert result.returncode == 1, result.stdout + result.stderr
        assert "8 passed" in result.stdout
        found = json.loads(file.read_text("utf-8"))["runs"]
        runs[workers] = [{**one, "seconds": 0} for one in found]
    assert runs["0"] == runs["2"]
    assert len(runs["0"]) == 2 * (2 * 6 + 2 * 2)
    bad = {(one["fault"], one["verdict"]): one["nodeid"] for one in runs["0"] if one["verdict"] not in FINE}
    assert set(bad) == {("stall", "hung"), ("http_429", "not recovered"), ("keep_alive", "not recovered")}
    assert all("gemini" in nodeid for nodeid in bad.values())


@pytest.mark.slow
def test_recording_again_changes_no_snapshot(suite: Path) -> None:
    cassettes, snapshots = files(suite, "*.yaml"), files(suite, "*.ambr")
    with EmbeddedProvider(pause=0) as provider:
        variables = {"EMBEDDED_URL": provider.url, "EMBEDDED_API_KEY": provider.api_key}
        result = run(suite, "--record-mode=rewrite", **variables)
        assert result.returncode == 0, result.stdout + result.stderr
        assert provider.requests >= TESTS
    again = files(suite, "*.yaml")
    assert again.keys() == cassettes.keys()
    assert all(again[name] != cassettes[name] for name in again), "nothing was recorded"
    assert files(suite, "*.ambr") == snapshots


@pytest.mark.slow
def test_another_word_changes_only_that_line_of_each_snapshot(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(brain._SAID, "say hi in portuguese", "Oi! Tudo bem? 👋")
    scenarios = suite / "test_common.py"
    scenarios.write_text(scenarios.read_text("utf-8").replace("Olá! Tudo", "Oi! Tudo"), "utf-8")
    before = files(suite, "*.ambr")
    with EmbeddedProvider(pause=0) as provider:
        variables = {"EMBEDDED_URL": provider.url, "EMBEDDED_API_KEY": provider.api_key}
        options = ("--record-mode=rewrite", "--snapshot-update")
        result = run(suite, "-k", "test_simple", *options, **variables)
    assert result.returncode == 0, result.stdout + result.stderr
    after = files(suite, "*.ambr")
    assert after.keys() == before.keys()
    for name in before:
        old, new = (content.decode().splitlines() for content in (before[name], after[name]))
        changed = [(was, now) for was, now in zip(old, new, strict=True) if was != now]
        assert len(changed) == 4, f"{name}: one line for each form"
        assert all("Olá! Tudo bem" in was and now == was.replace("Olá", "Oi") for was, now in changed)


@pytest.mark.slow
def test_the_readmes_new_provider_and_new_scenario_work(suite: Path) -> None:
    entry, scenario = (block.text for block in blocks(SUITE / "README.md") if block.language == "text")
    table, scenarios = suite / "providers.py", suite / "test_common.py"
    with EmbeddedProvider(pause=0) as provider:
        here = entry.replace("https://my-host.example", provider.url)
        table.write_text(table.read_text("utf-8").rstrip().removesuffix("]") + here + "]\n", "utf-8")
        scenarios.write_text(scenarios.read_text("utf-8") + "\n\n" + scenario, "utf-8")
        variables = {"EMBEDDED_URL": provider.url, "EMBEDDED_API_KEY": provider.api_key, "MY_KEY": provider.api_key}
        new = ("-k", "my-host or no_tool_needed")
        recorded = run(suite, *new, "--record-mode=once", "--snapshot-update", **variables)
    assert recorded.returncode == 0, recorded.stdout + recorded.stderr
    replayed = run(suite, *new, "-p", "no_network", EMBEDDED_URL=provider.url)
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    # The new provider does the eight scenarios but structured objects and images; the five others do the new one.
    assert "44 passed" in replayed.stdout
    assert (suite / "__snapshots__" / "test_common" / "my-host.ambr").is_file()


@pytest.mark.slow
def test_the_demo_fails_when_something_is_not_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import demo

    monkeypatch.setattr(demo, "OUTPUT", tmp_path)
    monkeypatch.setattr(demo, "ROOT", tmp_path)
    monkeypatch.setattr(demo, "TESTS", demo.TESTS + 1)
    assert demo.main() == 1


@pytest.mark.slow
def test_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import demo

    monkeypatch.setattr(demo, "OUTPUT", tmp_path)
    monkeypatch.setattr(demo, "ROOT", tmp_path)
    assert demo.main() == 0
    assert "All as promised" in capsys.readouterr().out
