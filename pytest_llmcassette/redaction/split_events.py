"""Secrets that a stream gives out bit by bit, a few letters with each event: nobody would find them in its bytes, but
whoever puts the answer together has them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from pytest_llmcassette.redaction.names import REDACTED
from pytest_llmcassette.redaction.stream import Stream

_EVENT = re.compile(rb"^(?:data:)?[ \t]*(\{.*\})[ \t]*\r?$", re.MULTILINE)
_Path = tuple[str | int, ...]


def _may_be_split(stream: Stream, secrets_in: Callable[..., set[str]]) -> bool:
    """Whether there is anything to be found: quick, and nearly always no."""
    if len(stream.events) < 2:
        return False
    if not stream.is_plain:
        return True
    try:
        texts = stream.texts()
    except RecursionError:
        return True
    # What is the same in every event is an id, a model, a kind.
    varied = ("".join(pieces) for pieces in texts if pieces.count(pieces[0]) < len(pieces))
    return bool(secrets_in(*[whole for whole in varied if len(whole) >= len(REDACTED)]))


def without_split(body: bytes, stream: Stream, secrets_in: Callable[..., set[str]]) -> bytes:
    """A stream of JSON events, one a line, without those secrets that begin in one event and end in a later one.

    `stream` is made of the `body`; which is returned itself when nothing is found.
    `secrets_in` tells those of some texts. Texts belong together that are in the same place of their events.
    """
    if not _may_be_split(stream, secrets_in):
        return body
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
        # The longest first: of one that holds another nothing is left.
        for secret in sorted(secrets_in(whole), key=len, reverse=True):
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
