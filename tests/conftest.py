"""What all tests share."""

from __future__ import annotations

import ast
import gc
import importlib.metadata
import inspect
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import _pytest._code.code
import _pytest.config
import _pytest.fixtures
import _pytest.pytester
import certifi

# A pytest session inside a test (pytester) forgets what was first imported in it. These must be the same modules in all
# tests: httpx2 keeps httpcore2's exception classes, and does not know those of a second import.
import httpcore  # noqa: F401
import httpcore2  # noqa: F401
import httpx  # noqa: F401
import httpx2  # noqa: F401
import pluggy
import pluggy._manager
import pytest

# Its plugins are those of other libraries: trio, imported for nothing.
os.environ.setdefault("HYPOTHESIS_NO_PLUGINS", "1")
from hypothesis import HealthCheck, settings

import pytest_llmcassette
from pytest_llmcassette.recorder import strays

# A loaded machine is slow in making up inputs, which says nothing about the code. `quick` is for those who wait; CI and
# `tox run -e full` look further, with `--hypothesis-profile=full`.
settings.register_profile("quick", max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("full", max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("quick")


# Importing and collecting leaves no garbage worth a look.
gc.disable()
gc.set_threshold(100_000, 50, 100)


def pytest_collection_finish() -> None:
    """What is imported and collected by now stays: the collector need not go through it again and again."""
    gc.freeze()
    gc.enable()


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


@pytest.fixture(params=[32, pytest.param(1, marks=pytest.mark.slow)], ids=["every 32nd", "every one"])
def every(request: pytest.FixtureRequest) -> int:
    """The step in which a test goes through files, or the bytes of one: a sample for those who wait, all for CI."""
    step: int = request.param
    return step


@contextmanager
def _no_worker_and_no_ci() -> Iterator[None]:
    """A pytest that a test starts is no xdist worker, also where the test runs in one: syrupy reads this variable.

    In CI pytest repeats whole messages in its summary, and what tests count would be there twice.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PYTEST_XDIST_WORKER", "CI", "BUILD_NUMBER"):
            patch.delenv(name, raising=False)
        yield


@contextmanager
def _no_wait_for_the_disk() -> Iterator[None]:
    """What tests write need not survive a power cut: each `fsync` waits some milliseconds for the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@contextmanager
def _few_authorities(folder: Path) -> Iterator[None]:
    """One authority for all clients that bring none of their own: to read the usual hundred takes each 50 ms of CPU."""
    begin = "-----BEGIN CERTIFICATE-----"
    first = Path(certifi.where()).read_text("utf-8").split(begin)[1]
    file = folder / "one.pem"
    file.write_text(begin + first.partition("\n#")[0], "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(file))
        yield


@pytest.fixture(scope="session", autouse=True)
def _all_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What holds for the whole run, in one fixture: pytest looks each up at each test."""
    with ExitStack() as stack:
        for each in (_no_worker_and_no_ci, _no_wait_for_the_disk, _installed_once, _looked_up_once, _runs_of_their_own):
            stack.enter_context(each())
        stack.enter_context(_few_authorities(tmp_path_factory.mktemp("authorities")))
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """`use_cassette` in these tests is what it is in a script; runs inside have tests of their own."""
    pytest_llmcassette.running_test = None
    # What tests have left running on purpose is none of this run's news.
    strays.told = {}


class _Kept:
    """An installed distribution whose files are read once, when they are asked for."""

    # pytest looks here for modules whose asserts are to be rewritten; by now all are imported.
    files = ()

    def __init__(self, read: importlib.metadata.Distribution) -> None:
        self._read = read

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._read, name)
        setattr(self, name, value)
        return value


@contextmanager
def _installed_once() -> Iterator[None]:
    """What is installed stays the same while tests run; every pytest inside a test would read it all three times."""
    installed = [_Kept(found) for found in importlib.metadata.distributions()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.metadata, "distributions", lambda: installed)
        patch.setattr(_pytest.config, "_is_editable_install", lambda _: False, raising=False)
        yield


@contextmanager
def _looked_up_once() -> Iterator[None]:
    """What a pytest inside a test would look up anew, though it stays the same: most of the time that it takes.

    Fixtures and hooks of plugins, and the syntax of the modules that its tracebacks show.
    """
    fixtures: Any = _pytest.fixtures
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fixtures, "dir", _names_once(lambda name, value: _is_fixture(value)), raising=False)
        patch.setattr(pluggy._manager, "dir", _names_once(lambda name, _: name.startswith("pytest_")), raising=False)
        patch.setattr(fixtures, "getfuncargnames", lru_cache(2000)(fixtures.getfuncargnames))
        for module in [sys.modules[name] for name in sys.modules if name.startswith("pluggy.")]:
            if hasattr(module, "varnames"):
                patch.setattr(module, "varnames", lru_cache(2000)(module.varnames))
        patch.setattr(_pytest._code.code, "getstatementrange_ast", _parsing_once())
        patch.setattr(_pytest._code.code, "findsource", _reading_once(), raising=False)
        # For the first line that is printed; pluggy reads its own metadata each time.
        patch.setattr(pluggy, "__version__", pluggy.__version__, raising=False)
        if hasattr(pluggy._manager, "_static_hook_attr"):
            patch.setattr(pluggy._manager, "_static_hook_attr", _looking_once())
        patch.setattr(pytest.PytestPluginManager, "parse_hookimpl_opts", _marks_once())
        yield


_PLUGINS = ("_pytest", "pytest_llmcassette", "respx", "syrupy")


def _names_once(wanted: Callable[[str, object], bool]) -> Callable[[object], list[str]]:
    """`dir` for modules of plugins, and for what their classes make, with the names that are wanted alone."""
    found: dict[object, list[str]] = {}

    def names(holder: object) -> list[str]:
        place = holder if isinstance(holder, (ModuleType, type)) else type(holder)
        if place not in found:
            home = place.__name__ if isinstance(place, ModuleType) else place.__module__
            if home.partition(".")[0] not in _PLUGINS:
                return dir(holder)
            found[place] = [name for name in dir(place) if wanted(name, getattr(place, name, None))]
        return found[place]

    return names


def _is_fixture(value: object) -> bool:
    # A class of its own since pytest 8.4, a mark on the function before.
    return type(value).__name__ == "FixtureFunctionDefinition" or hasattr(value, "_pytestfixturefunction")


def _parsing_once() -> Any:
    original: Any = vars(_pytest._code.code)["getstatementrange_ast"]
    known: dict[tuple[str, int, bool], Any] = {}
    parsed: dict[str, ast.AST] = {}

    def getstatementrange_ast(lineno: int, source: Any, assertion: bool = False, astnode: ast.AST | None = None) -> Any:
        text = str(source)
        # A test's module, not a library's.
        if len(text) <= 5000:
            return original(lineno, source, assertion, astnode)
        key = text, lineno, assertion
        if key not in known:
            known[key] = original(lineno, source, assertion, astnode or parsed.get(text))
            parsed[text] = known[key][0]
        return known[key]

    return getstatementrange_ast


def _reading_once() -> Any:
    original: Any = vars(_pytest._code.code).get("findsource")
    known: dict[CodeType, Any] = {}

    def findsource(code: Any) -> Any:
        if not isinstance(code, CodeType) or "site-packages" not in code.co_filename:
            with pytest.MonkeyPatch.context() as patch:
                # It goes through all modules for the one of the code, which only archives need.
                patch.setattr(inspect, "getmodule", lambda *_: None)
                return original(code)
        if code not in known:
            known[code] = original(code)
        return known[code]

    return findsource


def _looking_once() -> Any:
    original: Any = pluggy._manager._static_hook_attr
    found: dict[tuple[ModuleType, str], Any] = {}

    def static_hook_attr(holder: object, name: str) -> Any:
        if not isinstance(holder, ModuleType):
            method = getattr(type(holder), name, None)
            return (method, getattr(holder, name)) if isinstance(method, FunctionType) else original(holder, name)
        if holder.__name__.partition(".")[0] not in _PLUGINS:
            return original(holder, name)
        if (holder, name) not in found:
            found[holder, name] = original(holder, name)
        return found[holder, name]

    return static_hook_attr


def _marks_once() -> Any:
    original: Any = pytest.PytestPluginManager.parse_hookimpl_opts
    found: dict[tuple[ModuleType, str], Any] = {}

    def parse_hookimpl_opts(manager: pytest.PytestPluginManager, plugin: object, name: str) -> Any:
        if not isinstance(plugin, ModuleType) or plugin.__name__.partition(".")[0] not in _PLUGINS:
            return original(manager, plugin, name)
        if (plugin, name) not in found:
            found[plugin, name] = original(manager, plugin, name)
        return found[plugin, name]

    return parse_hookimpl_opts


@contextmanager
def _runs_of_their_own() -> Iterator[None]:
    """A pytest inside a test begins with Python's own warning filters, not with this run's.

    And it keeps no record of its hook calls: a fifth of its time, and nobody here reads it. What it leaves behind is
    collected at its end, and nothing else is gone through for that.
    """
    original = pytest.Pytester.inline_run

    def inline_run(*arguments: Any, **options: Any) -> Any:
        _forget_snapshots()
        gc.freeze()
        try:
            with warnings.catch_warnings():
                warnings.resetwarnings()
                return original(*arguments, **options)
        finally:
            gc.collect()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pytest.Pytester, "inline_run", inline_run)
        patch.setattr(_pytest.pytester, "SysModulesSnapshot", _Modules)
        patch.setattr(pytest.Pytester, "make_hook_recorder", lambda self, manager: _Unwatched())
        yield


def _forget_snapshots() -> None:
    """syrupy remembers a file by its session's `id`, which a later session of the same process may have again."""
    amber: Any = sys.modules.get("syrupy.extensions.amber")
    known = {} if amber is None else vars(amber.AmberSnapshotExtension)
    cached: Any = known.get("_AmberSnapshotExtension__cacheable_read_snapshot")
    if cached is not None:
        cached.__func__.cache_clear()


class _Modules:
    """What was imported before a run is all that stays imported after it; pytester asks of each whether it may stay."""

    def __init__(self, preserve: object = None) -> None:
        self._before = dict(sys.modules)

    def restore(self) -> None:
        for name in sys.modules.keys() - self._before.keys():
            del sys.modules[name]
        sys.modules.update(self._before)


class _Unwatched:
    def getcalls(self, names: object) -> list[object]:
        return []
