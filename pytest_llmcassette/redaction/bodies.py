"""Secrets in bodies: which syntax a body has, and a check that costs a normal one next to nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pytest_llmcassette.cassette.form import is_form
from pytest_llmcassette.cassette.multipart import find_parts, is_multipart
from pytest_llmcassette.redaction.json_text import SERVERS, redact_json
from pytest_llmcassette.redaction.names import (
    CREDENTIAL_FIELDS,
    REDACTED,
    SECRET_FIELDS,
    TOKEN_REQUEST_FIELDS,
    SecretNames,
    spelled,
)
from pytest_llmcassette.redaction.pairs import innermost, redact_pairs, redact_urls_in

_PLACEHOLDER = REDACTED.encode()
_BY_FREQUENCY = "etaoinshrdlcumwfgypbvkjxqz"
_SHORTEST_TAIL = 3
"""A name's end of fewer letters (`id"`) would be found in every body."""
_ELEMENT = re.compile(rb"(<(?:[\w.-]+:)?([\w.-]+)(?:\s[^<>]*)?>)(\s*+<!\[CDATA\[.*?\]\]>\s*+|[^<]*+)(</)", re.DOTALL)
_SERVERS = tuple(f'"{name}"'.encode() for name in SERVERS)
_ADDRESS = re.compile(rb"""(//[^\s"'<>\\]*+)(?:(\\)[^nrt"])?""")
"""Up to an escape that is no blank."""
_ESCAPED_SLASH = re.compile(rb"(?<!\\)\\++/")
_BLANK = b"\xef\xbb\xbf \t\r\n"
_OPENING = (b"{", b"[")
_TOKEN_REQUEST = b'"grant_type"'
_EVENT_STREAM = (b"data:", b"event:", b"id:", b"retry:", b":")
BETWEEN_EVENTS = re.compile(r"(\r\n\r\n|\n\n|\r\r)")
_BETWEEN_EVENTS = re.compile(BETWEEN_EVENTS.pattern.encode())
_IS_TOKEN_REQUEST = re.compile(r"(?:^|&)(?:grant_type=|token_type_hint=|Action=AssumeRole)")


class BodyRedactor:
    """Replaces the values of secret fields in JSON, event streams, forms, multipart bodies and XML.

    `extra` are a user's names, beside the built-in ones. With `urls`, the names of secret parameters, it also looks at
    addresses, and at the headers and variables of MCP servers. Calling it with a body and its content type returns the
    body itself when nothing in it is secret.
    """

    def __init__(self, extra: tuple[str, ...] = (), urls: SecretNames | None = None) -> None:
        self._urls = urls
        self._names = SecretNames(extra)
        self._form_names = SecretNames(extra, TOKEN_REQUEST_FIELDS)
        self._tails = _searches_for({*SECRET_FIELDS, *CREDENTIAL_FIELDS, *self._names.exact})
        self._beyond_ascii = any(not name.isascii() for name in extra)
        self._escaped_ascii = re.compile(rb"\\u00[2-7]" if extra else rb"\\u00[4-7]")

    def __call__(self, body: bytes, content_type: str, found: set[str] | None = None) -> bytes:
        """`body` with its secrets replaced; `content_type` may be empty or wrong, the first bytes count too.

        What was replaced is added to `found`.
        """
        if not body:
            return body
        found = set() if found is None else found
        if body.startswith(_OPENING):
            return self._json(body, found)
        head, kind = _head(body), content_type.lower()
        if _is_event_stream(head, kind):
            return self._events(body, found)
        if head[:1] in _OPENING or "json" in kind:
            return self._json(body, found)
        if is_multipart(body, kind):
            return self._multipart(body, content_type, found)
        if is_form(body, kind):
            return self._form(body, found)
        if "xml" in kind or head.startswith(b"<"):
            return self._xml(body, found)
        return body

    def _json(self, text: bytes, found: set[str]) -> bytes:
        if not self.may_hold(text):
            return text
        return redact_json(text, self._form_names if _TOKEN_REQUEST in text else self._names, found, self._urls)

    def may_hold(self, text: bytes) -> bool:
        """Whether JSON, or a stream of it, may have a secret member; quick, and for most bodies it has none."""
        is_odd = _TOKEN_REQUEST in text or (self._urls is not None and _may_have_server(text, self._urls))
        return is_odd or self._has_secret_member(text)

    def _events(self, body: bytes, found: set[str]) -> bytes:
        """Each event by itself, so that one cut short does not decide how the next is read."""
        if not self.may_hold(body):
            return body
        pieces = _BETWEEN_EVENTS.split(body)
        redacted = [self._json(piece, found) for piece in pieces]
        return b"".join(redacted) if redacted != pieces else body

    def _has_secret_member(self, text: bytes) -> bool:
        """Costs a body without one next to nothing: a search that starts with a rare letter runs at memory speed."""
        lower = text.lower()
        for tail in self._tails:
            match = tail.search(lower)
            while match:
                name = lower[lower.rfind(b'"', 0, match.start()) + 1 : match.end(1)].decode("utf-8", "replace")
                if self._names.may_hide(name):
                    return True
                match = tail.search(lower, match.end())
        return self._beyond_ascii or (b"\\" in text and self._escaped_ascii.search(lower) is not None)

    def _form(self, body: bytes, found: set[str]) -> bytes:
        text = body.decode("utf-8", "surrogateescape")
        names = self._form_names if _IS_TOKEN_REQUEST.search(text) else self._names

        def within(value: str) -> str:
            return self._json(value.encode("utf-8", "surrogateescape"), found).decode("utf-8", "surrogateescape")

        redacted = redact_pairs(text, names, found, within)
        return body if redacted is text else redacted.encode("utf-8", "surrogateescape")

    def _multipart(self, body: bytes, content_type: str, found: set[str]) -> bytes:
        pieces: list[bytes] = []
        written = 0
        for part in find_parts(body, content_type) or ():
            content = body[part.start : part.end]
            if self._names.hide(innermost(part.name), content):
                redacted = _PLACEHOLDER if content.strip() else content
                found.add(content.strip().decode("utf-8", "surrogateescape"))
            else:
                redacted = self(content, part.headers.get("content-type", "text/plain"), found)
            if redacted != content:
                pieces += (body[written : part.start], redacted)
                written = part.end
        if not pieces:
            return body
        pieces.append(body[written:])
        return b"".join(pieces)

    def _xml(self, body: bytes, found: set[str]) -> bytes:
        def replace(match: re.Match[bytes]) -> bytes:
            content = match[3].strip()
            if not content or not self._names.hide(match[2].decode("utf-8", "surrogateescape"), content):
                return match[0]
            value = content.removeprefix(b"<![CDATA[").removesuffix(b"]]>")
            found.add(value.decode("utf-8", "surrogateescape"))
            return match[1] + match[3].replace(content, _PLACEHOLDER) + match[4]

        return _ELEMENT.sub(replace, body)


def _may_have_server(text: bytes, urls: SecretNames) -> bool:
    is_named = b'"value"' in text and (b'"name"' in text or b'"key"' in text)
    return is_named or any(name in text for name in _SERVERS) or _may_have_address(text, urls)


def _may_have_address(text: bytes, urls: SecretNames) -> bool:
    """Whether a URL in the text has a secret, as far as it has no escape in it."""
    if b"\\/" in text:
        text = _ESCAPED_SLASH.sub(b"/", text)
    for match in _ADDRESS.finditer(text):
        if match[2]:
            return True
        url = f"x:{match[1].decode('utf-8', 'surrogateescape')}"
        if ("?" in url or "@" in url) and redact_urls_in(url, urls, set()) != url:
            return True
    return False


def is_event_stream(body: bytes, content_type: str) -> bool:
    """Whether a body is made of events: a JSON document is none, whatever its content type says."""
    return _is_event_stream(_head(body), content_type.lower())


def _head(body: bytes) -> bytes:
    # Some gateways send blank lines, and many, until a plain answer is ready.
    return body[:256].lstrip(_BLANK) or body.lstrip(_BLANK)[:256]


def _is_event_stream(head: bytes, kind: str) -> bool:
    return head[:1] not in _OPENING and ("event-stream" in kind or head.startswith(_EVENT_STREAM))


def _searches_for(names: Iterable[str]) -> tuple[re.Pattern[bytes], ...]:
    """Patterns that find the end of each name where a JSON member has it, from its rarest letter on; few, and fast."""
    tails: dict[str, set[str]] = {}
    for name in names:
        words = re.split("[_-]", name)
        tail = words.pop()
        while words and len(tail) < _SHORTEST_TAIL:
            tail = f"{words.pop()}_{tail}"
        rarest = max(range(len(tail)), key=lambda place: _BY_FREQUENCY.find(tail[place]))
        tails.setdefault(tail[rarest], set()).add(spelled(tail[rarest + 1 :]))
    return tuple(
        # Behind a backslash in JSON within a text.
        re.compile(f'({re.escape(letter)}(?:{"|".join(sorted(rests))}))\\\\*+"\\s*+:'.encode())
        for letter, rests in sorted(tails.items())
    )
