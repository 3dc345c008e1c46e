"""Where the plugin keeps its state: on pytest's own objects, by these keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmcassette.plugin.lifecycle import TestRun
    from pytest_llmcassette.plugin.session import CassetteSession

SESSION: pytest.StashKey[CassetteSession] = pytest.StashKey()
"""On the config: what one pytest run knows; ask `session_of` for it."""

RUN: pytest.StashKey[TestRun] = pytest.StashKey()
"""On a test with the mark: this run of it; a rerun gets a new one."""

DIFFS: pytest.StashKey[list[Sequence[str]]] = pytest.StashKey()
"""On a test that uses `llm_snapshot`: differences that are too long for an assertion's explanation."""

PROVIDER_PROBLEM: pytest.StashKey[str] = pytest.StashKey()
"""On the config: the first thing that is wrong with a table of providers, said when everything is collected."""

FLAG_IS_OURS: pytest.StashKey[bool] = pytest.StashKey()
"""On the config: we have added `--record-mode`, since no neighbour has."""

CAPABILITIES: pytest.StashKey[set[str] | None] = pytest.StashKey()
"""On the config: what any provider declares; None where suites have tables of their own, which nobody can look into."""

DISCARDED = "llmcassette_discarded"
"""Attribute of a teardown report: the cassette whose recording was not kept. It travels with a worker's report."""

RUN_STARTED = "llmcassette_started"
"""In an xdist worker's input: when the controller started, in nanoseconds since 1970."""

CLAIMS = "llmcassette_claims"
"""In an xdist worker's input: the folder where workers note which cassettes they write."""
