"""`--cassette-baseline`: the differences that a suite has today, in a file that is reviewed and that can only shrink.

For each test the file has the paths of JSON values in which its requests may differ from their recordings, and how many
recordings it may leave unplayed. Nothing else is let through.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmcassette.plugin import options

if TYPE_CHECKING:
    from pytest_llmcassette.plugin.baseline_file import Allowance, Baseline

OPTION = "--cassette-baseline"
UPDATE = "--cassette-baseline-update"
INI = "llmcassette_baseline"


_BASELINE: pytest.StashKey[Baseline | None] = pytest.StashKey()


def add_options(parser: pytest.Parser) -> None:
    """The two flags and the ini option."""
    group = parser.getgroup("llmcassette")
    group.addoption(OPTION, metavar="FILE", default=None, help="let through, test by test, the differences in FILE")
    group.addoption(
        UPDATE, action="store_true", default=False, help="write the differences that there are to the baseline's file"
    )
    parser.addini(INI, "the baseline's file, relative to the ini file: known differences that are let through")


def baseline_of(config: pytest.Config) -> Baseline | None:
    """The run's baseline, None without one; raises `pytest.UsageError` for a file that cannot be used."""
    if _BASELINE not in config.stash:
        config.stash[_BASELINE] = _read(config)
    return config.stash[_BASELINE]


def allowance_of(item: pytest.Item) -> Allowance | None:
    """What a baseline lets one run of this test do; None without a baseline."""
    baseline = baseline_of(item.config)
    return None if baseline is None else baseline.allowance(item)


def check_options(config: pytest.Config) -> None:
    """Raises `pytest.UsageError` for what the command line says of a baseline; without it nothing is looked at."""
    if config.getoption(OPTION) is not None or config.getoption(UPDATE):
        baseline_of(config)


def _read(config: pytest.Config) -> Baseline | None:
    file = file_of(config, OPTION, UPDATE, INI, example="llm_baseline.toml")
    if file is None:
        return None
    # Imported here: only for those who have a baseline.
    from pytest_llmcassette.plugin.baseline_file import Baseline, read

    return Baseline(file, read(file), is_update=bool(config.getoption(UPDATE)))


def file_of(
    config: pytest.Config, option: str, update: str, ini: str, *, example: str, command: str = "pytest"
) -> Path | None:
    """Where a run's baseline is, by its flag or its ini option; None without one.

    `update` is the flag that writes it, with `command` before it; `example` what it may be called. Raises
    `pytest.UsageError` for a file that cannot be used.
    """
    given, is_update = config.getoption(option), config.getoption(update)
    where, folder = option, config.invocation_params.dir
    if given is None:
        given, where = options.ini_value(config, ini), ini
        folder = config.rootpath if config.inipath is None else config.inipath.parent
    if not given:
        if is_update:
            raise pytest.UsageError(f"{update} needs a file: {option}=FILE, or the ini option {ini}.")
        return None
    file = Path(os.path.normpath(folder / given))
    if file.is_dir() or file.suffix in (".py", ".yaml", ".yml", ".ambr"):
        raise pytest.UsageError(f"{where}: {given} is no baseline. Name a file such as {example}.")
    if not file.exists() and not is_update:
        raise pytest.UsageError(f"{where}: there is no file {file}. To write it: {command} {option}={given} {update}")
    return file
