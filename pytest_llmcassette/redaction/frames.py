"""Bedrock's streams: binary frames of JSON, and within those of `invoke_model` the model's own events, in base64."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable

FRAMES = "application/vnd.amazon.eventstream"
_WRAPPED = re.compile(rb'"bytes"\s*:\s*"((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)"')


def in_frames(body: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The stream with each event as `change` returns it, its frames sound."""
    # Imported here: replaying alone needs no framing.
    from pytest_llmcassette.framing.aws_eventstream import with_payloads

    def unwrapped(match: re.Match[bytes]) -> bytes:
        event = binascii.a2b_base64(match[1])
        shown = change(event)
        return match[0] if shown == event else match[0].replace(match[1], binascii.b2a_base64(shown, newline=False))

    def payload(text: bytes) -> bytes:
        found = _WRAPPED.sub(unwrapped, text)
        return found if found != text else change(text)

    return with_payloads(body, payload)


def events_in(body: bytes) -> list[bytes]:
    """All that `in_frames` asks its `change` about."""
    found: list[bytes] = []

    def hear(event: bytes) -> bytes:
        found.append(event)
        return event

    in_frames(body, hear)
    return found
