"""What deleted and renamed tests leave behind: cassettes that no test of a whole run used."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_llmcassette.plugin.collection import path_of
from pytest_llmcassette.plugin.commands import relative
from pytest_llmcassette.plugin.markers import cassette_mark
from pytest_llmcassette.plugin.session import session_of
from pytest_llmcassette.report.records import TestRecord

_SELECTING = ("keyword", "markexpr", "lf", "deselect", "ignore", "ignore_glob", "stepwise")
"""Options of pytest after which not all tests of a folder run."""


def place_of(item: pytest.Item, path: Path | None) -> tuple[Path | None, Path | None]:
    """A marked test's cassette, and the folder that cassettes like it are in.

    `path` is what the test opened, None when it was skipped before: then the first is None, too, where a fixture of
    the user's would have chosen.
    """
    mark = cassette_mark(item)
    if path is None and mark is not None and isinstance(item, pytest.Function):
        path = path_of(item, mark)
    if path is None:
        return None, None
    fixed = session_of(item.config).template.folder
    folder = Path(os.path.normpath(item.path.parent / fixed))
    return path, folder if fixed != "." and path.is_relative_to(folder) else path.parent


def is_whole(config: pytest.Config) -> bool:
    """Whether the command line selected folders, or nothing, so that a cassette without a test is left over."""
    return not _selects(config) and all(
        os.path.isdir(config.invocation_params.dir / argument) for argument in config.args
    )


def runs_files(config: pytest.Config) -> bool:
    """Whether the command line selected whole files or folders, or nothing."""
    return not _selects(config) and "::" not in "".join(config.args)


def _selects(config: pytest.Config) -> bool:
    return any(config.getoption(name, None) for name in _SELECTING)


def beside(config: pytest.Config, records: Sequence[TestRecord], missing: Sequence[TestRecord]) -> list[str]:
    """What lies unused in the folders where these tests look for theirs, which are their modules' own."""
    if "{module}/" not in session_of(config).template.name or not all(record.cassette for record in records):
        return []
    used = _used(config.rootpath, records)
    folders = {(config.rootpath / record.cassette).parent for record in missing}
    files = {file for folder in folders for file in folder.glob("*.y*ml") if os.path.realpath(file) not in used}
    return sorted(os.path.relpath(file, config.rootpath) for file in files)


def unused(config: pytest.Config, records: Sequence[TestRecord], *, of_any_format: bool = False) -> list[str]:
    """The cassettes beside those of a whole run that none of its tests used, relative to the rootdir where they can be.

    Empty where it cannot be told: when a skipped test has not said which cassette is its own. VCR.py's files are left
    out, since tests of its own plugins may use them, unless `of_any_format`.
    """
    if not all(record.cassette for record in records):
        return []
    root = config.rootpath
    used = _used(root, records)
    folders = {root / record.folder for record in records if record.folder}
    found = {
        file
        for folder in folders
        if was_run_whole(config, folder)
        for file in folder.rglob("*.y*ml")
        if file.suffix in (".yaml", ".yml") and os.path.realpath(file) not in used and (of_any_format or _is_ours(file))
    }
    return sorted(relative(file, root) for file in found)


def _used(root: Path, records: Sequence[TestRecord]) -> set[str]:
    return {os.path.realpath(root / file) for record in records for file in (record.cassette, *record.further)}


def was_run_whole(config: pytest.Config, folder: Path) -> bool:
    """Whether all tests ran that might use this folder: those of another folder may share it."""
    here = config.invocation_params.dir
    if config.args_source is not config.ArgsSource.ARGS and here == config.rootpath:
        return True
    return any(folder.is_relative_to(os.path.normpath(here / argument)) for argument in config.args)


def _is_ours(file: Path) -> bool:
    """Whether it is a go-vcr 2 file: pytest-recording keeps its own beside them, and its tests are not ours."""
    try:
        with open(file, "rb") as stream:
            head = stream.read(1000)
    except OSError:
        return False
    return b"version: 2\n" in head and b"interactions:" in head
