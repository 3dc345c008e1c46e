"""Commands in messages, to be pasted into the shell that pytest was started from, and paths in them."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from pytest_llmcassette.modes import RecordMode
from pytest_llmcassette.plugin import options


def how_to_record(item: pytest.Item, mode: RecordMode) -> str:
    """The command that records this test alone."""
    return f"pytest {test_argument(item.config, item.nodeid)} --record-mode={mode}"


def test_argument(config: pytest.Config, nodeid: str) -> str:
    """A test's id as an argument, quoted, relative to the folder that pytest was started in."""
    file, separator, rest = nodeid.partition("::")
    folder = config.invocation_params.dir
    if folder != config.rootpath:
        file = os.path.relpath(config.rootpath / file, folder)
    test = file + separator + rest
    return shlex.quote(test) if any(character in test for character in '"$`\\!') else f'"{test}"'


def replay_arguments(config: pytest.Config, nodeid: str) -> str:
    """A test's id with what the command line says of its replay: which pieces come, and when."""
    switches = [f"{flag}={shlex.quote(str(value))}" for flag, value in options.of_replay(config).values()]
    return " ".join([test_argument(config, nodeid), *switches])


def path_argument(config: pytest.Config, path: Path) -> str:
    """A path as an argument, quoted where it must be, relative to the folder that pytest was started in."""
    return shlex.quote(os.path.relpath(path, config.invocation_params.dir))


def rerun_failed(config: pytest.Config) -> str | None:
    """The command that runs again what failed, None where pytest does not remember it."""
    if not config.pluginmanager.hasplugin("lfplugin"):
        return None
    return " ".join(["pytest", *map(shlex.quote, config.option.file_or_dir), "--lf"])


def relative(path: Path, root: Path) -> str:
    """A path as it is told: from the root, where it lies below that."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
