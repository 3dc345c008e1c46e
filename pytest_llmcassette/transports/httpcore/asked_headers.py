"""Which response headers the code under test asks for, so that those which a recording leaves out can be named.

httpx compares the name that somebody asks for with every name that it was handed. One of these is ours, and listens.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from types import FrameType
from typing import Any

from pytest_llmcassette.recorder.requests import RawHeaders
from pytest_llmcassette.transports.callers import is_of_a_library

_COOKIES = b"set-cookie"
_BY_HTTPX = frozenset({b"content-encoding", b"location", b"set-cookie2", b"transfer-encoding"})
"""What httpx itself asks every answer for. No switch brings one of these back to a replay."""
_LOOK_UPS = frozenset({"__getitem__", "get", "get_list", "__contains__", "<listcomp>", "setdefault"})
"""What looks names up, in httpx and in what it inherits from."""
_READERS = _LOOK_UPS | {"__iter__", "__len__", "__bool__", "items", "keys", "values"}
"""What goes over a jar for somebody who reads it."""


def listening(
    headers: RawHeaders, note: Callable[[str], None], hears: Callable[[bytes], bool], *, cookies: bool = False
) -> RawHeaders:
    """The same lines, which call `note` with the name of a header that user code asks for, where `hears` says so.

    Both get names in lower case. What libraries ask for by themselves is left out. `cookies`: a look at all cookies is
    one at their header.
    """
    if not headers:
        return headers
    name, value = headers[0]
    listener = (_ListeningForCookies if cookies else _Listening)(name)
    listener.told = note, hears
    return [(listener, value), *headers[1:]]


_LISTENS = "_llmcassette_note"
"""Where a jar of cookies that listens has whom it tells."""


class _Listening(bytes):
    """A header's name. Where it is copied or pickled it becomes plain bytes."""

    told: tuple[Callable[[str], None], Callable[[bytes], bool]]
    is_lower = False

    def __reduce__(self) -> tuple[Any, ...]:
        return bytes, (bytes(self),)

    def lower(self) -> bytes:
        if self.is_lower:
            return self
        lower = type(self)(super().lower())
        lower.told, lower.is_lower = self.told, True
        return lower

    def __eq__(self, other: object) -> bool:
        if type(other) is bytes and other not in _BY_HTTPX:
            note, hears = self.told
            if _is_asked_for_by_a_user() and hears(other):
                note(other.decode("latin-1"))
        return bytes.__eq__(self, other)

    __hash__ = bytes.__hash__


class _ListeningForCookies(_Listening):
    def decode(self, *arguments: Any, **options: Any) -> str:
        # httpx goes over all names to fill a cookie jar: a client's own after each answer, a response's when asked.
        if _wants_cookies():
            self.told[0](_COOKIES.decode())
        else:
            _listen_to_jar(self.told[0])
        return super().decode(*arguments, **options)


def _is_asked_for_by_a_user(methods: frozenset[str] = _LOOK_UPS) -> bool:
    """Whether user code has called the method of httpx's `Headers` or `Cookies` that compares or reads names now."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_name in methods:
        frame = frame.f_back
    return frame is not None and not is_of_a_library(frame.f_code.co_filename)


def _wants_cookies() -> bool:
    """Whether user code has called httpx's `Response.cookies`, which goes over the headers now."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_name != "cookies" and is_of_a_library(frame.f_code.co_filename):
        frame = frame.f_back
    caller = None if frame is None else frame.f_back
    return (
        frame is not None
        and caller is not None
        and is_of_a_library(frame.f_code.co_filename)
        and not is_of_a_library(caller.f_code.co_filename)
    )


def _listen_to_jar(note: Callable[[str], None]) -> None:
    """Where a client takes the cookies of an answer into its jar, let the jar tell who reads it from now on."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_name != "make_cookies" and is_of_a_library(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None or not is_of_a_library(frame.f_code.co_filename):
        return
    jar: Any = frame.f_locals["self"]
    if not hasattr(jar, _LISTENS):
        jar.__class__ = _listening_jar(type(jar))  # type: ignore[arg-type]
    setattr(jar, _LISTENS, note)


@lru_cache(maxsize=8)
def _listening_jar(jar: type) -> type:
    """httpx and httpx2 have jars of different classes."""

    def read(self: Any) -> Iterator[Any]:
        if _is_asked_for_by_a_user(_READERS):
            getattr(self, _LISTENS)(_COOKIES.decode())
        found: Iterator[Any] = jar.__iter__(self)  # type: ignore[attr-defined]
        return found

    return type("ListeningJar", (jar,), {"__iter__": read})
