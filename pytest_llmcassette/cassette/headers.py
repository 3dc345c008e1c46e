"""Header names as Go writes them."""

from __future__ import annotations

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
