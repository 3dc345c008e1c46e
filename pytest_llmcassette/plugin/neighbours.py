"""Plugins that cannot be used beside ours, or not on the same test."""

from __future__ import annotations

import pytest


def check(config: pytest.Config) -> None:
    """Raises `pytest.UsageError` where another plugin uses our mark."""
    if config.pluginmanager.hasplugin("llm_cassette"):
        raise pytest.UsageError(
            "The plugin llm-cassette uses @pytest.mark.cassette as well, so one test would get two cassettes. "
            "Block it with -p no:llm_cassette, or block ours with -p no:llmcassette."
        )
