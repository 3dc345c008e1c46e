"""Secrets in bodies: which syntax a body has, and a check that costs a normal one next to nothing."""

from __future__ import annotations

import re

from pytest_llmcassette.cassette.multipart import find_parts
from pytest_llmcassette.redaction.json_text import redact_json
from pytest_llmcassette.redaction.names import HEADER_FIELDS, REDACTED, SECRET_FIELDS, TOKEN_REQUEST_FIELDS
from pytest_llmcassette.redaction.pairs import redact_pairs

_PLACEHOLDER = REDACTED.encode()
# Of all the letters in the built-in names k is the rarest in text; two names without one have "se" in common, two more
# end alike. A search that starts with a literal runs at memory speed, so these passes cost less than the exact pattern.
_WITH_K = re.compile(rb'k(?:ey(?:id)?|en)"')
_WITHOUT_K = re.compile(rb'se(?:rtion|cret)"')
_HEADER_WITHOUT_K = b'authorization"'
_FORM = re.compile(rb"[A-Za-z0-9_.~%+*\[\]-]+=[^\s\"<>{}]*\Z")
_BLANK = b"\xef\xbb\xbf \t\r\n"
_EVENT_STREAM = (b"data:", b"event:", b"id:", b"retry:", b":")
_BETWEEN_EVENTS = re.compile(rb"(\r\n\r\n|\n\n|\r\r)")
_IS_TOKEN_REQUEST = re.compile(r"(?:^|&)(?:grant_type=|token_type_hint=|Action=AssumeRole)")


class BodyRedactor:
    """Replaces the values of secret fields in JSON, event streams, forms, multipart bodies and XML.

    `extra` are a user's names, beside the built-in ones. Calling it with a body and its content type returns the body
    itself when nothing in it is secret.
    """

    def __init__(self, extra: tuple[str, ...] = ()) -> None:
        added = {name.lower() for name in extra}
        self._names = frozenset(SECRET_FIELDS | HEADER_FIELDS | added)
        self._form_names = self._names | TOKEN_REQUEST_FIELDS
        self._extra = tuple(sorted(name.encode() + b'"' for name in added - SECRET_FIELDS - HEADER_FIELDS))
        self._beyond_ascii = any(not name.isascii() for name in added)
        escape = rb"\\u00[2-7]" if added else rb"\\u00[4-7]"
        self._escaped_ascii = re.compile(escape)
        names = "|".join(re.escape(name) for name in sorted(self._names)).encode()
        self._member = re.compile(rb'"(?:' + names + rb')"\s*+:')
        self._element = re.compile(
            rb"(<(?:[\w.-]+:)?(" + names + rb")(?:\s[^<>]*)?>\s*)(<!\[CDATA\[.*?\]\]>|[^<]*?)(\s*</)",
            re.IGNORECASE | re.DOTALL,
        )

    def __call__(self, body: bytes, content_type: str, found: set[str] | None = None) -> bytes:
        """`body` with its secrets replaced; `content_type` may be empty or wrong, the first bytes count too.

        What was replaced is added to `found`.
        """
        if not body:
            return body
        found = set() if found is None else found
        # Some gateways send blank lines, and many, until a plain answer is ready.
        head = body[:256].lstrip(_BLANK) or body.lstrip(_BLANK)[:256]
        kind = content_type.lower()
        is_object = head[:1] in (b"{", b"[")
        if not is_object and ("event-stream" in kind or head.startswith(_EVENT_STREAM)):
            return self._events(body, found) if self._may_hold_secrets(body) else body
        if is_object or "json" in kind:
            return self._json(body, found) if self._may_hold_secrets(body) else body
        if kind.startswith("multipart/") or (not kind and head.startswith(b"--")):
            return self._multipart(body, content_type, found)
        if "x-www-form-urlencoded" in kind or (not kind and _FORM.match(body)):
            return self._form(body, found)
        if "xml" in kind or head.startswith(b"<"):
            return self._xml(body, found)
        return body

    def _may_hold_secrets(self, body: bytes) -> bool:
        lower = body.lower()
        return (
            _WITH_K.search(lower) is not None
            or _WITHOUT_K.search(lower) is not None
            or _HEADER_WITHOUT_K in lower
            or any(name in lower for name in self._extra)
            or self._beyond_ascii
            or (b"\\" in body and self._escaped_ascii.search(lower) is not None)
        )

    def _json(self, text: bytes, found: set[str]) -> bytes:
        return redact_json(text, self._names, found) if self._has_secret_member(text) else text

    def _events(self, body: bytes, found: set[str]) -> bytes:
        """Each event by itself, so that one cut short does not decide how the next is read."""
        if not self._has_secret_member(body):
            return body
        pieces = _BETWEEN_EVENTS.split(body)
        redacted = [self._json(piece, found) for piece in pieces]
        return b"".join(redacted) if redacted != pieces else body

    def _has_secret_member(self, text: bytes) -> bool:
        lower = text.lower()
        return (
            self._member.search(lower) is not None
            or self._beyond_ascii
            or self._escaped_ascii.search(lower) is not None
        )

    def _form(self, body: bytes, found: set[str]) -> bytes:
        text = body.decode("utf-8", "surrogateescape")
        names = self._form_names if _IS_TOKEN_REQUEST.search(text) else self._names
        redacted = redact_pairs(text, names, found)
        return body if redacted is text else redacted.encode("utf-8", "surrogateescape")

    def _multipart(self, body: bytes, content_type: str, found: set[str]) -> bytes:
        pieces: list[bytes] = []
        written = 0
        for part in find_parts(body, content_type) or ():
            content = body[part.start : part.end]
            if part.name.lower() in self._names:
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
            found.add(match[3].strip().decode("utf-8", "surrogateescape"))
            return match[1] + (_PLACEHOLDER if match[3] else b"") + match[4]

        return self._element.sub(replace, body)
