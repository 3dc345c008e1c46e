"""What a whole run knows at its end: what nobody played, what a baseline let through, and which tests were renamed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pytest_llmcassette.plugin import unused_cassettes
from pytest_llmcassette.plugin.baseline import baseline_of
from pytest_llmcassette.report.dead import Dead, dead_of
from pytest_llmcassette.report.records import TestRecord
from pytest_llmcassette.report.red_tests import red_lines

_CACHE = "llmcassette/unplayed"


def lines(
    config: pytest.Config, records: Sequence[TestRecord], outcomes: Mapping[str, str], *, is_whole: bool
) -> list[str]:
    """The last lines of the section; what `llmcassette prune` needs goes to pytest's cache."""
    if not records:
        return []
    is_whole = is_whole and unused_cassettes.is_whole(config)
    ours = {one.nodeid for one in records}
    others = [nodeid for nodeid, outcome in outcomes.items() if outcome in ("failed", "error") and nodeid not in ours]
    dead = dead_of(records, is_whole=is_whole, others_failed=others[0] if others else "")
    try:
        baseline = baseline_of(config)
    except pytest.UsageError as problem:
        # Of the ini file, and no test was collected that it was checked for: it is no reason to end in a traceback.
        return [str(problem)]
    found = red_lines(records, dead, has_baseline=baseline is not None)
    if is_whole:
        _remember(config, dead)
    missing = [one for one in records if one.misses and one.misses[0][0] == "no cassette"]
    if missing and (is_whole or unused_cassettes.runs_files(config)):
        # Imported here: it reads files, once.
        from pytest_llmcassette.plugin import renamed

        found += renamed.lines(config, records, missing, is_whole=is_whole)
    if baseline is not None:
        from pytest_llmcassette.plugin import baseline_end

        ran = {one.test for one in records} | set(outcomes)
        found += baseline_end.lines(baseline, records, root=config.rootpath, ran=ran, is_whole=is_whole)
    return found


def _remember(config: pytest.Config, dead: Dead) -> None:
    """Leave in the cache what nobody played, with what tells whether a file is still the same."""
    cache: Any = getattr(config, "cache", None)
    if cache is None or not (dead.files or cache.get(_CACHE, None)):
        return
    files: dict[str, dict[str, object]] = {}
    for name, file in dead.files.items():
        path = config.rootpath / name
        left = file.left
        if not left and not unused_cassettes.was_run_whole(config, path.parent):
            left = "tests that were not run may use it"
        try:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError:
            continue
        files[name] = {"digest": digest, "held": file.held, "idle": file.idle, "left": left}
    cache.set(_CACHE, {"root": str(config.rootpath), "problem": dead.problem, "files": files})
