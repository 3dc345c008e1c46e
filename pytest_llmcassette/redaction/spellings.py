"""How a secret may be spelled where it comes back: as it is, escaped in one way or another, or within base64."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import quote

from pytest_llmcassette.redaction.names import REDACTED

_PLACEHOLDER = REDACTED.encode()
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_SHORTEST = 8
"""Fewer characters of base64 may come about by chance."""
_LEFT = re.compile(rb"[A-Za-z0-9+_-]*\Z")
_RIGHT = re.compile(rb"[A-Za-z0-9+_-]*(?:=|%3[Dd]){0,2}")
_LONGEST = 256
"""What stands before a secret in one piece of base64, a user's name mostly."""


def without_copies(text: bytes, secrets: frozenset[str], *, thorough: bool) -> bytes:
    """`text` without any of these: spelled as they are, percent-encoded or escaped in JSON.

    `thorough` also looks for copies that are escaped in HTML, in lower case or twice, and for pieces of base64 with
    one in them (`user:password`), which go as a whole.
    """
    for needle in _needles(secrets, thorough):
        if needle in text:
            text = text.replace(needle, _PLACEHOLDER)
    if thorough:
        for needle in _encoded(secrets):
            place = text.find(needle)
            while place >= 0:
                start, end = _around(text, place, place + len(needle))
                text = text[:start] + _PLACEHOLDER + text[end:]
                place = text.find(needle, start)
    return text


def _around(text: bytes, start: int, end: int) -> tuple[int, int]:
    """The piece of base64 that this is a part of."""
    left, right = _LEFT.search(text, max(0, start - _LONGEST), start), _RIGHT.match(text, end)
    return left.start() if left else start, right.end() if right else end


# A run's requests mostly carry the same credentials.
@lru_cache(maxsize=64)
def _needles(secrets: frozenset[str], thorough: bool) -> tuple[bytes, ...]:
    """What to look for, in this order."""
    return tuple(
        spelling
        for secret in sorted(secrets, key=len, reverse=True)
        # The longest first: an escaped spelling holds the plain one, and half an escape would be left over.
        for spelling in sorted(_spellings(secret, thorough), key=len, reverse=True)
    )


@lru_cache(maxsize=1024)
def _spellings(secret: str, thorough: bool) -> frozenset[bytes]:
    try:
        raw = secret.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = secret.encode("utf-8", "surrogatepass")
    if secret.isalnum() and secret.isascii():
        return frozenset((raw,))
    escaped = json.dumps(secret)[1:-1]
    percent = quote(raw, safe="")
    found = {
        raw,
        escaped.encode(),
        escaped.replace("/", "\\/").encode(),
        escaped.replace("+", "\\u002B").encode(),
        escaped.replace("=", "\\u003d").encode(),
        percent.encode(),
        quote(raw).encode(),
        # In a path, where these need no escape.
        quote(raw, safe="+=").encode(),
    }
    if thorough:
        found |= {_lower_escapes(one) for one in (percent, quote(raw), quote(raw, safe="+="))}
        found |= {quote(percent, safe="").encode(), json.dumps(escaped)[1:-1].encode()}
        if secret.isprintable():
            in_html = html.escape(secret)
            found |= {in_html.encode(), in_html.replace("&#x27;", "&#39;").encode()}
            found |= {html.escape(secret, quote=False).encode(), json.dumps(in_html)[1:-1].encode()}
        found |= {escaped.replace(sign, f"\\u{ord(sign):04x}").encode() for sign in "&<>'+=/"}
    return frozenset(found)


def _lower_escapes(text: str) -> bytes:
    return re.sub("%[0-9A-F]{2}", lambda escape: escape[0].lower(), text).encode()


@lru_cache(maxsize=64)
def _encoded(secrets: frozenset[str]) -> tuple[bytes, ...]:
    """What to look for of pieces of base64."""
    return tuple(needle for secret in sorted(secrets, key=len, reverse=True) for needle in _in_base64(secret))


@lru_cache(maxsize=1024)
def _in_base64(secret: str) -> tuple[bytes, ...]:
    """What of a secret is the same in any base64 that it is a part of: one for each place it may begin at."""
    raw = secret.encode("utf-8", "surrogateescape")
    found: dict[bytes, None] = {}
    for before, skipped in ((0, 0), (1, 2), (2, 3)):
        needle = base64.b64encode(bytes(before) + raw)[skipped : (before + len(raw)) * 8 // 6]
        if len(needle) >= _SHORTEST:
            found[needle] = found[needle.translate(_URL_SAFE)] = None
    return tuple(found)


def in_bytes(text: str, change: Callable[[bytes], bytes]) -> str:
    """A text changed by what changes bytes; whatever it holds is as it was."""
    try:
        return change(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # Half a character, as JSON can escape one.
        return change(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
