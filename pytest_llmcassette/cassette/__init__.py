"""The cassette file: its model, readers and writers. Knows nothing of providers."""

from __future__ import annotations
