"""pytest-snapshot owns syrupy's `--snapshot-update`: what the README says about it is true."""

from __future__ import annotations

import importlib.metadata

import pytest

if not list(importlib.metadata.distributions(name="pytest-snapshot")):
    pytest.skip("pytest-snapshot is not installed", allow_module_level=True)

TEST = """
def test_snapshot(llm_snapshot):
    assert "words" == llm_snapshot
"""


def test_both_are_a_conflict(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TEST)
    result = pytester.runpytest_subprocess()
    assert result.ret != 0
    assert "--snapshot-update" in result.stdout.str() + result.stderr.str()


def test_the_way_out(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TEST)
    options = ("-p", "no:snapshot", "-p", "no:cacheprovider")
    pytester.runpytest_subprocess(*options, "--snapshot-update").assert_outcomes(passed=1)
    pytester.runpytest_subprocess(*options).assert_outcomes(passed=1)
