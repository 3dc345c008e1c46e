"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

# A pytest session inside a test (pytester) forgets what was first imported in it. These must be the same modules in all
# tests: httpx2 keeps httpcore2's exception classes, and does not know those of a second import.
import httpcore  # noqa: F401
import httpcore2  # noqa: F401
import httpx  # noqa: F401
import httpx2  # noqa: F401
import pytest
from hypothesis import HealthCheck, settings

import pytest_llmcassette

# A loaded machine is slow in making up inputs, which says nothing about the code.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")


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
def _no_worker_and_no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pytest that a test starts is no xdist worker, also where the test runs in one: syrupy reads this variable.

    In CI pytest repeats whole messages in its summary, and what tests count would be there twice.
    """
    for name in ("PYTEST_XDIST_WORKER", "CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def outside_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """`use_cassette` in these tests is what it is in a script; runs inside have tests of their own."""
    monkeypatch.setattr(pytest_llmcassette, "running_test", None)
