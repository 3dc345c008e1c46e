"""What a request's headers say: those to keep, those that snapshots show, and the credentials among them."""

from __future__ import annotations

from functools import lru_cache

from pytest_llmcassette.cassette.model import Headers
from pytest_llmcassette.recording import RawHeaders, canonical_headers
from pytest_llmcassette.redaction import Redactor

_Lines = tuple[tuple[bytes, bytes], ...]
_LENGTH = b"Content-Length"


def read_headers(
    redactor: Redactor, shown: frozenset[str], raw: RawHeaders, secrets: frozenset[str]
) -> tuple[Headers, Headers, frozenset[str]]:
    """The allow-listed headers and those named in `shown`, both redacted, and `secrets` with the headers' own added.

    A client sends the same lines with all its requests but for the length: they are read once.
    """
    lines = tuple([line for line in raw if line[0] != _LENGTH])
    if len(lines) != len(raw) and ("Content-Length" in shown or redactor.keeps_header("content-length")):
        lines = tuple(raw)
    kept, seen, known = _read(redactor, shown, lines, secrets)
    return _copied(kept), _copied(seen), known


@lru_cache(maxsize=128)
def _read(
    redactor: Redactor, shown: frozenset[str], lines: _Lines, secrets: frozenset[str]
) -> tuple[Headers, Headers, frozenset[str]]:
    headers = canonical_headers(list(lines))
    secrets |= redactor.secrets_of(headers, "")
    kept = redactor.without_echoes(redactor.request_headers(headers), secrets)
    seen = redactor.without_echoes({name: headers[name] for name in shown.intersection(headers)}, secrets)
    return kept, seen, secrets


def _copied(headers: Headers) -> Headers:
    return {name: list(values) for name, values in headers.items()}
