"""A run under a fault in a process of its own: for threads and systems in which no signal can end what hangs."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import pytest

from pytest_llmcassette.plugin import child_arguments, options
from pytest_llmcassette.report.bad_days import Verdict

_STARTING = 60.0
"""Seconds beside the run's own: for Python, imports and the ordinary run."""


def run(config: pytest.Config, nodeid: str, asked: str, seconds: float) -> tuple[str, str]:
    """The verdict on one test under one fault, and what the test said."""
    with tempfile.TemporaryDirectory(prefix="llmcassette-") as folder:
        result = Path(folder, "result.json")
        command = [
            *child_arguments.command_of(config, Path(folder)),
            f"{options.FAULTS}={asked}",
            f"{options.FAULTS_JSON}={result}",
            options.FAULTS_CHILD,
            child_arguments.test_of(config, nodeid),
        ]
        try:
            child_arguments.run(config, command, seconds + _STARTING)
        except subprocess.TimeoutExpired:
            """Like one that has ended itself, when the run's own time was over: nothing is written."""
        found = json.loads(result.read_text("utf-8"))["runs"] if result.exists() else None
    if found is None:
        return Verdict.HUNG, f"not at its end within {seconds:g} s"
    if not found:
        return Verdict.NOT_MET, "in a process of its own the test does not pass without the fault"
    return found[0]["verdict"], found[0]["detail"]
