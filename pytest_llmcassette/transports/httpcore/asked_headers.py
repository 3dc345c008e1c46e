"""Which response headers the code under test asks for, so that those which a recording leaves out can be named.

httpx compares the name that somebody asks for with every name that it was handed. One of these is ours, and listens.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from pytest_llmcassette.recorder.requests import RawHeaders
from pytest_llmcassette.transports.callers import is_of_a_library

_COOKIES = b"set-cookie"


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
        if _COOKIES in self._names and not self._unless and _is_asked_for_by_a_user(through="cookies"):
            self._note(_COOKIES.decode())
        return super().decode(*arguments, **options)


def _is_asked_for_by_a_user(through: str = "") -> bool:
    """Whether the nearest frame outside httpx and the standard library is a user's; `through` names a function of httpx
    that has to lie between."""
    frame, found = sys._getframe(2), not through
    while frame.f_back is not None:
        file = frame.f_code.co_filename
        if not is_of_a_library(file):
            return found
        module = str(frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] in ("httpx", "httpx2"):
            found = found or frame.f_code.co_name == through
        elif "site-packages" in file or "dist-packages" in file:
            return False
        frame = frame.f_back
    return False
