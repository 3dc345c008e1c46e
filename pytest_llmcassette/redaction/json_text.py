"""Secret members of JSON, replaced in the text itself: nothing else of it changes, valid or not."""

from __future__ import annotations

import json
import re

from pytest_llmcassette.redaction.names import CONVERSATION, HEADER_FIELDS, REDACTED, TOOLS

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[{}\[\]:,]', re.DOTALL)
_PLACEHOLDER = REDACTED.encode()
_NOTHING: frozenset[str] = frozenset()


def redact_json(text: bytes, secret: frozenset[str], found: set[str]) -> bytes:
    """`text` with every non-empty string value of a `secret` member (lower-case names) replaced by `REDACTED`.

    What was replaced is added to `found`.

    At any depth, but not inside `names.CONVERSATION`, except for `names.HEADER_FIELDS` among tools. Follows the tokens,
    not the grammar, so that a body that was cut off, several documents in a row and the `data:` lines of an event
    stream are covered, and depth costs no recursion.
    """
    pieces: list[bytes] = []
    written = 0
    names = secret
    open_containers: list[frozenset[str]] = []
    last: bytes | None = None
    key: str | None = None
    member = b""
    for match in _TOKEN.finditer(text):
        token = match[0]
        first = token[0]
        if first == 0x22:
            if key is None:
                last = token
                continue
            if key in names:
                start = match.start() + 1
                end = match.end() - (1 if _is_closed(token) else 0)
                if text[start:end] not in (b"", _PLACEHOLDER):
                    pieces += (text[written:start], _PLACEHOLDER)
                    written = end
                    found.add(_unescaped(text[start:end]))
            key = None
        elif first == 0x3A:
            if last is not None:
                key, member = _name(last), last[1:-1]
                last = None
        elif first in b"{[":
            open_containers.append(names)
            if key is not None and member in CONVERSATION:
                names = names & HEADER_FIELDS if member == TOOLS else _NOTHING
            key = last = None
        else:
            if first != 0x2C and open_containers:
                names = open_containers.pop()
            key = last = None
    if not pieces:
        return text
    pieces.append(text[written:])
    return b"".join(pieces)


def _is_closed(token: bytes) -> bool:
    """Whether a string token has its closing quote; only the last of a text that was cut off has none."""
    if len(token) < 2 or not token.endswith(b'"'):
        return False
    content = token[1:-1]
    return (len(content) - len(content.rstrip(b"\\"))) % 2 == 0


def _name(token: bytes) -> str:
    return _unescaped(token[1:-1]).lower()


def _unescaped(content: bytes) -> str:
    if b"\\" in content:
        try:
            return str(json.loads(b'"' + content + b'"'))
        except ValueError:
            pass  # Not JSON: then it is what its bytes say.
    return content.decode("utf-8", "surrogateescape")
