"""Which response headers the code under test asks for, so that those which a recording leaves out can be named.

httpx compares the name that somebody asks for with every name that it was handed. One of these is ours, and listens.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from pytest_llmcassette.recorder.requests import RawHeaders
from pytest_llmcassette.transports.callers import is_of_a_library

_COOKIES = b"set-cookie"
_LOOK_UPS = frozenset({"__getitem__", "get", "get_list", "__contains__", "<listcomp>", "setdefault"})
"""What looks names up, in httpx and in what it inherits from."""


def listening(headers: RawHeaders, note: Callable[[str], None], *, to: frozenset[bytes], unless: bool) -> RawHeaders:
    """The same lines, which call `note` with the name, in lower case, of a header that the user's own code asks for.

    It is one of the names in `to`, or, with `unless`, one that is not among them. What libraries ask for by
    themselves is left out.
    """
    if not headers:
        return headers
    (name, value), *others = headers
    return [(_Listening(name, note, to, unless), value), *others]


class _Listening(bytes):
    """A header's name. Where it is copied or pickled it becomes plain bytes."""

    _note: Callable[[str], None]
    _names: frozenset[bytes]
    _unless: bool

    def __new__(cls, name: bytes, note: Callable[[str], None], names: frozenset[bytes], unless: bool) -> _Listening:
        made = super().__new__(cls, name)
        made._note, made._names, made._unless = note, names, unless
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return bytes, (bytes(self),)

    def lower(self) -> bytes:
        return _Listening(super().lower(), self._note, self._names, self._unless)

    def __eq__(self, other: object) -> bool:
        if type(other) is bytes and (other in self._names) is not self._unless and _is_asked_for_by_a_user():
            self._note(other.decode("latin-1"))
        return bytes.__eq__(self, other)

    __hash__ = bytes.__hash__

    def decode(self, *arguments: Any, **options: Any) -> str:
        # httpx goes over all names to fill a cookie jar: a client's own after each answer, a response's when asked.
        if _COOKIES in self._names and not self._unless and _wants_cookies():
            self._note(_COOKIES.decode())
        return super().decode(*arguments, **options)


def _is_asked_for_by_a_user() -> bool:
    """Whether user code has called the method of httpx's `Headers` that compares names now."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_name in _LOOK_UPS:
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
