"""When an answer comes: at once, or as it came when it was recorded. Each is a change of a delivery."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_llmcassette.replay.pieces import Piece
from pytest_llmcassette.replay.plan import Delivery

_WAITS = {b"retry-after": b"0", b"retry-after-ms": b"1", b"openai-poll-after-ms": b"0"}


def at_once(delivery: Delivery) -> Delivery:
    """Nothing waits, and a client that is told to wait is told the least that it accepts.

    openai, anthropic and groq take a wait of 0 for none and back off by themselves, but they all read retry-after-ms
    first, as cohere and mistralai do; 1 ms is the least that each of them takes. Whoever reads retry-after alone
    takes 0.
    """
    head = delivery.head
    if head is None:
        return delivery
    waits = [name for name, _ in head.headers if name.lower() in _WAITS]
    if waits:
        # One line of each name, whatever was recorded.
        shortest = {name.lower(): (name, _WAITS[name.lower()]) for name in waits}
        if b"retry-after" in shortest:
            shortest.setdefault(b"retry-after-ms", (b"Retry-After-Ms", _WAITS[b"retry-after-ms"]))
        head.headers = [line for line in head.headers if line[0].lower() not in _WAITS] + list(shortest.values())
    return delivery


def as_recorded(delivery: Delivery) -> Delivery:
    """The head comes as late as it did, and the body in the pieces that came then, where they were recorded."""
    recorded = delivery.interaction
    delivery.wait = recorded.response.duration_ns / 1e9
    if recorded.chunks and delivery.head is not None:
        delivery.pieces = _as_arrived(recorded.response.body, recorded.chunks)
    return delivery


def _as_arrived(body: bytes, chunks: tuple[tuple[float, int], ...]) -> Iterator[Piece]:
    start, before = 0, 0.0
    for at, size in chunks:
        if start >= len(body):
            return
        yield max(0.0, at - before) / 1000, body[start : start + size]
        start, before = start + size, at
    if start < len(body):
        # Redaction can change a body's length by a little after its pieces were measured.
        yield 0.0, body[start:]
