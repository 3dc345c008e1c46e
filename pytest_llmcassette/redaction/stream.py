"""A stream of JSON events, one a line, put together quickly: most of it is the same in each of its events."""

from __future__ import annotations

import json
import re
from typing import Any

_DATA = (b"{", b"data: {", b"data:{")
_TO_A_MEMBER = re.compile(rb'.*[{\[,] ?(?=")', re.DOTALL)
_STRING = re.compile(rb'"[^"]*"')
_BRACE, _QUOTE = b'{"'
_NO_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))
_GAP = "\0a text"
_GAP_IN_JSON = json.dumps(_GAP)[1:-1].encode()
_Places = tuple[dict[Any, list[str]], dict[Any, Any]]
"""By the names in a container: the texts of all events, and the places in the containers inside."""


class Stream:
    """A body by its lines, those of its events without what all events begin with: an id, a model and the like.

    `begin` ends where a member begins, so that it cuts no name and no text in two. It is empty for other bodies.
    """

    def __init__(self, body: bytes) -> None:
        lines = body.split(b"\n")
        events = [line for line in lines if _BRACE in line]
        self._others = [line for line in lines if line and _BRACE not in line]
        self.begin = _common(min(events), max(events)) if len(events) > 1 else b""
        self.events = [line[len(self.begin) :] for line in events]
        self.is_plain = all(line.startswith(_DATA) for line in ([self.begin] if self.begin else events))
        """Whether each of its events is JSON behind nothing but `data:`."""
        self._said: list[bytes] = []
        self._unlike: dict[int, bytes] = {}
        self._before, self._after = self._gap() if self.begin else (b"", b"")
        if self._before:
            self._part()

    def _part(self) -> None:
        """Sort the events into those that differ in one text, and others by their number."""
        before, after, said, unlike = self._before, self._after, self._said, self._unlike
        first, last = len(before), -len(after)
        for number, event in enumerate(self.events):
            text = event[first:last]
            # A backslash would make its end a part of it.
            is_like = event.startswith(before) and event.endswith(after) and text[-1:] != b"\\"
            if is_like and _QUOTE not in text:
                said.append(text)
            else:
                unlike[number] = event

    @property
    def brief(self) -> bytes:
        """All that is in the body, most things once: to search in, no more."""
        if self._said:
            said = self._before + b'"'.join(self._said) + self._after
            return b"\n".join([self.begin, said, *self._unlike.values(), *self._others])
        members = b'\n,"'.join([self.begin, *self.events, *self._others]).split(b',"')
        return b',"'.join(dict.fromkeys(members))

    def texts(self) -> list[list[str]]:
        """For each place in an event the texts that are there, in order.

        Raises RecursionError for events that are too deep.
        """
        opened = _opened(self.begin)
        unlike = self._unlike if self._said else dict(enumerate(self.events))
        pieces = [opened + event if opened else event[event.index(_BRACE) :] for event in unlike.values()]
        like = opened + self._before + _GAP_IN_JSON + self._after
        others = dict(zip(unlike, _loaded(pieces), strict=True))
        return _in_order(_unescaped(self._said), _parsed(like) if self._said else {}, others)

    def _gap(self) -> tuple[bytes, bytes]:
        """What stands before and behind the one text in which most events differ, if it is one."""
        one, other = self.events[len(self.events) // 2 - 1], self.events[len(self.events) // 2]
        before = one[: one.rfind(b'"', 0, _same(one, other)) + 1]
        after = one[one.find(b'"', len(before)) :]
        is_gap = before.endswith((b':"', b': "')) and before.count(b'"') % 2 and b"\\" not in before
        return (before, after) if is_gap and other.endswith(after) else (b"", b"")


def _in_order(said: list[str], like: Any, others: dict[int, Any]) -> list[list[str]]:
    """The texts of the `others`, by their number, and of those `like` one, each with what it has `said`."""
    texts: list[list[str]] = []
    places: _Places = ({}, {})
    gap: list[str] | None = None
    repeated: list[tuple[list[str], str]] = []
    taken = 0
    for before, number in enumerate([*others, len(said) + len(others)]):
        if number - before > taken:
            if gap is None:
                gap, repeated = _places_of(like, places, texts)
            gap += said[taken : number - before]
            for pieces, text in repeated:
                pieces += [text] * (number - before - taken)
            taken = number - before
        if number in others:
            _collect(others[number], places, texts)
    return texts


def _places_of(like: Any, places: _Places, texts: list[list[str]]) -> tuple[list[str], list[tuple[list[str], str]]]:
    """The texts in the place of the gap of the event `like`, and those in its other places, each with its own."""
    sizes = {id(pieces): len(pieces) for pieces in texts}
    _collect(like, places, texts)
    there = [(pieces, pieces.pop()) for pieces in texts if len(pieces) > sizes.get(id(pieces), 0)]
    gap = next((pieces for pieces, text in there if text == _GAP), [])
    return gap, [(pieces, text) for pieces, text in there if pieces is not gap]


def _same(one: bytes, other: bytes) -> int:
    """How many bytes both begin with."""
    size = min(len(one), len(other))
    different = int.from_bytes(one[:size], "big") ^ int.from_bytes(other[:size], "big")
    return size - (different.bit_length() + 7) // 8


def _common(one: bytes, other: bytes) -> bytes:
    """What both begin with, up to a member."""
    match = _TO_A_MEMBER.match(one, 0, _same(one, other))
    # In a text that ends in a comma its quote looks like the first of a name's.
    return match[0] if match and b"\\" not in match[0] and match[0].count(b'"') % 2 == 0 else b""


def _opened(begin: bytes) -> bytes:
    """The containers that it leaves open, as JSON; what they are called is the same for all events."""
    opened: list[bytes] = []
    for sign in _STRING.sub(b"", begin).translate(None, _NO_BRACKETS):
        if sign in b"{[":
            opened.append(b'{"":' if sign == _BRACE else b"[")
        elif opened:
            opened.pop()
    return b"".join(opened).removesuffix(b'"":')


def _unescaped(texts: list[bytes]) -> list[str]:
    if not texts:
        return []
    try:
        unescaped: list[str] = json.loads(b'["' + b'","'.join(texts) + b'"]')
    except ValueError:
        return [text.decode("utf-8", "replace") for text in texts]
    return unescaped


def _loaded(events: list[bytes]) -> list[Any]:
    try:
        loaded: list[Any] = json.loads(b"[" + b",".join(events) + b"]")
    except (ValueError, RecursionError):
        return [_parsed(event) for event in events]
    return loaded


def _parsed(text: bytes) -> Any:
    """JSON; nothing of an event that was cut off."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return {}


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
