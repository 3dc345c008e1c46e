"""What all tests share."""

from __future__ import annotations

import importlib.metadata
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

# A pytest session inside a test (pytester) forgets what was first imported in it. These must be the same modules in all
# tests: httpx2 keeps httpcore2's exception classes, and does not know those of a second import.
import httpcore  # noqa: F401
import httpcore2  # noqa: F401
import httpx  # noqa: F401
import httpx2  # noqa: F401
import pytest
from _pytest.fixtures import FixtureManager
from hypothesis import HealthCheck, settings

import pytest_llmcassette

# A loaded machine is slow in making up inputs, which says nothing about the code. `quick` is for those who wait; CI and
# `tox run -e full` look further, with `--hypothesis-profile=full`.
settings.register_profile("quick", max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("full", max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("quick")


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


@pytest.fixture(params=[8, pytest.param(1, marks=pytest.mark.slow)], ids=["every 8th file", "every file"])
def every(request: pytest.FixtureRequest) -> int:
    """The step in which a test goes through the files of the corpus: a sample for those who wait, all for CI."""
    step: int = request.param
    return step


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


class _Kept:
    """An installed distribution whose files are read once."""

    def __init__(self, read: importlib.metadata.Distribution) -> None:
        self._read = read
        self.entry_points = read.entry_points
        self.metadata = read.metadata
        self.version = read.version
        self.files = read.files if any(entry.group == "pytest11" for entry in self.entry_points) else None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._read, name)


@pytest.fixture(scope="session", autouse=True)
def _installed_once() -> Iterator[None]:
    """What is installed stays the same while tests run; every pytest inside a test would read it all three times."""
    installed = [_Kept(found) for found in importlib.metadata.distributions()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.metadata, "distributions", lambda: installed)
        yield


@pytest.fixture(scope="session", autouse=True)
def _plugins_searched_once() -> Iterator[None]:
    """pytest looks through every name of every plugin for fixtures: a third of a run inside a test.

    What has none (most have none) has none the next time either.
    """
    original: Any = FixtureManager.pytest_plugin_registered
    without: set[Any] = set()

    def pytest_plugin_registered(self: FixtureManager, plugin: Any, plugin_name: str) -> None:
        place = plugin if isinstance(plugin, (ModuleType, type)) else type(plugin)
        if place in without:
            return
        original(self, plugin, plugin_name)
        if not any(_is_fixture(value) for part in getattr(place, "__mro__", [place]) for value in vars(part).values()):
            without.add(place)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FixtureManager, "pytest_plugin_registered", pytest_plugin_registered)
        yield


def _is_fixture(value: object) -> bool:
    # A class of its own since pytest 8.4, a mark on the function before.
    return type(value).__name__ == "FixtureFunctionDefinition" or hasattr(value, "_pytestfixturefunction")


@pytest.fixture(autouse=True)
def _runs_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pytest inside a test begins with Python's own warning filters, not with this run's.

    And it keeps no record of its hook calls: a fifth of its time, and nobody here reads it.
    """
    original = pytest.Pytester.inline_run

    def inline_run(*arguments: Any, **options: Any) -> Any:
        with warnings.catch_warnings():
            warnings.resetwarnings()
            return original(*arguments, **options)

    monkeypatch.setattr(pytest.Pytester, "inline_run", inline_run)
    monkeypatch.setattr(pytest.Pytester, "make_hook_recorder", lambda self, manager: _Unwatched())


class _Unwatched:
    def getcalls(self, names: object) -> list[object]:
        return []
