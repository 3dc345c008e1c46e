"""The secrets that a run has met, and their copies elsewhere: in an answer ("Incorrect API key provided: ..."),
in an error's message, in the request's own path or body.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Set
from functools import lru_cache
from threading import Lock
from urllib.parse import unquote, unquote_plus

from pytest_llmcassette.cassette.model import Headers
from pytest_llmcassette.provider import PLACEHOLDER, is_placeholder
from pytest_llmcassette.redaction.json_text import in_parameters
from pytest_llmcassette.redaction.names import (
    REDACTED,
    SecretNames,
    is_secret_header,
    is_secret_variable,
    looks_like_credential,
)
from pytest_llmcassette.redaction.pairs import pair_name, passwords, redact_url
from pytest_llmcassette.redaction.spellings import in_bytes, without_copies

_SHORTEST = 8
_SHORTEST_WORD = 16
"""A key of letters in one case may be a stand-in that is also a word ("anything"): it would spoil answers."""

_SHORTEST_MIXED = 12
_KINDS = tuple(map(re.compile, ("[a-z]", "[A-Z]", "[0-9]", "[^A-Za-z0-9]")))
"""Of characters: what has three of these is no word."""

_LINE_ENDS = re.compile(r"(?:\r|\n|\\r|\\n)+")
_QUOTED = re.compile(r'="([^"]*)"')
"""The key in `Token token="abc"`."""

_SUBPROTOCOLS = "sec-websocket-protocol"
_SCHEMES = frozenset({"bearer", "basic", "token", "key", "apikey", "bot", "digest"})


_learning = Lock()


class KnownSecrets:
    """What a run knows to be secret, learned from its requests and from the environment, and any text without it.

    It only grows: `values` is replaced as a whole, so that it may be read, and kept, while another thread learns.
    Values too short to be known again (less than 8 characters, a word of less than 16) and stand-ins are never learned.
    """

    __slots__ = ("values",)

    def __init__(self, values: Set[str] = frozenset()) -> None:
        self.values = frozenset(values)

    def learn(self, values: Set[str]) -> bool:
        """Whether any of these was new."""
        if values <= self.values:
            return False
        lines = {line for value in values for line in _lines(value)}
        new = {value for value in values | lines if _is_secret(value)} - self.values
        if new:
            with _learning:
                self.values |= new
        return bool(new)

    def learn_headers(self, headers: Headers) -> bool:
        """Credentials, and the parts that an answer may name: `Bearer` left out, `Basic` decoded."""
        found: set[str] = set()
        for name, values in headers.items():
            if is_secret_header(name):
                for value in values:
                    found |= _cookies(value) if name.lower().endswith("cookie") else _credentials(value)
            elif name.lower() == _SUBPROTOCOLS:
                # Where a browser's client, which can set no other header, has its key: `openai-insecure-api-key.sk-...`
                offered = {offer.strip().partition(".")[2] for value in values for offer in value.split(",")}
                found |= {key for key in offered if looks_like_credential(key)}
        return self.learn(found)

    def learn_url(self, url: str, secret_query: SecretNames) -> bool:
        """The password in a URL and the values of its `secret_query` parameters."""
        if "?" not in url and "@" not in url:
            return False
        found: set[str] = set()
        front, _, query = url.partition("#")[0].partition("?")
        for pair in query.split("&") if query else ():
            name, _, value = pair.partition("=")
            if secret_query.hide(pair_name(name), value):
                found |= {unquote_plus(value), unquote(value)}
            elif "://" in (inner := unquote_plus(value)):
                redact_url(inner, secret_query, found)
            elif inner.startswith(("{", "[")):
                in_parameters(found)(inner)
        return self.learn(found | passwords(front))

    def learn_fields(self, values: Set[str]) -> bool:
        """The values of a body's secret fields; a `Bearer` or the like is left out."""
        return self.learn({part for value in values for part in {value, *_credentials(value)}})

    def learn_answer(self, values: Set[str]) -> bool:
        """Those of an answer's secret fields that look like credentials: others may be words of the conversation."""
        parts = {part for value in values for part in (value, *_lines(value))}
        return self.learn({part for part in parts if looks_like_credential(part)})

    def learn_environment(self) -> bool:
        """The keys in the variables of this process."""
        return self.learn(_keys_of_environment())

    def without(self, text: bytes) -> bytes:
        """`text` without what is known, however it is spelled there (see `spellings`)."""
        return without_copies(text, self.values, thorough=True) if self.values else text

    def text_without(self, text: str) -> str:
        """The same for a text of the network's or the server's (an error's message, a reason phrase)."""
        if not self.values or not text:
            return text
        return in_bytes(text, self.without)


def _lines(value: str) -> list[str]:
    """Those of a key of several, which are shown one by one; in JSON they are joined by an escape."""
    return [line for line in _LINE_ENDS.split(value) if len(line) >= _SHORTEST_WORD and line.strip("- ").find(" ") < 0]


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


def _keys_of_environment() -> frozenset[str]:
    # To decode all variables takes longer than to see that they are what they were with the request before.
    raw = getattr(os.environ, "_data", os.environ)
    return _keys_in(frozenset(raw.items()))


@lru_cache(maxsize=8)
def _keys_in(environment: frozenset[tuple[object, object]]) -> frozenset[str]:
    """The values of all variables that are named like keys and no words, and the passwords in URLs."""
    found: set[str] = set()
    for name, value in os.environ.items():
        if is_secret_variable(name) and not _may_be_a_word(value):
            found.add(value)
        if "://" in value:
            found |= {password for password in passwords(value) if not _may_be_a_word(password)}
    return frozenset(found)


def replace_in_request(text: bytes, secrets: frozenset[str], *, thorough: bool = False) -> bytes:
    """A request's URL or body without any of `secrets`, but for those so short that they may be words: it decides a
    match. Stand-ins are replaced too, so that a replay matches what was recorded with the real key.

    `thorough` as for `without_copies`.
    """
    if PLACEHOLDER.search(text):
        text = PLACEHOLDER.sub(REDACTED.encode(), text)
    return without_copies(text, _no_words(secrets), thorough=thorough) if secrets else text


@lru_cache(maxsize=64)
def _no_words(secrets: frozenset[str]) -> frozenset[str]:
    return frozenset(secret for secret in secrets if not _may_be_a_word(secret))


def _may_be_a_word(value: str) -> bool:
    """Fewer than 16 characters may be a stand-in, made up by hand; fewer than 12 of any kind."""
    if len(value) >= _SHORTEST_WORD:
        return False
    return len(value) < _SHORTEST_MIXED or sum(kind.search(value) is not None for kind in _KINDS) < len(_KINDS) - 1
