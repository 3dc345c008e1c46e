"""URLs as they are compared: two spellings of one address are equal."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import NamedTuple
from urllib.parse import quote

from pytest_llmcassette.cassette.form import unescape
from pytest_llmcassette.redaction.pairs import pair_name

_URL = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?", re.DOTALL)
_HOST_AND_PORT = re.compile(r"(\[[^\]]*\]|[^:]*):?(.*)", re.DOTALL)
_DEFAULT_PORTS = {"http": "80", "ws": "80", "https": "443", "wss": "443"}
_ESCAPE = re.compile("%([0-9A-Fa-f]{2})")
# RFC 3986: unreserved characters mean the same escaped and not. A colon does too, after the first slash: Bedrock's
# model names are sent both ways.
_SAME_ESCAPED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:")
_KEEP = "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~"


class UrlParts(NamedTuple):
    """A URL's parts, normalised; `query` are unescaped (name, value) pairs in a fixed order, without secret ones."""

    scheme: str
    host: str
    port: str
    path: str
    query: tuple[tuple[str, str], ...]


def url_parts(url: str, secret_query: Container[str]) -> UrlParts:
    """Take any text apart; user information and fragment are left out, `secret_query` holds lower-case names."""
    found = _URL.match(url)
    assert found is not None, "every part of the pattern may be empty"
    scheme = (found[1] or "").lower()
    address = _HOST_AND_PORT.fullmatch((found[2] or "").rpartition("@")[2])
    assert address is not None, "both parts of the pattern may be empty"
    pairs = []
    for pair in (found[4] or "").split("&"):
        name, _, value = pair.partition("=")
        if pair and pair_name(name) not in secret_query:
            pairs.append((unescape(name), unescape(value)))
    pairs.sort()
    return UrlParts(
        scheme, address[1].lower(), address[2] or _DEFAULT_PORTS.get(scheme, ""), _path(found[3]), tuple(pairs)
    )


def _path(path: str) -> str:
    if "%" in path:
        path = _ESCAPE.sub(_normal_escape, path)
    if not path.isascii() or " " in path:
        path = quote(path.encode("utf-8", "surrogateescape"), safe=_KEEP)
    return path or "/"


def _normal_escape(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in _SAME_ESCAPED else match[0].upper()
