"""The corpus' recorded cassettes, each read once for all tests that only look at what is in it."""

from __future__ import annotations

from functools import cache

from pytest_llmcassette.cassette.files import load

loaded = cache(load)
"""Nobody changes what it returns."""
