"""Streams whose events are others than were recorded."""

from __future__ import annotations

FAULTS = ()
