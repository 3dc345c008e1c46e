"""When an answer comes: at once, as it came when it was recorded, or by a model. Each is a change of a delivery."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial
from itertools import chain, repeat

from pytest_llmcassette.cassette.model import SERVER, Frame
from pytest_llmcassette.replay.pieces import Piece, each_event, each_message
from pytest_llmcassette.replay.plan import Change, Delivery

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
    return _slowed(delivery, 1.0)


@lru_cache(maxsize=32)
def timing(words: str) -> Change:
    """The change that the switch `timing` means by these words."""
    if words in _NAMED:
        return _NAMED[words]
    if words.startswith("x"):
        return partial(_faster, factor=float(words[1:]))
    ttft, tps = _model(words)
    return partial(_modelled, first=ttft, each=1 / tps)


def message_wait(words: str, gap: float, *, is_first: bool) -> float:
    """Seconds to wait for a conversation's next message, under the switch `timing`.

    `gap` are the seconds that it took when it was recorded; `is_first` says that it answers its client's message.
    """
    if words in _NAMED:
        return gap if words == "recorded" else 0.0
    if words.startswith("x"):
        return gap / float(words[1:])
    ttft, tps = _model(words)
    return ttft if is_first else 1 / tps


def _model(words: str) -> tuple[float, float]:
    ttft, tps = (float(setting.partition("=")[2]) for setting in words.split(","))
    return ttft, tps


_NAMED: dict[str, Change] = {"instant": at_once, "recorded": as_recorded}


def _faster(delivery: Delivery, factor: float) -> Delivery:
    """As recorded, but each wait takes this part of its time. What a client is told to wait is not waited for."""
    return _slowed(at_once(delivery), factor)


def _slowed(delivery: Delivery, factor: float) -> Delivery:
    recorded = delivery.interaction
    delivery.wait = recorded.response.duration_ns / 1e9 / factor
    if recorded.frames:
        delivery.pieces = _as_said(recorded.frames, factor)
    elif recorded.chunks and delivery.head is not None:
        delivery.pieces = _as_arrived(recorded.response.body, recorded.chunks, factor)
    return delivery


def _modelled(delivery: Delivery, first: float, each: float) -> Delivery:
    """The head and the first event after `first` seconds, then an event every `each`. An error comes at once.

    An event is taken for a token, whatever it holds: to know better would take to know the provider.
    """
    delivery = at_once(delivery)
    if delivery.head is not None:
        delivery.wait = first
        recorded = delivery.interaction
        pieces = each_message(recorded) if recorded.frames else each_event(recorded.response)
        events = (piece for _, piece in pieces)
        delivery.pieces = zip(chain((0.0,), repeat(each)), events, strict=False)
    return delivery


def _as_said(frames: tuple[Frame, ...], factor: float) -> Iterator[Piece]:
    before = 0.0
    for frame in frames:
        if frame.sender == SERVER:
            yield max(0.0, frame.at - before) / 1000 / factor, frame.data
            before = frame.at


def _as_arrived(body: bytes, chunks: tuple[tuple[float, int], ...], factor: float) -> Iterator[Piece]:
    start, before = 0, 0.0
    for at, size in chunks:
        if start >= len(body):
            return
        yield max(0.0, at - before) / 1000 / factor, body[start : start + size]
        start, before = start + size, at
    if start < len(body):
        # Redaction can change a body's length by a little after its pieces were measured.
        yield 0.0, body[start:]
