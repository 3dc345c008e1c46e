"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of recorded cassettes that the environment names; the test is skipped without one."""
    named = os.environ.get("LLMCASSETTE_CORPUS")
    if not named:
        pytest.skip("needs the corpus of recorded cassettes: set LLMCASSETTE_CORPUS to its folder")
    folder = Path(named).resolve()
    if not (folder / "expected.jsonl").is_file():
        pytest.fail(f"LLMCASSETTE_CORPUS names {folder}, which has no expected.jsonl. Correct or unset the variable.")
    return folder


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pytest that a test starts is no xdist worker, also where the test runs in one: syrupy reads this variable."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
