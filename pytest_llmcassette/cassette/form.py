"""The `form` of a recorded request: what Go's `Request.ParseForm` makes of its query and its urlencoded body."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from pytest_llmcassette.cassette.headers import content_type_of
from pytest_llmcassette.cassette.model import Headers

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_FORM = re.compile(rb"[A-Za-z0-9_.~%+*\[\]-]+=[^\s\"<>{}]*\Z")
_BAD_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")


def form_values(method: str, url: str, headers: Headers, body: bytes) -> Headers:
    """Values by name: those of an urlencoded body (POST, PUT, PATCH), then those of the query.

    `headers` have canonical names. As in Go (`net/url.ParseQuery`), a pair with a `;` or a broken percent escape is
    left out; bytes that are not UTF-8 are surrogate-escaped.
    """
    form: Headers = {}
    if method in _WITH_BODY and body:
        content_type = content_type_of(headers).partition(";")[0].strip().lower()
        if content_type == "application/x-www-form-urlencoded":
            _add(form, body.decode("utf-8", "surrogateescape"))
    _, question_mark, query = url.partition("#")[0].partition("?")
    if question_mark:
        _add(form, query)
    return form


def is_form(body: bytes, content_type: str) -> bool:
    """Whether a body is urlencoded; a recording may lack the content type."""
    if content_type:
        return "x-www-form-urlencoded" in content_type.lower()
    return _FORM.match(body) is not None


def _add(form: Headers, text: str) -> None:
    for pair in text.split("&"):
        if not pair or ";" in pair or _BAD_ESCAPE.search(pair):
            continue
        name, _, value = pair.partition("=")
        form.setdefault(unescape(name), []).append(unescape(value))


def unescape(text: str) -> str:
    """A name or value of a query or form; bytes that are no UTF-8 are surrogate-escaped."""
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
