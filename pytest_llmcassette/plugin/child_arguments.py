"""Which arguments of a pytest run another run of the same tests takes over, in a process of its own.

What decides how tests are imported and what they are: not which of them run, what is recorded, and what is reported.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from pytest_llmcassette.plugin.keys import without_keys

_LEFT_OUT = re.compile(
    r"-[ckmn]|--(config-file|rootdir|confcutdir|basetemp|keyword|markexpr|deselect|maxfail|exitfirst|lf|last-failed.*|"
    r"ff|failed-first|nf|new-first|sw|stepwise.*|co|collect-only|setup-.*|cache-.*|(llmcassette-)?record-mode|"
    r"snapshot-.*|cassette-(report|prove|baseline-update|faults.*)|numprocesses|maxprocesses|dist|[tp]x|rsyncdir|looponfail|"
    r"max-?worker-?restart|verbos.*|quiet|tb|color|capture|show-?capture|showlocals|full-trace|pastebin|debug|pdb.*|trace|"
    r"(no-)?cov.*|junit.*|(self-contained-)?html|css|csv|json.*|(md-)?report.*|resultlog|allure.*|log-.*|durations.*|"
    r"reruns.*|only-rerun|rerun-except|count|repeat-scope|flake-.*)"
)
_SHORT = re.compile(r"-[vqsxl]+$|-[cknmr].")
"""Short options, together or with their value behind them."""

_OF_ADDOPTS = re.compile(
    r"-[poW]|--(override-ini|import-mode|pythonwarnings|asyncio-mode|anyio-mode|ds|dc|cassette-baseline)"
)
"""Each takes a value. The rest of `addopts` is left out."""


def from_command_line(arguments: Sequence[str], tests: Collection[str]) -> Iterator[str]:
    """The arguments without the `tests` to run, and without what selects, records, reports, measures or distributes."""
    leaves_out = False
    for argument in arguments:
        if argument in tests or argument == "--":
            leaves_out = False
        elif not argument.startswith("-"):
            # The value of the option before it.
            if not leaves_out:
                yield argument
        else:
            name, has_value, _ = argument.partition("=")
            dropped = (_LEFT_OUT.fullmatch(name) or _SHORT.match(argument)) is not None
            leaves_out = dropped and not has_value
            if not dropped:
                yield argument


def from_addopts(arguments: Sequence[str]) -> Iterator[str]:
    """Those of `addopts` without which the tests could not be imported, or would be others."""
    given = iter(arguments)
    for argument in given:
        name, has_value, _ = argument.partition("=")
        if _OF_ADDOPTS.fullmatch(name):
            yield argument
            if not has_value:
                yield next(given, "")


def command_of(config: pytest.Config, folder: Path) -> Iterator[str]:
    """The command of such a run, which replays alone, up to its tests; `folder` takes what it leaves behind."""
    yield from (sys.executable, "-m", "pytest")
    yield from from_addopts([*config.getini("addopts"), *shlex.split(os.environ.get("PYTEST_ADDOPTS", ""))])
    yield from from_command_line(config.invocation_params.args, config.option.file_or_dir)
    yield from ("-o", "addopts=", "-o", f"cache_dir={folder / 'cache'}", f"--rootdir={config.rootpath}")
    if config.inipath is not None:
        yield from ("-c", str(config.inipath))
    cut = config.getoption("confcutdir", None)
    if cut is not None:
        yield f"--confcutdir={cut}"
    yield from ("-q", "--record-mode=none")


def test_of(config: pytest.Config, nodeid: str) -> str:
    """A test's id as an argument of it."""
    file, separator, rest = nodeid.partition("::")
    return f"{config.rootpath / file}{separator}{rest}"


def run(config: pytest.Config, command: Sequence[str], limit: float | None = None) -> subprocess.CompletedProcess[str]:
    """Run it to its end where this process was started; raises `subprocess.TimeoutExpired` after `limit` seconds."""
    return subprocess.run(
        command,
        cwd=config.invocation_params.dir,
        env=environment(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=limit,
        check=False,
    )


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """This process's, without what tells pytest's plugins of a run under way, and without anybody's keys."""
    dropped = ("PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST", "PYTEST_XDIST_", "COV_CORE_", "COVERAGE_PROCESS_")
    return without_keys({name: value for name, value in environ.items() if not name.startswith(dropped)})
