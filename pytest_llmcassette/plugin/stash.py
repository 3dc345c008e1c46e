"""Where the plugin keeps its state: on pytest's own objects, by these keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

# What these two hold knows the keys, so that the keys do not know what they hold.
SESSION: pytest.StashKey[Any] = pytest.StashKey()
"""On the config: the `CassetteSession`, what one pytest run knows; ask `session_of` for it."""

RUN: pytest.StashKey[Any] = pytest.StashKey()
"""On a test with the mark: the `TestRun`, this run of it; a rerun gets a new one."""

FAULTS: pytest.StashKey[Any] = pytest.StashKey()
"""On a test: the `Injections` that its answers meet in this run of it; ask `faults.injections_of` for them."""

GIVEN_FAULTS: pytest.StashKey[Any] = pytest.StashKey()
"""On a test that is run once more for a fault: the `Injections` that stand for those it asks for itself."""

DIFFS: pytest.StashKey[list[Sequence[str]]] = pytest.StashKey()
"""On a test that uses `llm_snapshot`: differences that are too long for an assertion's explanation."""

OPENER = "_llm_cassette_open"
"""The fixture that opens a marked test's cassette, before every other."""

PROVIDER_PROBLEM: pytest.StashKey[str] = pytest.StashKey()
"""On the config: the first thing that is wrong with a table of providers, said when everything is collected."""

FLAG_IS_OURS: pytest.StashKey[bool] = pytest.StashKey()
"""On the config: we have added `--record-mode`, since no neighbour has."""

CAPABILITIES: pytest.StashKey[set[str] | None] = pytest.StashKey()
"""On the config: what any provider declares; None where suites have tables of their own, which nobody can look into."""

REDACTS: pytest.StashKey[dict[tuple[Any, ...], Any]] = pytest.StashKey()
"""On the config: what users' hooks make of a text, by the plugins that implement the hook."""

DISCARDED = "llmcassette_discarded"
"""Attribute of a teardown report: the cassette whose recording was not kept. It travels with a worker's report."""

LATE = "llmcassette_late"
"""Attribute of a teardown report: what was known to be secret only after an earlier report had been made."""

LEFT_OVER = "llmcassette_left_over"
"""Attribute of a teardown report: what was refused, up to then, of tasks and threads that tests have left running."""

RUN_STARTED = "llmcassette_started"
"""In an xdist worker's input: when the controller started, in nanoseconds since 1970."""

CLAIMS = "llmcassette_claims"
"""In an xdist worker's input: the folder where workers note which cassettes they write, and what became of bad days."""

CONTROLLER = "llmcassette-controller"
"""The plugin that has this folder in xdist's controller."""

INCOMPLETE: pytest.StashKey[bool] = pytest.StashKey()
"""On the config when not all tests have run to their end: what the user has said of unused snapshots to syrupy."""
