"""A baseline as text: TOML, a table for each test, sorted, so that a review shows what has come and what has gone."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_llmcassette.errors import ConfigError
from pytest_llmcassette.matching.json_paths import JsonPaths
from pytest_llmcassette.plugin.baseline import Entry

_HEAD = """\
# Known differences between requests and their cassettes, test by test: see docs/migrating.md of pytest-llmcassette.
# Written by pytest --cassette-baseline-update. Delete what no longer occurs; it should only get shorter.
"""
_KEYS = ("ignore_json", "unplayed")


def read(file: Path) -> dict[str, Entry]:
    """The entries by test id; raises `pytest.UsageError` that says where the file is wrong."""
    try:
        tables = tomllib.loads(file.read_text("utf-8"))
    except OSError as problem:
        raise pytest.UsageError(f"The baseline {file} cannot be read: {problem.strerror}.") from None
    except ValueError as problem:
        raise pytest.UsageError(f"The baseline {file} is no TOML: {problem}.") from None
    return {test: _entry(file, test, table) for test, table in tables.items()}


def _entry(file: Path, test: str, table: Any) -> Entry:
    wrong = None
    if not isinstance(table, dict) or any(name not in _KEYS for name in table):
        wrong = f"an entry has {' and '.join(_KEYS)}, nothing else"
    else:
        paths, unplayed = table.get("ignore_json", []), table.get("unplayed", 0)
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            wrong = "ignore_json takes a list of strings"
        elif isinstance(unplayed, bool) or not isinstance(unplayed, int) or unplayed < 0:
            wrong = "unplayed takes a number"
        else:
            try:
                JsonPaths(tuple(paths))
            except ConfigError as problem:
                wrong = str(problem)
            else:
                return Entry(tuple(paths), unplayed)
    raise pytest.UsageError(f"The baseline {file}: the entry {test}: {wrong}.")


def write(file: Path, entries: Mapping[str, Entry]) -> None:
    """Write the entries that say something, in one step; raises `OSError`."""
    text = text_of(entries)
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, "utf-8")
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)


def text_of(entries: Mapping[str, Entry]) -> str:
    """The whole file."""
    tables = []
    for test, entry in sorted(entries.items()):
        lines = [f"[{_quoted(test)}]"]
        if entry.ignore_json:
            lines.append(f"ignore_json = [{', '.join(map(_quoted, sorted(entry.ignore_json)))}]")
        if entry.unplayed:
            lines.append(f"unplayed = {entry.unplayed}")
        if len(lines) > 1:
            tables.append("\n" + "\n".join(lines) + "\n")
    return _HEAD + "".join(tables)


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's, but for DEL, which TOML wants escaped, and lone surrogates, which it cannot have.
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007f")
