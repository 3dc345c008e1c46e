"""Which recorded request a live one was probably meant to be."""

from __future__ import annotations

from collections.abc import Sequence, Set

from pytest_llmcassette.cassette.form import is_form
from pytest_llmcassette.cassette.headers import content_type_of
from pytest_llmcassette.cassette.model import Request
from pytest_llmcassette.matching import Matcher
from pytest_llmcassette.matching.bodies import form_fields, json_value
from pytest_llmcassette.matching.json_values import Json

_MOST_WORDS = 400
"""Of one string: a long prompt is known by its beginning."""


def nearest(sent: Request, recorded: Sequence[tuple[Request, bool]], matcher: Matcher) -> int:
    """The position of the most similar request: by address, then by body, then one not played yet, then the first."""
    addresses = [_address_likeness(sent, request, matcher) for request, _ in recorded]
    best = max(addresses)
    candidates = [index for index, likeness in enumerate(addresses) if likeness == best]
    words = _words_of(sent, matcher)
    return max(
        candidates,
        key=lambda index: (_likeness(words, _words_of(recorded[index][0], matcher)), not recorded[index][1], -index),
    )


def _address_likeness(sent: Request, recorded: Request, matcher: Matcher) -> float:
    live, old = matcher.url(sent.url), matcher.url(recorded.url)
    return (
        (3 if sent.method == recorded.method else 0)
        + (2 if live.host == old.host else 0)
        + (1 if live.query == old.query else 0)
        + 4 * _likeness(set(enumerate(live.path.split("/"))), set(enumerate(old.path.split("/"))))
    )


def _likeness(one: Set[object], other: Set[object]) -> float:
    """0 for nothing in common, 1 for everything."""
    total = len(one) + len(other)
    return 2 * len(one & other) / total if total else 1.0


def _words_of(request: Request, matcher: Matcher) -> Set[object]:
    """A body's words, each with the names of the members it is in."""
    body = request.body
    if not body:
        return frozenset()
    try:
        value = json_value(body, matcher.ignored)
    except ValueError:
        if is_form(body, content_type_of(request.headers)):
            return frozenset(form_fields(body))
        return frozenset(body.split(maxsplit=_MOST_WORDS))
    words: set[object] = set()
    places: list[tuple[str, Json]] = [("", value)]
    for path, place in places:  # Grows while it is read: no recursion.
        if isinstance(place, dict):
            places.extend((f"{path}.{name}", child) for name, child in place.items())
        elif isinstance(place, list):
            places.extend((path, child) for child in place)
        elif isinstance(place, str):
            words.update((path, word) for word in place.split(maxsplit=_MOST_WORDS)[:_MOST_WORDS])
        else:
            words.add((path, str(place)))
    return words
