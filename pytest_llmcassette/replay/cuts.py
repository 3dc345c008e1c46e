"""In words: where the bodies were cut that were delivered, and how far. For whoever has to explain a failure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice, takewhile

from pytest_llmcassette.replay.chunking import sizes_of
from pytest_llmcassette.replay.plan import Delivery

_FIRST_CUTS = 6
_LAST_ANSWERS = 3
_AROUND = 24
"""Bytes that are shown before a cut, and behind it."""


def told(deliveries: Sequence[Delivery], chunking: str) -> Iterator[str]:
    """Lines on those that were delivered last; none where no answer was cut."""
    if not deliveries and chunking == "recorded":
        yield "No answer of it was recorded with chunks (record_timing=True): what was replayed came event by event."
    if len(deliveries) > _LAST_ANSWERS:
        yield f"The last {_LAST_ANSWERS} of {len(deliveries)} answers:"
    for delivery in deliveries[-_LAST_ANSWERS:]:
        request = delivery.interaction.request
        yield f"{request.method} {request.url.partition('?')[0]}: {_cuts(delivery, chunking)}"


def _cuts(delivery: Delivery, chunking: str) -> str:
    """How far the body was delivered, and where it was cut until then."""
    handed_out, body = delivery.handed_out or 0, delivery.interaction.response.body
    offsets = accumulate(sizes_of(delivery.interaction, chunking) or ())
    end = min(handed_out, len(body) - 1)
    first, last = _ends(takewhile(lambda offset: offset <= end, offsets))
    extent = f"{handed_out} of {len(body)} bytes" if handed_out < len(body) else f"all {handed_out} bytes"
    if not first:
        return f"{extent} handed out, not cut."
    named = ", ".join(map(str, first)) + (f", ..., {last}" if last > first[-1] else "")
    before, behind = body[max(0, last - _AROUND) : last], body[last : last + _AROUND]
    return f"{extent} handed out, cut at {named}.\n  The last cut, at {last}: {before!r} | {behind!r}"


def _ends(offsets: Iterator[int]) -> tuple[list[int], int]:
    """The first few, and the last of them all."""
    first = list(islice(offsets, _FIRST_CUTS))
    rest = deque(offsets, maxlen=1)
    return first, rest[0] if rest else (first or [0])[-1]
