"""Secret members of JSON, replaced in the text itself: nothing else of it changes, valid or not."""

from __future__ import annotations

import json
import re
from enum import Enum, auto

from pytest_llmcassette.redaction.names import (
    REDACTED,
    SecretNames,
    is_secret_header,
    is_secret_variable,
    looks_like_credential,
)
from pytest_llmcassette.redaction.pairs import redact_urls_in
from pytest_llmcassette.redaction.request_words import CONVERSATION, TOOLS

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[{}\[\]:,]', re.DOTALL)
_PLACEHOLDER = REDACTED.encode()
_SCHEMA = frozenset({"properties", "$defs", "definitions"})
"""Members whose own members are the names of a JSON schema: what such a name holds describes it."""
_OF_A_SERVER = frozenset({"headers", "env"})
"""Members of an MCP server, among the tools or elsewhere: names of headers and of variables."""
_ENDS_OF_URLS = ("url", "uri", "endpoint")
"""How the names of members end that hold an address."""


class _Rule(Enum):
    """What is secret among the members of a container."""

    BY_NAME = auto()
    """What `SecretNames` hide, and all that is inside an object or a list of such a name."""
    SCHEMA = auto()
    """The same for texts; objects and lists describe what their name is for."""
    SERVER = auto()
    """`BY_NAME`, and what the names of headers and variables say."""
    TOOLS = auto()
    """The credentials that an MCP server is called with: a schema's members are no texts."""
    NOTHING = auto()
    EVERYTHING = auto()


def redact_json(text: bytes, names: SecretNames, found: set[str], urls: SecretNames | None = None) -> bytes:
    """`text` with every non-empty string that is secret by its member's name replaced by `REDACTED`.

    With `urls`, the names of secret parameters, addresses are redacted too. What was replaced is added to `found`.

    At any depth, but not inside `request_words.CONVERSATION`, except for an MCP server's among tools. Follows the
    tokens, not the grammar, so that a body that was cut off, several documents in a row and the `data:` lines of an
    event stream are covered, and depth costs no recursion.
    """
    pieces: list[bytes] = []
    written = 0
    rule, in_list = _Rule.BY_NAME, False
    open_containers: list[tuple[_Rule, bool]] = []
    last: bytes | None = None
    key: str | None = None
    for match in _TOKEN.finditer(text):
        token = match[0]
        first = token[0]
        if first == 0x22:
            if key is None and not (in_list and rule is _Rule.EVERYTHING):
                last = token
                continue
            content = token[1 : -1 if _is_closed(token) else None]
            if content not in (b"", _PLACEHOLDER) and _is_secret(rule, key, content, names):
                start = match.start() + 1
                pieces += (text[written:start], _PLACEHOLDER)
                written = start + len(content)
                value = _unescaped(content)
                if rule is not _Rule.EVERYTHING or looks_like_credential(value):
                    found.add(value)
            elif urls is not None and b"://" in content.replace(b"\\", b"") and _may_hold_url(rule, key):
                shown = _without_secrets(content, urls, found)
                if shown != content:
                    pieces += (text[written : match.start() + 1], shown)
                    written = match.start() + 1 + len(content)
            key = None
        elif first == 0x3A:
            if last is not None:
                key, last = _unescaped(last[1:-1]), None
        elif first in b"{[":
            open_containers.append((rule, in_list))
            rule, in_list = _inside(rule, key, names), first == 0x5B
            key = last = None
        else:
            if first != 0x2C and open_containers:
                rule, in_list = open_containers.pop()
            key = last = None
    if not pieces:
        return text
    pieces.append(text[written:])
    return b"".join(pieces)


def _is_secret(rule: _Rule, key: str | None, content: bytes, names: SecretNames) -> bool:
    if key is None or rule in (_Rule.EVERYTHING, _Rule.NOTHING):
        return rule is _Rule.EVERYTHING
    if rule is _Rule.TOOLS:
        return is_secret_header(key)
    return names.hide(key, content) or (rule is _Rule.SERVER and (is_secret_header(key) or is_secret_variable(key)))


def _may_hold_url(rule: _Rule, key: str | None) -> bool:
    if rule is _Rule.TOOLS:
        return True
    return rule is not _Rule.NOTHING and key is not None and key.lower().endswith(_ENDS_OF_URLS)


def _without_secrets(url: bytes, secret: SecretNames, found: set[str]) -> bytes:
    plain = _unescaped(url)
    shown = redact_urls_in(plain, secret, found)
    return url if shown == plain else json.dumps(shown)[1:-1].encode()


def _inside(rule: _Rule, key: str | None, names: SecretNames) -> _Rule:
    """The rule for the container that `key` holds in one of this rule; a list's items have no key."""
    if rule in (_Rule.NOTHING, _Rule.EVERYTHING):
        return rule
    if key == TOOLS:
        return _Rule.TOOLS
    if key in CONVERSATION:
        return _Rule.NOTHING
    if rule is _Rule.TOOLS:
        return _Rule.SERVER if key in _OF_A_SERVER else rule
    if key in _OF_A_SERVER:
        return _Rule.SERVER
    if key in _SCHEMA:
        return _Rule.SCHEMA
    return _Rule.EVERYTHING if rule in (_Rule.BY_NAME, _Rule.SERVER) and key in names else _Rule.BY_NAME


def _is_closed(token: bytes) -> bool:
    """Whether a string token has its closing quote; only the last of a text that was cut off has none."""
    if len(token) < 2 or not token.endswith(b'"'):
        return False
    content = token[1:-1]
    return (len(content) - len(content.rstrip(b"\\"))) % 2 == 0


def _unescaped(content: bytes) -> str:
    if b"\\" in content:
        try:
            return str(json.loads(b'"' + content + b'"'))
        except ValueError:
            pass  # Not JSON: then it is what its bytes say.
    return content.decode("utf-8", "surrogateescape")
