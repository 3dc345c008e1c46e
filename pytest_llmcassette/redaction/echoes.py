"""The credentials that requests carry, and their copies elsewhere: in an answer ("Incorrect API key provided: ..."),
in an error's message, in the request's own path or body.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Set
from functools import lru_cache
from urllib.parse import quote, unquote, unquote_plus

from pytest_llmcassette.cassette.model import Headers
from pytest_llmcassette.provider import PLACEHOLDER, is_placeholder
from pytest_llmcassette.redaction.names import REDACTED, is_secret_header
from pytest_llmcassette.redaction.pairs import pair_name

_SHORTEST = 8
_SHORTEST_WORD = 16
"""A key of letters in one case may be a stand-in that is also a word ("anything"): it would spoil answers."""

_QUOTED = re.compile(r'="([^"]*)"')
"""The key in `Token token="abc"`."""

_SCHEMES = frozenset({"bearer", "basic", "token", "key", "apikey", "bot", "digest"})


def secrets_of(headers: Headers, url: str, secret_query: Set[str]) -> frozenset[str]:
    """The credentials in a live request's headers and URL that are long enough to be known again in an answer."""
    found: set[str] = set()
    for name, values in headers.items():
        if is_secret_header(name):
            for value in values:
                found.update(_cookies(value) if name.lower().endswith("cookie") else _credentials(value))
    front, _, query = url.partition("#")[0].partition("?")
    for pair in query.split("&") if query else ():
        name, _, value = pair.partition("=")
        if value and pair_name(name) in secret_query:
            found.update({unquote_plus(value), unquote(value)})
    authority = front.partition("//")[2].partition("/")[0]
    if "@" in authority:
        found.add(unquote(authority.rpartition("@")[0].partition(":")[2]))
    return frozenset(value for value in found if _is_secret(value))


def secrets_among(values: Set[str]) -> frozenset[str]:
    """Of the values of a body's secret fields those that are long enough, a `Bearer` or the like left out."""
    return frozenset(part for value in values for part in {value, *_credentials(value)} if _is_secret(part))


def _cookies(value: str) -> set[str]:
    """Cookies hold settings too, so that only long values are taken for credentials."""
    values = (cookie.partition("=")[2].strip() for cookie in value.split(";"))
    return {value for value in values if len(value) >= _SHORTEST_WORD}


# One client sends the same header with every request.
@lru_cache(maxsize=64)
def _credentials(value: str) -> set[str]:
    scheme, _, rest = value.strip().partition(" ")
    if not rest:
        return {scheme}
    if scheme.upper().startswith("AWS4-"):
        fields = dict(part.partition("=")[::2] for part in rest.replace(",", " ").split())
        # The credential is the access key's id, a slash and what it is used for.
        return {fields.get("Signature", ""), fields.get("Credential", "").partition("/")[0]}
    found = {rest.strip()}
    if scheme.lower() not in _SCHEMES:
        # "Api-Key abc" as a provider's own scheme, or words that are the key together.
        found.add(value.strip())
    if scheme.lower() != "digest":
        found.update(_QUOTED.findall(rest))
    if scheme.lower() == "basic":
        try:
            decoded = base64.b64decode(rest).decode("utf-8", "surrogateescape")
        except (binascii.Error, ValueError):
            return found
        user, _, password = decoded.partition(":")
        # Some APIs take the key as the user's name and no password.
        found.add(password or user)
    return found


def _is_secret(value: str) -> bool:
    is_word = value.isalpha() and (value[1:].islower() or value.isupper())
    if len(value) < (_SHORTEST_WORD if is_word else _SHORTEST):
        return False
    return value != REDACTED and not is_placeholder(value)


def replace_in_request(text: bytes, secrets: Set[str]) -> bytes:
    """A request's URL or body without any of `secrets`, but for those so short that they may be words: it decides a
    match. Stand-ins are replaced too, so that a replay matches what was recorded with the real key.
    """
    if PLACEHOLDER.search(text):
        text = PLACEHOLDER.sub(REDACTED.encode(), text)
    return _without(text, _needles(frozenset(secrets), _SHORTEST_WORD)) if secrets else text


def replace_echoes(text: bytes, secrets: Set[str]) -> bytes:
    """`text` without any of `secrets`, be it as it is, percent-encoded or escaped in JSON."""
    return _without(text, _needles(frozenset(secrets), 0)) if secrets else text


def _without(text: bytes, needles: tuple[bytes, ...]) -> bytes:
    for needle in needles:
        if needle in text:
            text = text.replace(needle, REDACTED.encode())
    return text


@lru_cache(maxsize=64)
def _needles(secrets: frozenset[str], shortest: int) -> tuple[bytes, ...]:
    """What to look for, in this order. A run's requests mostly carry the same credentials."""
    return tuple(
        spelling
        for secret in sorted(secrets, key=len, reverse=True)
        if len(secret) >= shortest
        # The longest first: an escaped spelling holds the plain one, and half an escape would be left over.
        for spelling in sorted(_spellings(secret), key=len, reverse=True)
    )


def _spellings(secret: str) -> set[bytes]:
    raw = secret.encode("utf-8", "surrogateescape")
    if secret.isalnum() and secret.isascii():
        return {raw}
    escaped = json.dumps(secret)[1:-1]
    return {
        raw,
        escaped.encode(),
        escaped.replace("/", "\\/").encode(),
        escaped.replace("+", "\\u002B").encode(),
        escaped.replace("=", "\\u003d").encode(),
        quote(raw, safe="").encode(),
        quote(raw).encode(),
        # In a path, where these need no escape.
        quote(raw, safe="+=").encode(),
    }
