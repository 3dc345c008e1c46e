"""A user's suite in a folder of its own, run by pytest inside pytest against a loopback server."""

from __future__ import annotations

import os
import pkgutil
import py_compile
import re
from importlib import import_module
from importlib.util import cache_from_source, find_spec
from pathlib import Path
from typing import Any

import pytest
from servers.plain import PlainServer

import pytest_llmcassette

# Imported once for all runs inside this process: pytester forgets what a run has imported, and importing takes longer
# than everything else that these tests do.
for _module in ("aiohttp", "genai_prices", "httpx", "httpx2", "requests", "syrupy.assertion", "trio", "yaml"):
    if find_spec(_module):
        import_module(_module)
_HAS_GRPC = find_spec("grpc") is not None
for _module in ("grpc._channel", "grpc.aio") if _HAS_GRPC else ():
    import_module(_module)
for _found in pkgutil.walk_packages(pytest_llmcassette.__path__, "pytest_llmcassette."):
    if not _found.name.endswith("__main__") and (_HAS_GRPC or ".transports.grpc." not in _found.name):
        import_module(_found.name)

ASKING = """
import itertools
import json
import os

import httpx

JSON = {"Content-Type": "application/json"}
TURNS = itertools.cycle(os.environ["ASK_THROUGH"].split())

def by_httpx(url, body, **options):
    with httpx.Client(verify=False, **options) as client:
        return client.post(url, content=body, headers=JSON).text

def by_requests(url, body):
    import requests
    return requests.post(url, data=body, headers=JSON).text

def by_aiohttp(url, body):
    import aiohttp, asyncio
    async def main():
        async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=JSON) as response:
            return await response.text()
    return asyncio.run(main())

def by_websockets(url, body):
    from urllib.parse import quote
    from websockets.sync.client import connect
    # As a model is in a URL. Handshakes that are equal differ only later, in what is said.
    with connect(os.environ["SOCKETS"] + url.removeprefix(os.environ["SERVER"]) + "?" + quote(body)) as ws:
        ws.send(body.decode())
        return ws.recv()

def by_grpc(url, body):
    import grpc
    with grpc.insecure_channel(os.environ["CALLS"]) as channel:
        return channel.unary_unary("/plain.Asked" + url.removeprefix(os.environ["SERVER"]))(body).decode()

def ask(text="hi", path="/ask", **options):
    body = json.dumps({"say": text}, ensure_ascii=False, separators=(",", ":"))
    by = by_httpx if options else globals()["by_" + next(TURNS)]
    return by(os.environ["SERVER"] + path, body.encode(), **options)
"""

TRANSPORTS = ("httpx", "requests", "aiohttp")
"""The libraries over HTTP that a suite can `ask` through."""
OTHERS = {"websockets": "SOCKETS", "grpc": "CALLS"}
"""Those that ask servers of their own, and the variable that says where these are."""
SHOWS_HTTP = frozenset(
    {
        "test_a_cassette_is_closed_when_its_test_is_over",
        "test_a_changed_answer_keeps_the_new_recording_and_the_old_snapshot",
        "test_a_rerun_records_again_what_could_not_be_written",
        "test_decorated",
        "test_entering_a_path_again_replays_what_is_pending",
        "test_every_red_test_is_in_one_group",
        "test_switches_of_all_marks_count_and_the_nearest_wins",
        "test_the_first_that_passes_records",
        "test_the_summary_has_the_request_and_the_cause_in_80_columns",
        "test_what_a_test_that_passed_is_failed_for_is_in_the_summary_too",
    }
)
"""Tests whose words are those of a POST and its body: with one of `OTHERS` they are skipped."""
IN_TURN = "in turn"
ANY_TRANSPORT = pytest.mark.parametrize(
    "transport",
    [IN_TURN, *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)],
    indirect=True,
)
"""For tests whose suites are to `ask` through each library that a cassette intercepts: in the quick part through one
after the other of those over HTTP, call by call, in the slow part through each of the others."""

SUBTESTS = """
import contextlib
import types

if not hasattr(pytest, "Subtests"):
    @pytest.fixture
    def subtests():
        return types.SimpleNamespace(test=contextlib.nullcontext)
"""
"""What a module with subtests begins with: an old pytest has none, and takes them for a part of the test."""

BLOCKED = {
    "anyio": "--anyio",
    "asyncio": "--asyncio",
    "cacheprovider": "--cache-",
    "doctest": "--doctest",
    "faulthandler": "--faulthandler",
    "hypothesispytest": "--hypothesis",
    "junitxml": "--junit",
    "legacypath": "",
    "logging": "--log",
    "pastebin": "--pastebin",
    "platformdirs": "",
    "recwarn": "",
    "setuponly": "--setup-",
    "setupplan": "--setup-plan",
    "stepwise": "--stepwise",
    "time_machine": "--time-machine",
    "timeout": "--timeout",
    "xdist": "-n",
    "xdist.looponfail": "",
}
"""Plugins that a run inside does not need unless it is given their options, which begin so; each costs time."""


class Suite:
    """`files(...)` writes test modules, `run(...)` runs them in this process, `run_alone(...)` in one of its own."""

    def __init__(self, pytester: pytest.Pytester, server: PlainServer) -> None:
        self.pytester = pytester
        self.server = server
        self.path: Path = pytester.path
        self._written = 1_000_000_000
        _compiled_once(self.file("asking.py", ASKING))
        pytester.syspathinsert()

    def file(self, name: str, text: str) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_dedent(text), "utf-8")
        if file.suffix == ".py":
            # Python takes a module of the same size and the same second for the one that it has compiled before.
            self._written += 1
            os.utime(file, (self._written, self._written))
        return file

    def test(self, text: str, name: str = "test_it.py") -> Path:
        """A test module that can `ask`."""
        return self.file(name, "import os\nimport pytest\nfrom asking import ask\n" + _dedent(text))

    def run(self, *arguments: str, wanted: tuple[str, ...] = ()) -> pytest.RunResult:
        """Run in this process; `wanted` are the plugins that are needed of those usually blocked."""
        return run(self.pytester, *arguments, wanted=wanted)

    def run_alone(self, *arguments: str, wanted: tuple[str, ...] = ()) -> pytest.RunResult:
        return self.pytester.runpytest_subprocess(*_not(_blocked(arguments, wanted)), *arguments)

    def cassettes(self) -> list[str]:
        """All YAML files below the suite's folder, in order."""
        return sorted(file.relative_to(self.path).as_posix() for file in self.path.rglob("*.y*ml"))

    def litter(self) -> list[str]:
        """Files that no user would expect: neither sources nor cassettes nor snapshots."""
        expected = {".py", ".yaml", ".ambr", ".ini", ".pyc"}
        return sorted(str(file) for file in self.path.rglob("*") if file.is_file() and file.suffix not in expected)


_compiled: dict[str, bytes] = {}


def _compiled_once(module: Path) -> None:
    """Every suite has the same, of the same second (`Suite.file`)."""
    target = Path(cache_from_source(str(module)))
    if not _compiled:
        py_compile.compile(str(module), str(target))
        _compiled["asking"] = target.read_bytes()
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(_compiled["asking"])


def run(pytester: pytest.Pytester, *arguments: str, wanted: tuple[str, ...] = ()) -> pytest.RunResult:
    """In this process, with what is imported here for all runs, and of those usually blocked with `wanted` plugins.

    What is blocked is so from the first: as twenty `-p no:NAME` pytest would go through it again and again. Only runs
    that start another process hand these on.
    """
    original, blocked = pytest.PytestPluginManager.__init__, _blocked(arguments, wanted)
    if any(one.startswith(("--cassette-prove", "--cassette-faults")) for one in arguments):
        arguments = (*_not(blocked), *arguments)

    def init(manager: pytest.PytestPluginManager) -> None:
        original(manager)
        for name in blocked:
            manager.set_blocked(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pytest.PytestPluginManager, "__init__", init)
        # What is printed beside Python goes to the outer pytest: to catch it too takes dozens of calls to the system.
        patch.setenv("PYTEST_ADDOPTS", f"--capture=sys {os.environ.get('PYTEST_ADDOPTS', '')}")
        return pytester.runpytest_inprocess(*arguments)


def _blocked(arguments: tuple[str, ...], wanted: tuple[str, ...]) -> list[str]:
    given = {name for name, option in BLOCKED.items() for one in arguments if option and one.startswith(option)}
    return [name for name in BLOCKED if name not in given.union(wanted)]


def _not(plugins: list[str]) -> list[str]:
    return [word for name in plugins for word in ("-p", f"no:{name}")]


def said(result: pytest.RunResult) -> str:
    """Everything that a run printed, without the colours."""
    return re.sub(r"\x1b\[[\d;]*m", "", f"{result.stdout.str()}\n{result.stderr.str()}")


def outcomes(result: pytest.RunResult) -> dict[str, Any]:
    """passed, failed, errors, ... without the noise of warnings."""
    return {name: count for name, count in result.parseoutcomes().items() if name != "warnings"}


def slow(*values: object) -> Any:
    """A case for the slow part: others of its kind stay in the quick one."""
    return pytest.param(*values, marks=pytest.mark.slow)


def _dedent(text: str) -> str:
    from textwrap import dedent

    return dedent(text).lstrip("\n")
