"""A request's own credentials, and their copies in what was answered ("Incorrect API key provided: ...")."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Set
from urllib.parse import quote, unquote, unquote_plus

from pytest_llmcassette.cassette.model import Headers
from pytest_llmcassette.placeholder_keys import is_placeholder
from pytest_llmcassette.redaction.names import REDACTED, is_secret_header
from pytest_llmcassette.redaction.pairs import pair_name

_SHORTEST = 8
_SHORTEST_WORD = 16
"""A key of letters in one case may be a stand-in that is also a word ("anything"): it would spoil answers."""

_SCHEMES = frozenset({"bearer", "basic", "token", "key", "apikey", "bot", "digest"})


def secrets_of(headers: Headers, url: str, secret_query: Set[str]) -> frozenset[str]:
    """The credentials in a live request's headers and URL that are long enough to be known again in an answer."""
    found: set[str] = set()
    for name, values in headers.items():
        if is_secret_header(name) and not name.lower().endswith("cookie"):
            for value in values:
                found.update(_credentials(value))
    front, _, query = url.partition("#")[0].partition("?")
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if value and pair_name(name) in secret_query:
            found.add(unquote_plus(value))
    authority = front.partition("//")[2].partition("/")[0]
    if "@" in authority:
        found.add(unquote(authority.rpartition("@")[0].partition(":")[2]))
    return frozenset(value for value in found if _is_secret(value))


def _credentials(value: str) -> set[str]:
    scheme, _, rest = value.strip().partition(" ")
    if not rest:
        return {scheme}
    if scheme.upper().startswith("AWS4-"):
        return {part.partition("=")[2] for part in rest.replace(",", " ").split() if part.startswith("Signature=")}
    if scheme.lower() not in _SCHEMES:
        return {value.strip()}
    found = {rest.strip()}
    if scheme.lower() == "basic":
        try:
            decoded = base64.b64decode(rest).decode("utf-8", "surrogateescape")
        except (binascii.Error, ValueError):
            return found
        found.add(decoded.partition(":")[2])
    return found


def _is_secret(value: str) -> bool:
    is_word = value.isalpha() and (value[1:].islower() or value.isupper())
    if len(value) < (_SHORTEST_WORD if is_word else _SHORTEST):
        return False
    return value != REDACTED and not is_placeholder(value)


def replace_echoes(text: bytes, secrets: Set[str]) -> bytes:
    """`text` without any of `secrets`, be it as it is, percent-encoded or escaped in JSON."""
    for secret in sorted(secrets, key=len, reverse=True):
        # The longest first: an escaped spelling holds the plain one, and half an escape would be left over.
        for spelling in sorted(_spellings(secret), key=len, reverse=True):
            if spelling in text:
                text = text.replace(spelling, REDACTED.encode())
    return text


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
    }
