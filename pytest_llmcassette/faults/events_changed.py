"""Streams whose events are others than were recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from pytest_llmcassette.errors import ConfigError
from pytest_llmcassette.faults.bodies import with_body
from pytest_llmcassette.faults.cuts import lacks, no_end, no_stream, place, streamed
from pytest_llmcassette.faults.events import SSE, Event, Stream, joined, says_something
from pytest_llmcassette.faults.fault import Expect, row
from pytest_llmcassette.protocols.forms import WORDS
from pytest_llmcassette.replay.plan import Delivery

_UNKNOWN = "x_unknown"
_FARTHEST = 40
"""Pairs that are tried until one is found whose order matters."""


def _deliver(delivery: Delivery, events: Iterable[Event]) -> Delivery:
    return with_body(delivery, joined(events))


def error_event(delivery: Delivery, n: int | None = None, message: str = WORDS[529]) -> Delivery:
    """Behind event n, without a number in the middle, comes an error as the protocol writes it, and no more."""
    stream = streamed(delivery)
    at = len(stream.events) // 2 if n is None else n
    place(delivery, at)
    form = stream.forms.error_event(message)
    failed = form if isinstance(form, bytes) else stream.framing.failed(*form)
    return _deliver(delivery, [*stream.events[:at], Event(failed)])


_says_nothing = lacks("no event of it adds to an answer", lambda stream: stream.begin is not None)


def _numbered(stream: Stream, n: int, last: int) -> int:
    if not isinstance(n, int) or not 1 <= n <= last:
        raise ConfigError(f"This stream has {len(stream.events)} events: n goes from 1 to {last}, not {n!r}.")
    return n - 1


def duplicate_event(delivery: Delivery, n: int | None = None) -> Delivery:
    """Event n comes twice, without a number the first that adds to the answer."""
    stream = streamed(delivery)
    at = stream.begin if n is None else _numbered(stream, n, len(stream.events))
    assert at is not None
    return _deliver(delivery, [*stream.events[: at + 1], *stream.events[at:]])


def _swapped(stream: Stream, at: int) -> list[Event]:
    events = list(stream.events)
    events[at : at + 2] = reversed(events[at : at + 2])
    return events


def _pair(stream: Stream) -> int | None:
    """The place of the first two events of one kind whose order matters, else of the first that differ."""
    first, end = stream.begin, stream.end
    if first is None:
        return None
    events = stream.events[: len(stream.events) if end is None else end]
    places = [
        at
        for at in range(first, len(events) - 1)
        if events[at].kind == events[at + 1].kind and events[at].value != events[at + 1].value
    ]
    # Without the end, which may say all of it again.
    recorded = stream.read(events).choices
    matters = (at for at in places[:_FARTHEST] if stream.read(_swapped(stream, at)[: len(events)]).choices != recorded)
    return next(chain(matters, places), None)


_no_pair = lacks(
    "it has no two events of one kind that differ, one behind the other", lambda stream: _pair(stream) is not None
)


def swap_events(delivery: Delivery, n: int | None = None) -> Delivery:
    """Event n comes behind the one that follows it, without a number the first of which the order matters."""
    stream = streamed(delivery)
    at = _pair(stream) if n is None else _numbered(stream, n, len(stream.events) - 1)
    assert at is not None
    return _deliver(delivery, _swapped(stream, at))


_no_sse = lacks("its framing has no comments", lambda stream: stream.framing is SSE)


def keep_alive(delivery: Delivery) -> Delivery:
    """Before each event come a comment, or the protocol's own ping, and blank lines."""
    stream = streamed(delivery)
    waits = Event(b": keep-alive\n\n\n" + (stream.forms.keep_alive if stream.forms.opening else b""))
    return _deliver(delivery, chain.from_iterable((waits, event) for event in stream.events))


_no_kinds = lacks("the events of its protocol have no types", lambda stream: stream.forms.opening)


def unknown_events(delivery: Delivery) -> Delivery:
    """Behind each event comes one of a type that nobody knows."""
    stream = streamed(delivery)
    value = {"type": _UNKNOWN, _UNKNOWN: {"why": "providers add events without notice"}}
    # Within InvokeModel every event is a chunk.
    name = stream.events[0].name and ("chunk" if stream.events[0].name == "chunk" else _UNKNOWN)
    unknown = Event(stream.framing.made(name, value))
    end = stream.end
    last = len(stream.events) if end is None else end
    with_unknown = [one for event in stream.events[:last] for one in (event, unknown)]
    return _deliver(delivery, [*with_unknown, *stream.events[last:]])


def unknown_fields(delivery: Delivery) -> Delivery:
    """Every event, and what stands directly in it, has a field that nobody knows."""
    return _edited(delivery, _with_unknown)


def _with_unknown(value: dict[str, Any], depth: int = 2) -> dict[str, Any]:
    known = {name: _inside(one, depth) for name, one in value.items()} if depth else value
    return {**known, _UNKNOWN: {"why": "providers add fields without notice"}}


def _inside(value: Any, depth: int) -> Any:
    # One field alone may be a union's, which takes no second.
    if isinstance(value, dict) and len(value) > 1:
        return _with_unknown(value, 0)
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        return [_with_unknown(one, 0) for one in value]
    return value


def no_usage(delivery: Delivery) -> Delivery:
    """No event counts any tokens."""
    names = streamed(delivery).forms.usage

    def without(value: dict[str, Any], depth: int = 2) -> dict[str, Any]:
        kept = {name: one for name, one in value.items() if name not in names}
        return {name: without(one, depth - 1) if depth and isinstance(one, dict) else one for name, one in kept.items()}

    return _edited(delivery, without)


def _edited(delivery: Delivery, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> Delivery:
    stream = streamed(delivery)
    return _deliver(delivery, (stream.changed(event, event.value and edit(event.value)) for event in stream.events))


_no_counts = lacks("it counts nothing", lambda stream: stream.read(stream.events).usage is not None)


def _parts(stream: Stream) -> tuple[list[Event], list[Event], list[Event]]:
    """What opens the answer, what may add to it, and from the event on that ends it."""
    end = stream.end
    assert end is not None
    before = list(stream.events[:end])
    opening = [event for event in before if event.kind in stream.forms.opening]
    rest = [event for event in before if event.kind not in stream.forms.opening]
    return opening, rest, list(stream.events[end:])


def _ended(stream: Stream, kept: list[Event], end: list[Event], reason: str) -> Iterator[Event]:
    """The event that ends the answer and those behind it, of which some say the finish reason again."""
    exchange = stream.exchange_of(kept)
    for event in end:
        value = event.value and stream.forms.ended(exchange, event.value, reason)
        if value and value != event.value and value.get("type", event.kind) != event.kind:
            yield Event(stream.framing.made(value["type"], value))
        else:
            yield stream.changed(event, value)


def empty_answer(delivery: Delivery) -> Delivery:
    """The answer ends as it did, and says nothing."""
    return _deliver(delivery, _emptied(streamed(delivery)))


def _emptied(stream: Stream) -> list[Event]:
    opening, _, end = _parts(stream)
    return [*opening, *_ended(stream, opening, end, "")]


def _is_emptied(stream: Stream) -> bool:
    return not says_something(stream.read(_emptied(stream)))


_not_emptied = lacks("what it says stands beside its end", _is_emptied, no_end)


def finish_length(delivery: Delivery) -> Delivery:
    """Half of the answer is missing, and its finish reason is that it met its limit."""
    stream = streamed(delivery)
    opening, rest, end = _parts(stream)
    growing = _growing(stream)
    gone = {id(event) for event in growing[(len(growing) + 1) // 2 :]}
    kept = [*opening, *(event for event in rest if id(event) not in gone)]
    return _deliver(delivery, [*kept, *_ended(stream, kept, end, stream.forms.length)])


def _growing(stream: Stream) -> list[Event]:
    kinds = stream.forms.growing
    return [event for event in _parts(stream)[1] if not kinds or event.kind in kinds]


_too_short = lacks("its answer comes in one event", lambda stream: len(_growing(stream)) > 1, no_end)


def slow_first_token(delivery: Delivery, seconds: float = 30.0, sleep: bool = False) -> Delivery:
    """The answer begins so late: a client that does not wait for so long meets its own read timeout, at once.

    With `sleep` the seconds are slept, for code with deadlines of its own.
    """
    delivery.wait = seconds
    delivery.sleeps = sleep
    return delivery


FAULTS = (
    row("error_event", "An error in mid-stream, as the protocol writes it.", error_event, no_stream),
    row("empty_answer", "The answer is empty.", empty_answer, _not_emptied),
    row("duplicate_event", "An event comes twice.", duplicate_event, _says_nothing, Expect.SHOW),
    row("swap_events", "Two events come in the wrong order.", swap_events, _no_pair, Expect.SHOW),
    row(
        "finish_length", "The finish reason is `length`, and the tail is gone.", finish_length, _too_short, Expect.SHOW
    ),
    row("no_usage", "No tokens are counted.", no_usage, _no_counts, Expect.SHOW),
    row("keep_alive", "Comments, pings and blank lines in between.", keep_alive, _no_sse, Expect.RECOVER),
    row("unknown_events", "Events of unknown types.", unknown_events, _no_kinds, Expect.RECOVER),
    row("unknown_fields", "Unknown fields in every event.", unknown_fields, no_stream, Expect.RECOVER),
    row("slow_first_token", "The answer begins late.", slow_first_token, no_stream, Expect.RECOVER),
)
