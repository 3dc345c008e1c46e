"""A request as the client sends it now, and as this run may remember it: redacted, its credentials known."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pytest_llmcassette.cassette.headers import canonical
from pytest_llmcassette.cassette.model import Headers, Interaction, Request
from pytest_llmcassette.errors import RequestRefused
from pytest_llmcassette.provider import find_placeholder
from pytest_llmcassette.redaction import Redactor

RawHeaders = list[tuple[bytes, bytes]]
PROTOCOL_HEADERS = frozenset({"Anthropic-Version", "Anthropic-Beta", "Openai-Beta"})
"""Request headers that choose between versions of an API: shown in snapshots, never written to the file."""
_Lines = tuple[tuple[bytes, bytes], ...]
_LENGTH = b"Content-Length"


@dataclass(slots=True)
class LiveRequest:
    """A request as the client sends it now, nothing redacted."""

    method: str
    url: str
    headers: RawHeaders
    body: bytes


@dataclass(slots=True, eq=False)
class SentRequest:
    """A request of this run, redacted. `interaction` is what answered it, None while it is under way or after a miss.

    `headers` are the allow-listed ones and the protocol's (anthropic-version, ...); `snapshot_headers` of these only
    the protocol's and those that the switch of this name adds. `dropped`: a transient failure that was retried.
    """

    method: str
    url: str
    headers: Headers
    body: bytes
    interaction: Interaction | None = None
    dropped: bool = False
    snapshot_headers: Headers = field(default_factory=dict)
    live: bool = False
    """Whether it was to go to the network (it may have failed there)."""
    read: tuple[Any] | None = field(default=None, repr=False)
    """What those above made of `interaction`, in a tuple of one: they read each answer once."""


@lru_cache(maxsize=1024)
def canonical_name(name: bytes) -> str:
    """A header's name in Go's canonical case: `x-request-id` -> `X-Request-Id`."""
    return canonical(name.decode("latin-1"))


def canonical_headers(raw: RawHeaders) -> Headers:
    """Header lines as a cassette holds them, the values of one name in their order."""
    headers: Headers = {}
    for name, value in raw:
        headers.setdefault(canonical_name(name), []).append(value.decode("utf-8", "surrogateescape"))
    return headers


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


def read_request(
    redactor: Redactor, kept: Headers, live: LiveRequest, secrets: frozenset[str]
) -> tuple[Request, frozenset[str]]:
    """The redacted request, with the headers that are `kept`, and `secrets` with those of its body added.

    A key in the body may come back in the answer, as one in a header may.
    """
    request = redactor.request_with(kept, live.method, live.url, live.body, secrets)
    if request.body is live.body:
        return request, secrets
    found = redactor.secrets_in(live.body, kept) - secrets
    if not found:
        return request, secrets
    secrets |= found
    return redactor.request_with(kept, live.method, live.url, live.body, secrets), secrets


def without_keys(redactor: Redactor, request: Request, sent: SentRequest, keys: frozenset[str]) -> Request:
    """`request`, which is redacted already, without copies of these `keys`; they are taken out of `sent` too."""
    kept = redactor.without_echoes(request.headers, keys)
    cleaned = redactor.request_with(kept, request.method, request.url, request.body, keys)
    sent.url, sent.body = cleaned.url, cleaned.body
    sent.headers = redactor.without_echoes(sent.headers, keys)
    sent.snapshot_headers = redactor.without_echoes(sent.snapshot_headers, keys)
    return cleaned


def refuse_placeholder(live: LiveRequest, owner: str) -> None:
    """Raise `RequestRefused`, naming the variable to set, for a request that carries a stand-in for a key."""
    found = find_placeholder(live.url, live.headers, live.body)
    if found is None:
        return
    where, variable = found
    named = f"the environment variable {variable}" if variable else "the provider's API key variable"
    raise RequestRefused(
        f"{owner} was about to send {live.method} {live.url.partition('?')[0]} live with a placeholder "
        f"in {where}: no real key was set when the client was built.\n"
        f"Set {named} and run again, or replay a recording (record mode none)."
    )
