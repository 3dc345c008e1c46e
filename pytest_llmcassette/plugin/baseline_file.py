"""A baseline and its file: TOML, a table for each test, sorted, so that a review shows what has come and gone."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmcassette.errors import ConfigError
from pytest_llmcassette.matching.json_paths import JsonPaths
from pytest_llmcassette.plugin.naming import nodeid_of
from pytest_llmcassette.plugin.written import written

if TYPE_CHECKING:
    from pytest_llmcassette.recorder.known_drift import KnownDrift

_HEAD = """\
# Known differences between requests and their cassettes, test by test: see docs/migrating.md of pytest-llmcassette.
# Written by pytest --cassette-baseline-update. Delete what no longer occurs; it should only get shorter.
"""
_KEYS = ("ignore_json", "unplayed")


@dataclass(frozen=True, slots=True)
class Entry:
    """What one test is allowed: paths of `ignore_json`, and a number of recordings that it leaves unplayed."""

    ignore_json: tuple[str, ...] = ()
    unplayed: int = 0


class Baseline:
    """The file, as it was when the run started, and whether this run writes it anew."""

    def __init__(self, file: Path, entries: Mapping[str, Entry], *, is_update: bool) -> None:
        self.file = file
        self.entries = entries
        self.is_update = is_update

    def allowance(self, item: pytest.Item) -> Allowance:
        """What one run of a test is allowed."""
        return Allowance(self.entries.get(nodeid_of(item), Entry()), is_learning=self.is_update)


class Allowance:
    """What one run of one test is allowed, with all the cassettes that it uses; an update lets it all through."""

    def __init__(self, entry: Entry, *, is_learning: bool) -> None:
        self.entry = entry
        self.used = 0
        """How many unplayed recordings were let through."""
        self._is_learning = is_learning

    def known_drift(self) -> KnownDrift | None:
        """What the requests to one cassette may differ in; None where there is nothing."""
        if not self.entry.ignore_json and not self._is_learning:
            return None
        # Imported here, in a test's setup: most tests of most runs have no entry.
        from pytest_llmcassette.recorder.known_drift import KnownDrift

        return KnownDrift(self.entry.ignore_json, learning=self._is_learning)

    def lets(self, unplayed: int) -> bool:
        """Whether so many more recordings may stay unplayed; if so they are counted."""
        if not self._is_learning and self.used + unplayed > self.entry.unplayed:
            return False
        self.used += unplayed
        return True


def read(file: Path) -> dict[str, Entry]:
    """The entries by test id; raises `pytest.UsageError` that says where the file is wrong."""
    return {test: _entry(file, test, table) for test, table in tables_of(file, "--cassette-baseline-update").items()}


def tables_of(file: Path, update: str) -> dict[str, Any]:
    """The tables of a baseline, none where there is no file yet; `update` is the flag that writes it anew.

    Raises `pytest.UsageError` for a file that cannot be read.
    """
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as problem:
        raise pytest.UsageError(f"The baseline {file} cannot be read: {problem.strerror}.") from None
    except ValueError as problem:
        raise pytest.UsageError(
            f"The baseline {file} is no TOML: {problem}. Mend it (a merge may have left its marks), or delete it and "
            f"write it anew with {update}."
        ) from None


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


def write(file: Path, text: str) -> str:
    """Write a baseline in one step; why it could not be written, `""` where it was."""

    def replace(file: Path) -> None:
        temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
        try:
            temporary.write_text(text, "utf-8")
            os.replace(temporary, file)
        finally:
            temporary.unlink(missing_ok=True)

    return written("baseline", file, replace)


def text_of(entries: Mapping[str, Entry]) -> str:
    """The whole file."""
    return _HEAD + as_toml(
        {test: {"ignore_json": sorted(one.ignore_json), "unplayed": one.unplayed} for test, one in entries.items()}
    )


def as_toml(tables: Mapping[str, Mapping[str, list[str] | int]]) -> str:
    """The tables, sorted, of what is not empty or zero."""
    text = ""
    for test, values in sorted(tables.items()):
        lines = [f"{_key(name)} = {_value(value)}\n" for name, value in sorted(values.items()) if value]
        if lines:
            text += f"\n[{_quoted(test)}]\n{''.join(lines)}"
    return text


def _key(name: str) -> str:
    return _quoted(name) if " " in name else name


def _value(value: list[str] | int) -> str:
    return str(value) if isinstance(value, int) else f"[{', '.join(map(_quoted, value))}]"


def _quoted(text: str) -> str:
    """A text as TOML has it."""
    # JSON's escapes are TOML's, but for DEL, which TOML wants escaped, and lone surrogates, which it cannot have.
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007f")
