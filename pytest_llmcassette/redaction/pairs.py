"""Secrets in URLs and forms, replaced in place."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote, unquote, unquote_plus

from pytest_llmcassette.redaction.names import REDACTED, SecretNames

_USERINFO = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*:)?//([^/?#]*)@")
_BRACKETS = re.compile(r"[\[\]]+")
_URL_IN_TEXT = re.compile(r"""[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]+""")


def pair_name(name: str) -> str:
    """The name of a query or form field, unescaped and in lower case; of `user[password]` and `password[]` the last."""
    return innermost(_unescaped(name).lower())


def innermost(name: str) -> str:
    """What a value is called that has names in brackets."""
    if not name.endswith("]"):
        return name
    return next((word for word in reversed(_BRACKETS.split(name)) if word), name)


def _unescaped(text: str) -> str:
    return unquote_plus(text) if "%" in text or "+" in text else text


def redact_pairs(text: str, secret: SecretNames, found: set[str], within: Callable[[str], str] | None = None) -> str:
    """`a=1&key=x` with the non-empty values of `secret` names replaced by `REDACTED`.

    What was replaced is added to `found`. In other values that are URLs their secrets are replaced, and `within` is
    asked for those that are JSON.
    """
    pairs = text.split("&")
    changed = False
    for index, pair in enumerate(pairs):
        name, equals, value = pair.partition("=")
        if not value or value == REDACTED:
            continue
        plain = shown = _unescaped(value)
        if secret.hide(pair_name(name), plain):
            found.add(plain)
            shown = REDACTED
        elif "://" in plain and ("?" in plain or "@" in plain):
            shown = redact_url(plain, secret, found)
        elif within is not None and plain.startswith(("{", "[")):
            shown = within(plain)
        if shown is not plain and shown != plain:
            pairs[index] = name + equals + (REDACTED if shown == REDACTED else quote(shown, safe=""))
            changed = True
    return "&".join(pairs) if changed else text


def redact_url(
    url: str, secret: SecretNames, found: set[str] | None = None, within: Callable[[str], str] | None = None
) -> str:
    """`url` with its user information and the values of `secret` parameters replaced, in the fragment too.

    What was replaced is added to `found`: of the user information the password, or a name without one. `within` as in
    `redact_pairs`.
    """
    found = set() if found is None else found
    if "@" in url:
        found |= passwords(url)
        url = _USERINFO.sub(lambda match: f"{match[1] or ''}//{REDACTED}@", url)
    if "?" not in url and "#" not in url:
        return url
    front, hash_mark, fragment = url.partition("#")
    path, question_mark, query = front.partition("?")
    query, fragment = (redact_pairs(part, secret, found, within) for part in (query, fragment))
    return path + question_mark + query + hash_mark + fragment


def redact_urls_in(text: str, secret: SecretNames, found: set[str]) -> str:
    """A header's value with every absolute URL in it redacted; what was replaced is added to `found`."""
    if "://" not in text:
        return text
    return _URL_IN_TEXT.sub(lambda match: redact_url(match[0], secret, found), text)


def passwords(url: str) -> set[str]:
    """What a URL's user information holds: a name without a password is the key."""
    authority = re.split("[/?#]", url.partition("//")[2], maxsplit=1)[0]
    user, _, password = authority.rpartition("@")[0].partition(":")
    return {unquote(password or user)} - {REDACTED} if "@" in authority else set()
