"""Secret members of JSON, replaced in the text itself: nothing else of it changes, valid or not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from enum import Enum, auto

from pytest_llmcassette.redaction.names import (
    REDACTED,
    SecretNames,
    is_secret_header,
    is_secret_variable,
    looks_like_credential,
)
from pytest_llmcassette.redaction.pairs import redact_urls_in
from pytest_llmcassette.redaction.request_words import CONVERSATION, SAID, TOOLS

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[{}\[\]:,]', re.DOTALL)
_PLACEHOLDER = REDACTED.encode()
_SCHEMA = frozenset({"properties", "$defs", "definitions"})
"""Members whose own members are the names of a JSON schema: what such a name holds describes it."""
SERVERS = frozenset({"headers", "http_headers", "extra_headers", "env", "env_vars", "environment"})
"""Members of an MCP server, among the tools or elsewhere: names of headers and of variables."""
_ENDS_OF_URLS = ("url", "uri", "endpoint")
"""How the names of members end that hold an address."""
_ADDRESS = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*:\\?/\\?/[^\s\"<>]*\Z")
_NAMES = frozenset({"name", "key"})
"""Members that hold what the `value` beside them is called."""


_BUILT_IN = SecretNames()


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


_BESIDE_A_NAME = frozenset({_Rule.BY_NAME, _Rule.SERVER})
"""Where members are nobody's words."""


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
    named = ""
    for match in _TOKEN.finditer(text):
        token = match[0]
        first = token[0]
        if first == 0x22:
            if key is None and not (in_list and rule is _Rule.EVERYTHING):
                last = token
                continue
            content = token[1 : -1 if _is_closed(token) else None]
            is_named = key == "value" and named and rule in _BESIDE_A_NAME and _is_named_secret(named, content, names)
            if content not in (b"", _PLACEHOLDER) and (is_named or _is_secret(rule, key, content, names)):
                start = match.start() + 1
                pieces += (text[written:start], _PLACEHOLDER)
                written = start + len(content)
                value = _unescaped(content)
                if rule is not _Rule.EVERYTHING or looks_like_credential(value):
                    found.add(value)
            else:
                shown = _shown(rule, key, content, names, found, urls)
                if shown is not content:
                    pieces += (text[written : match.start() + 1], shown)
                    written = match.start() + 1 + len(content)
            if key in _NAMES:
                named = _unescaped(content)
            key = None
        elif first == 0x3A:
            if last is not None:
                key, last = _unescaped(last[1:-1]), None
        elif first in b"{[":
            open_containers.append((rule, in_list))
            rule, in_list = _inside(rule, key, names), first == 0x5B
            key = last = None
            named = ""
        else:
            if first != 0x2C and open_containers:
                rule, in_list = open_containers.pop()
                named = ""
            key = last = None
    if not pieces:
        return text
    pieces.append(text[written:])
    return b"".join(pieces)


def in_parameters(found: set[str]) -> Callable[[str], str]:
    """For the parameters of a URL, which may be JSON: redacts one; what was replaced is added to `found`."""

    def within(value: str) -> str:
        return redact_json(value.encode("utf-8", "surrogatepass"), _BUILT_IN, found).decode("utf-8", "surrogatepass")

    return within


def _is_secret(rule: _Rule, key: str | None, content: bytes, names: SecretNames) -> bool:
    if key is None or rule in (_Rule.EVERYTHING, _Rule.NOTHING):
        return rule is _Rule.EVERYTHING
    if rule is _Rule.TOOLS:
        return is_secret_header(key)
    # What looks like a credential is no letter written as six.
    value = _unescaped(content) if b"\\" in content else content
    return names.hide(key, value) or (rule is _Rule.SERVER and (is_secret_header(key) or is_secret_variable(key)))


def _is_named_secret(name: str, content: bytes, names: SecretNames) -> bool:
    """Whether a value is secret by the name that stands beside it: `{"name": "API_KEY", "value": "..."}`."""
    is_one = is_secret_header(name) or is_secret_variable(name)
    value = _unescaped(content)
    return names.hide(name, value) or (is_one and looks_like_credential(value))


def _shown(
    rule: _Rule, key: str | None, content: bytes, names: SecretNames, found: set[str], urls: SecretNames | None
) -> bytes:
    """A text that is no secret as a whole, without those that it holds: it is an address, or JSON again."""
    if urls is not None and b"://" in content.replace(b"\\", b"") and _may_hold_url(rule, key, content):
        plain = _unescaped(content)
        shown = redact_urls_in(plain, urls, found)
    elif content.startswith((b"{", b"[")) and b'\\"' in content and _may_hold_json(rule, key):
        plain = _unescaped(content)
        inner = redact_json(plain.encode("utf-8", "surrogatepass"), names, found, urls)
        shown = inner.decode("utf-8", "surrogatepass")
    else:
        return content
    return content if shown == plain else json.dumps(shown)[1:-1].encode()


def _may_hold_url(rule: _Rule, key: str | None, content: bytes) -> bool:
    if rule is _Rule.TOOLS:
        return True
    if rule is _Rule.NOTHING or key is None:
        return False
    return key.lower().endswith(_ENDS_OF_URLS) or (key not in SAID and _ADDRESS.match(content) is not None)


def _may_hold_json(rule: _Rule, key: str | None) -> bool:
    return rule in _BESIDE_A_NAME and key not in CONVERSATION and key not in SAID


def _inside(rule: _Rule, key: str | None, names: SecretNames) -> _Rule:
    """The rule for the container that `key` holds in one of this rule; a list's items have no key."""
    if rule in (_Rule.NOTHING, _Rule.EVERYTHING):
        return rule
    if key == TOOLS:
        return _Rule.TOOLS
    if key in CONVERSATION:
        return _Rule.NOTHING
    if rule is _Rule.TOOLS:
        return _Rule.SERVER if key in SERVERS else rule
    if key in SERVERS:
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
