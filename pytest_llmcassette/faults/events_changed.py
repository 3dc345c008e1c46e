"""Streams whose events are others than were recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.errors import ConfigError
from pytest_llmcassette.faults.bodies import with_body
from pytest_llmcassette.faults.cuts import no_end, no_stream, place, streamed
from pytest_llmcassette.faults.events import SSE, Event, Stream, says_something, stream_of
from pytest_llmcassette.faults.fault import Expect, Fault, Misfit, Moment
from pytest_llmcassette.protocols.forms import WORDS
from pytest_llmcassette.replay.plan import Delivery

_UNKNOWN = "x_unknown"
_FARTHEST = 40
"""Pairs that are tried until one is found whose order matters."""


def _misfit(problem: Callable[[Stream], str], before: Misfit = no_stream) -> Misfit:
    """`misfit` of a fault that has something to say of streams."""

    def misfit(recorded: Interaction) -> str:
        said = before(recorded)
        stream = stream_of(recorded)
        return said or ("" if stream is None else problem(stream))

    return misfit


def _deliver(delivery: Delivery, events: Iterable[Event | bytes]) -> Delivery:
    return with_body(delivery, b"".join(one if isinstance(one, bytes) else one.raw for one in events))


def error_event(delivery: Delivery, n: int | None = None, message: str = WORDS[529]) -> Delivery:
    """Behind event n, without a number in the middle, comes an error as the protocol writes it, and no more."""
    stream = streamed(delivery)
    at = len(stream.events) // 2 if n is None else n
    place(delivery, at)
    form = stream.forms.error_event(message)
    return _deliver(delivery, [*stream.events[:at], form if isinstance(form, bytes) else stream.framing.failed(*form)])


def _says_nothing(stream: Stream) -> str:
    return "" if stream.begin is not None else "no event of it adds to an answer"


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


def _no_pair(stream: Stream) -> str:
    return "" if _pair(stream) is not None else "it has no two events of one kind that differ, one behind the other"


def swap_events(delivery: Delivery, n: int | None = None) -> Delivery:
    """Event n comes behind the one that follows it, without a number the first of which the order matters."""
    stream = streamed(delivery)
    at = _pair(stream) if n is None else _numbered(stream, n, len(stream.events) - 1)
    assert at is not None
    return _deliver(delivery, _swapped(stream, at))


def _no_sse(stream: Stream) -> str:
    return "" if stream.framing is SSE else "its framing has no comments"


def keep_alive(delivery: Delivery) -> Delivery:
    """Before each event come a comment, or the protocol's own ping, and blank lines."""
    stream = streamed(delivery)
    waits = b": keep-alive\n\n\n" + (stream.forms.keep_alive if stream.forms.opening else b"")
    return _deliver(delivery, chain.from_iterable((waits, event) for event in stream.events))


def _no_kinds(stream: Stream) -> str:
    return "" if stream.forms.opening else "the events of its protocol have no types"


def unknown_events(delivery: Delivery) -> Delivery:
    """Behind each event comes one of a type that nobody knows."""
    stream = streamed(delivery)
    value = {"type": _UNKNOWN, _UNKNOWN: {"why": "providers add events without notice"}}
    # Within InvokeModel every event is a chunk.
    name = stream.events[0].name and ("chunk" if stream.events[0].name == "chunk" else _UNKNOWN)
    unknown = stream.framing.made(name, value)
    end = stream.end
    last = len(stream.events) if end is None else end
    with_unknown = [one for event in stream.events[:last] for one in (event.raw, unknown)]
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
    events: list[Event | bytes] = []
    for event in stream.events:
        value = event.value and edit(event.value)
        events.append(event if value == event.value else stream.framing.changed(event, value))
    return _deliver(delivery, events)


def _no_counts(stream: Stream) -> str:
    return "" if stream.read(stream.events).usage is not None else "it counts nothing"


def _parts(stream: Stream) -> tuple[list[Event], list[Event], list[Event]]:
    """What opens the answer, what may add to it, and from the event on that ends it."""
    end = stream.end
    assert end is not None
    before = list(stream.events[:end])
    opening = [event for event in before if event.kind in stream.forms.opening]
    rest = [event for event in before if event.kind not in stream.forms.opening]
    return opening, rest, list(stream.events[end:])


def _ended(stream: Stream, kept: list[Event], end: list[Event], reason: str) -> Iterator[Event | bytes]:
    """The event that ends the answer and those behind it, of which some say the finish reason again."""
    exchange = stream.exchange_of(kept)
    for event in end:
        value = event.value and stream.forms.ended(exchange, event.value, reason)
        if value == event.value:
            yield event
        elif value and value.get("type", event.kind) != event.kind:
            yield stream.framing.made(value["type"], value)
        else:
            yield stream.framing.changed(event, value)


def empty_answer(delivery: Delivery) -> Delivery:
    """The answer ends as it did, and says nothing."""
    return _deliver(delivery, _emptied(streamed(delivery)))


def _emptied(stream: Stream) -> list[Event | bytes]:
    opening, _, end = _parts(stream)
    return [*opening, *_ended(stream, opening, end, "")]


def _not_emptied(stream: Stream) -> str:
    body = b"".join(one if isinstance(one, bytes) else one.raw for one in _emptied(stream))
    return "what it says stands beside its end" if says_something(stream.read_body(body)) else ""


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


def _too_short(stream: Stream) -> str:
    return "" if len(_growing(stream)) > 1 else "its answer comes in one event"


def slow_first_token(delivery: Delivery, seconds: float = 30.0, sleep: bool = False) -> Delivery:
    """The answer begins so late: a client that does not wait for so long meets its own read timeout, at once.

    With `sleep` the seconds are slept, for code with deadlines of its own.
    """
    delivery.wait = seconds
    delivery.sleeps = sleep
    return delivery


def _row(
    name: str, expect: Expect, change: Callable[..., Delivery], sentence: str, misfit: Misfit = no_stream
) -> Fault:
    return Fault(name=name, sentence=sentence, expect=expect, moment=Moment.STREAM, change=change, misfit=misfit)


FAULTS = (
    _row("error_event", Expect.NOTICE, error_event, "An error in mid-stream, as the protocol writes it."),
    _row("empty_answer", Expect.NOTICE, empty_answer, "The answer is empty.", _misfit(_not_emptied, no_end)),
    _row("duplicate_event", Expect.SHOW, duplicate_event, "An event comes twice.", _misfit(_says_nothing)),
    _row("swap_events", Expect.SHOW, swap_events, "Two events come in the wrong order.", _misfit(_no_pair)),
    _row(
        "finish_length",
        Expect.SHOW,
        finish_length,
        "The finish reason is `length`, and the tail is gone.",
        _misfit(_too_short, no_end),
    ),
    _row("no_usage", Expect.SHOW, no_usage, "No tokens are counted.", _misfit(_no_counts)),
    _row("keep_alive", Expect.RECOVER, keep_alive, "Comments, pings and blank lines in between.", _misfit(_no_sse)),
    _row("unknown_events", Expect.RECOVER, unknown_events, "Events of unknown types.", _misfit(_no_kinds)),
    _row("unknown_fields", Expect.RECOVER, unknown_fields, "Unknown fields in every event."),
    _row("slow_first_token", Expect.RECOVER, slow_first_token, "The answer begins late."),
)
