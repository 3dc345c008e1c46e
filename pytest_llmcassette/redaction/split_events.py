"""Secrets that a stream gives out bit by bit, a few letters with each event: nobody would find them in its bytes, but
whoever puts the answer together has them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from pytest_llmcassette.redaction.names import REDACTED

_EVENT = re.compile(rb"^(?:data:)?[ \t]*(\{.*\})[ \t]*\r?$", re.MULTILINE)
_DATA = (b"{", b"data: {", b"data:{")
_TO_A_MEMBER = re.compile(rb'.*[{\[,] ?(?=")')
_STRING = re.compile(rb'"[^"]*"')
_Path = tuple[str | int, ...]


class Stream:
    """A body by its lines, those of its events without what all events begin with: an id, a model and the like.

    Most of a stream is that beginning, again and again; whoever searches needs to look at it once. It ends where a
    member begins, so that it cuts no name and no text in two.
    """

    def __init__(self, body: bytes) -> None:
        lines = body.split(b"\n")
        events = [line for line in lines if 0x7B in line]
        self.begin = _common(min(events), max(events)) if len(events) > 1 else b""
        self.is_plain = all(line.startswith(_DATA) for line in events)
        self.events = [line[len(self.begin) :] for line in events]
        self._others = [line for line in lines if line and 0x7B not in line]

    @property
    def brief(self) -> bytes:
        """All that is in the body, each thing once: to search in, no more."""
        members = b"\n".join([self.begin, *self.events, *self._others]).split(b',"')
        return b',"'.join(dict.fromkeys(members))


def _common(first: bytes, last: bytes) -> bytes:
    """What both begin with, up to a member."""
    same, longest = 0, len(first)
    while same < longest:
        middle = (same + longest + 1) // 2
        if last.startswith(first[:middle]):
            same = middle
        else:
            longest = middle - 1
    match = _TO_A_MEMBER.match(first, 0, same)
    # In a text that ends in a comma its quote looks like the first of a name's.
    return match[0] if match and b"\\" not in match[0] and match[0].count(b'"') % 2 == 0 else b""


def may_be_split(stream: Stream, secrets_in: Callable[[str], set[str]]) -> bool:
    """Whether `without_split` can find anything: quick, and nearly always no."""
    if len(stream.events) < 2:
        return False
    if not stream.is_plain:
        return True
    texts: list[list[str]] = []
    places: _Places = ({}, {})
    try:
        for event in _events(stream):
            _collect(event, places, texts)
    except RecursionError:
        return True
    # What is the same in every event is an id, a model, a kind.
    varied = ("".join(pieces) for pieces in texts if pieces.count(pieces[0]) < len(pieces))
    return any(len(whole) >= len(REDACTED) and secrets_in(whole) for whole in varied)


def _events(stream: Stream) -> list[Any]:
    """The events without their beginning; of those cut off, what is none."""
    opened = b"".join(_opened(stream.begin))
    pieces = [opened + rest if opened else rest[rest.index(b"{") :] for rest in stream.events]
    try:
        events: list[Any] = json.loads(b"[" + b",".join(pieces) + b"]")
    except (ValueError, RecursionError):
        events = [event for event in map(_parsed, pieces) if event is not None]
    return events


def _opened(begin: bytes) -> list[bytes]:
    """The containers that it leaves open, as JSON; what they are called is the same for all events."""
    opened: list[bytes] = []
    for sign in _STRING.sub(b"", begin).decode("latin-1"):
        if sign in "{[":
            if opened and opened[-1] == b"{":
                opened[-1] = b'{"":'
            opened.append(sign.encode())
        elif sign in "}]":
            opened.pop()
            if opened and opened[-1] == b'{"":':
                opened[-1] = b"{"
    return opened


_Places = tuple[dict[Any, list[str]], dict[Any, Any]]
"""By the names in a container: the texts of all events, and the places in the containers inside."""


def _collect(container: Any, places: _Places, texts: list[list[str]]) -> None:
    """Adds each text to those in the same place of the events before; new lists are added to `texts` too."""
    here, inside = places
    for name, value in container.items() if type(container) is dict else enumerate(container):
        kind = type(value)
        if kind is str:
            if name in here:
                here[name].append(value)
            else:
                here[name] = [value]
                texts.append(here[name])
        elif (kind is dict or kind is list) and value:
            within = inside.get(name)
            if within is None:
                within = inside[name] = ({}, {})
            _collect(value, within, texts)


def without_split(body: bytes, secrets_in: Callable[[str], set[str]]) -> bytes:
    """A stream of JSON events, one a line, without those secrets that begin in one event and end in a later one.

    `secrets_in` tells those of a text. Texts belong together that are in the same place of their events.
    """
    events = [(match.span(1), _parsed(match[1])) for match in _EVENT.finditer(body)]
    if len(events) < 2:
        return body
    texts: dict[_Path, list[tuple[int, str]]] = {}
    for number, (_, event) in enumerate(events):
        for path, text in _texts(event):
            texts.setdefault(path, []).append((number, text))
    changed: set[int] = set()
    for path, pieces in texts.items():
        whole = "".join(text for _, text in pieces)
        if len(pieces) < 2 or len(whole) < len(REDACTED):
            continue
        for secret in secrets_in(whole):
            for number, text in _cut(pieces, whole, secret):
                _set(events[number][1], path, text)
                changed.add(number)
            pieces = [(number, _get(events[number][1], path)) for number, _ in pieces]
            whole = "".join(text for _, text in pieces)
    for number in sorted(changed, reverse=True):
        (start, end), event = events[number]
        separators = (", ", ": ") if b'": ' in body[start:end] else (",", ":")
        try:
            changed_event = json.dumps(event, ensure_ascii=False, separators=separators).encode()
        except UnicodeEncodeError:
            # Half a character can only be written as an escape.
            changed_event = json.dumps(event, separators=separators).encode()
        body = body[:start] + changed_event + body[end:]
    return body


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _texts(event: Any) -> Iterator[tuple[_Path, str]]:
    places: list[tuple[_Path, Any]] = [((), event)]
    for path, value in places:  # Grows while it is read: no recursion.
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, dict):
            places.extend(((*path, name), inner) for name, inner in value.items())
        elif isinstance(value, list):
            places.extend(((*path, place), inner) for place, inner in enumerate(value))


def _cut(pieces: list[tuple[int, str]], whole: str, secret: str) -> Iterator[tuple[int, str]]:
    """The pieces that change, where the secret is in more than one: the first of them says what was there."""
    spans = [match.span() for match in re.finditer(re.escape(secret), whole)]
    start = 0
    for number, text in pieces:
        end = start + len(text)
        shown, written = "", start
        for first, last in spans:
            if first >= end or last <= start or (start <= first and last <= end):
                continue
            shown += whole[written : max(first, start)] + (REDACTED if first >= start else "")
            written = min(last, end)
        if written > start:
            yield number, shown + whole[written:end]
        start = end


def _get(event: Any, path: _Path) -> Any:
    for step in path:
        event = event[step]
    return event


def _set(event: Any, path: _Path, text: str) -> None:
    _get(event, path[:-1])[path[-1]] = text
