"""Tests that were renamed, or whose module was: what they ask for lies in a cassette that no test used."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.errors import CassetteError
from pytest_llmcassette.matching import fingerprint
from pytest_llmcassette.matching.mismatch.shown import length_in_common
from pytest_llmcassette.plugin import commands, unused_cassettes
from pytest_llmcassette.plugin.commands import relative
from pytest_llmcassette.redaction import default_redactor
from pytest_llmcassette.report.records import TestRecord

_MOST_NAMED = 10
_MOST_READ = 2000
_NEIGHBOURS = ("recording", "pytest_recording", "vcr", "pytest_vcr")


def lines(
    config: pytest.Config, records: Sequence[TestRecord], missing: Sequence[TestRecord], *, is_whole: bool
) -> list[str]:
    """For each test without a cassette whose request an unused cassette holds: the command that moves what is its own.

    Called at the end, since it reads every cassette that no test of a whole run used; of a run of some files those
    where the tests would have theirs.
    """
    if is_whole:
        alone = not any(config.pluginmanager.hasplugin(name) for name in _NEIGHBOURS)
        unused = unused_cassettes.unused(config, records, of_any_format=alone)
    else:
        unused = unused_cassettes.beside(config, records, missing)
    asked = {one.misses[0][2]: one for one in reversed(missing)}
    found: dict[str, str] = {}
    for name in unused[:_MOST_READ]:
        one = next((asked[mark] for mark in _fingerprints(config.rootpath / name) if mark in asked), None)
        if one is not None:
            found.setdefault(one.nodeid, _command(config, one, name))
    if not found:
        return []
    shown = [line for nodeid in list(found)[:_MOST_NAMED] for line in (f"  {nodeid}:", f"    {found[nodeid]}")]
    more = [f"  ... and {len(found) - _MOST_NAMED} more"] if len(found) > _MOST_NAMED else []
    which = "1 test asks" if len(found) == 1 else f"{len(found)} tests ask"
    # syrupy's own advice in the same run is to delete them.
    first = ", before --snapshot-update deletes its snapshots" if any("--snapshot" in one for one in shown) else ""
    return [f"{which} for what lies in a cassette that no test used. If renamed, move it along{first}:", *shown, *more]


def _fingerprints(file: Path) -> Iterator[str]:
    redactor = default_redactor()
    try:
        interactions = load(file)
    except CassetteError:
        return
    for one in interactions:
        yield fingerprint(redactor.recorded_request(one.request))


def _command(config: pytest.Config, record: TestRecord, old: str) -> str:
    root = config.rootpath
    words = ["llmcassette move", *(commands.path_argument(config, root / name) for name in (old, record.cassette))]
    for before, after in _snapshots(root, record, old):
        folder = config.invocation_params.dir
        places = [f"{relative(file, folder)}::{name}" for file, name in (before, after)]
        words += ["--snapshot", *map(shlex.quote, places)]
    return " ".join(words)


Place = tuple[Path, str]
"""A snapshot file and a test's name in it."""


def _snapshots(root: Path, record: TestRecord, old: str) -> Iterator[tuple[Place, Place]]:
    """Where the test's snapshots were and where they are to be, if the old file is there and has them."""
    module, *names = record.test.split("::")
    new_name, new_file = ".".join(names), _snapshot_file(root / module, record.provider)
    old_name = _before(Path(record.cassette).stem, Path(old).stem, new_name)
    # A module that was renamed is a folder of the old cassette's path.
    folders = [part for part in Path(old).parts[:-1] if part not in Path(record.cassette).parts]
    files = [new_file, *(_snapshot_file((root / module).with_name(f"{name}.py"), record.provider) for name in folders)]
    for file in files:
        if (file, old_name) != (new_file, new_name) and _has(file, old_name):
            yield (file, old_name), (new_file, new_name)
            return


def _snapshot_file(module: Path, provider: str | None) -> Path:
    base = module.parent / "__snapshots__" / module.stem
    return base.with_name(base.name + ".ambr") if provider is None else base / f"{provider}.ambr"


def _before(new_stem: str, old_stem: str, name: str) -> str:
    """The old name of the test that has `name` now, since its cassette's name was one stem and is the other."""
    # The first word that differs, in both.
    start = len(re.sub(r"\w*\Z", "", new_stem[: length_in_common(new_stem, old_stem)]))
    new_word, old_word = (re.split(r"\W", stem[start:], maxsplit=1)[0] for stem in (new_stem, old_stem))
    return name.replace(new_word, old_word, 1) if new_word else name


def _has(file: Path, name: str) -> bool:
    try:
        text = file.read_text("utf-8")
    except (OSError, ValueError):
        return False
    return re.search(rf"^# name: {re.escape(name)}(?:\.\d+|\[.*)?$", text, re.MULTILINE) is not None
