"""URLs and the values of headers, redacted once: a client sends the same ones with all its requests."""

from __future__ import annotations

import re
from functools import lru_cache

from pytest_llmcassette.provider import PLACEHOLDER_PREFIX
from pytest_llmcassette.redaction.json_text import in_parameters
from pytest_llmcassette.redaction.key_shapes import without_keys
from pytest_llmcassette.redaction.known_secrets import replace_in_request
from pytest_llmcassette.redaction.names import SecretNames
from pytest_llmcassette.redaction.pairs import redact_url, redact_urls_in
from pytest_llmcassette.redaction.spellings import in_bytes

_HOST = re.compile(r"^[^/?#]*//(?:[^/?#]*@)?([^/?#]*)")


@lru_cache(maxsize=128)
def address(url: str, query: SecretNames, secrets: frozenset[str]) -> tuple[str, str]:
    """A live request's URL and its host. A test mostly asks one URL again and again."""
    url = redact_url(url, query, None, in_parameters(set()))
    if secrets or PLACEHOLDER_PREFIX in url:
        url = in_bytes(url, lambda raw: replace_in_request(raw, secrets))
    host = _HOST.match(url)
    return url, host[1] if host else ""


# Clients send the same headers with all their requests.
@lru_cache(maxsize=256)
def by_shape(text: str, is_url: bool, query: SecretNames) -> tuple[str, frozenset[str]]:
    """A URL, or a text with some in it, without the keys that show; and what these were."""
    found: set[str] = set()
    text = redact_url(text, query, found, in_parameters(found)) if is_url else redact_urls_in(text, query, found)
    return keyless(text, found), frozenset(found)


@lru_cache(maxsize=256)
def without_copies_of(text: str, secrets: frozenset[str]) -> str:
    """A request's text without copies of what is known, however they are spelled."""
    if not secrets and PLACEHOLDER_PREFIX not in text:
        return text
    return in_bytes(text, lambda raw: replace_in_request(raw, secrets, thorough=True))


def keyless(text: str, found: set[str]) -> str:
    """A text without keys that show by their shape; these are added to `found`."""
    return in_bytes(text, lambda raw: without_keys(raw, found))
