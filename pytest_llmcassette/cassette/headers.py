"""Header names as Go writes them, and the one value that tells how to read a body."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


@lru_cache(maxsize=1024)
def canonical(name: str) -> str:
    """A header's name in Go's canonical case: `x-request-id` -> `X-Request-Id`.

    As Go's `textproto.CanonicalMIMEHeaderKey`: a name that is no HTTP token (a space, a non-ASCII letter) stays.
    """
    if not name or not _TOKEN.issuperset(name):
        return name
    return "-".join(word[:1].upper() + word[1:].lower() for word in name.split("-"))


def content_type_of(headers: Mapping[str, list[str]]) -> str:
    """The value of `Content-Type` among headers with canonical names, empty without one."""
    return (headers.get("Content-Type") or ("",))[0]
