"""A request as the client sends it now, and as this run may remember it: redacted, its credentials known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pytest_llmcassette.cassette.encoding import decode_body, may_be_encoded
from pytest_llmcassette.cassette.headers import canonical
from pytest_llmcassette.cassette.model import Frame, Headers, Interaction, Request
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.errors import RequestRefused
from pytest_llmcassette.matching import Matcher
from pytest_llmcassette.provider import find_placeholder
from pytest_llmcassette.redaction import KnownSecrets, Redact, Redactor

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
    redacted_with: frozenset[str] | None = field(default=None, repr=False)
    """What was known to be secret when it was redacted in every way; None: by name alone, or not yet."""
    said: list[Frame] | None = field(default=None, repr=False)
    """Of a conversation that is replayed, what its client has said so far, redacted."""
    read: tuple[Any] | None = field(default=None, repr=False)
    """What those above made of `interaction`, in a tuple of one: they read each answer once."""


@lru_cache(maxsize=1024)
def canonical_name(name: bytes) -> str:
    """A header's name in Go's canonical case: `x-request-id` -> `X-Request-Id`."""
    return canonical(name.decode("latin-1"))


def snapshot_names(config: CassetteConfig) -> frozenset[str]:
    """The names of the request headers that snapshots show, in canonical case."""
    if not config.snapshot_headers:
        return PROTOCOL_HEADERS
    return PROTOCOL_HEADERS | {canonical_name(name.encode()) for name in config.snapshot_headers}


def canonical_headers(raw: RawHeaders) -> Headers:
    """Header lines as a cassette holds them, the values of one name in their order."""
    headers: Headers = {}
    for name, value in raw:
        headers.setdefault(canonical_name(name), []).append(value.decode("utf-8", "surrogateescape"))
    return headers


def read_request(
    redactor: Redactor, shown: frozenset[str], live: LiveRequest, known: KnownSecrets
) -> tuple[Headers, SentRequest]:
    """A live request: the headers that are compared, and it as a test sees it, with those named in `shown` as well.

    Headers are redacted; `known` learns what is secret in them and in the URL. The body is decoded, in `live` too. What
    is secret in that and in the URL is left to `redact_by_name`.
    """
    if "?" in live.url or "@" in live.url:
        redactor.learn(known, {}, live.url)
    kept, seen = _read_headers(redactor, shown, live.headers, known)
    if may_be_encoded(live.body) and _decode(live):
        kept.pop("Content-Encoding", None)
    headers = {**kept, **seen} if seen else kept
    return kept, SentRequest(live.method, live.url, headers, live.body, snapshot_headers=seen)


def redact_by_name(redactor: Redactor, kept: Headers, sent: SentRequest, known: KnownSecrets) -> Request:
    """Take out of `sent` what is secret by its name, which `known` learns; returns the request as it is compared."""
    request = redactor.request_with(kept, sent.method, sent.url, sent.body, known, thorough=False)
    sent.url, sent.body = request.url, request.body
    return request


def redact_late(redactor: Redactor, unread: list[SentRequest], known: KnownSecrets) -> None:
    """`redact_by_name` for requests that were answered without; empties the list."""
    while unread:
        sent = unread.pop(0)
        url, body = sent.url, sent.body
        redact_by_name(redactor, sent.headers, sent, known)
        if sent.body != body or sent.url != url:
            # The file, which something else wrote, has it: then it may hide elsewhere, too.
            sent.redacted_with = None


def _decode(live: LiveRequest) -> bool:
    """Undo the body's encoding, so that it is redacted, compared and stored as what it says; whether it had one."""
    encoding = ", ".join(value.decode("latin-1") for name, value in live.headers if name.lower() == b"content-encoding")
    live.body, is_decoded = decode_body(live.body, encoding)
    return is_decoded


def _read_headers(
    redactor: Redactor, shown: frozenset[str], raw: RawHeaders, known: KnownSecrets
) -> tuple[Headers, Headers]:
    """A client sends the same lines with all its requests but for the length: they are read once."""
    lines = tuple([line for line in raw if line[0] != _LENGTH])
    if len(lines) != len(raw) and (redactor.keeps_length or "Content-Length" in shown):
        lines = tuple(raw)
    kept, seen, values = _read(redactor, shown, lines, known.values)
    if values is not known.values:
        known.learn(values)
    return {name: list(values) for name, values in kept.items()}, _copied(seen) if seen else {}


@lru_cache(maxsize=128)
def _read(
    redactor: Redactor, shown: frozenset[str], lines: _Lines, values: frozenset[str]
) -> tuple[Headers, Headers, frozenset[str]]:
    headers = canonical_headers(list(lines))
    known = KnownSecrets(values)
    known.learn_headers(headers)
    kept = redactor.without_echoes(redactor.request_headers(headers), known)
    seen = redactor.without_echoes({name: headers[name] for name in shown.intersection(headers)}, known)
    return kept, seen, known.values


def _copied(headers: Headers) -> Headers:
    return {name: list(values) for name, values in headers.items()}


def read_again(redactor: Redactor, request: Request | SentRequest, sent: SentRequest, known: KnownSecrets) -> Request:
    """`request`, which is redacted by name, redacted in every way and by what is `known` by now; `sent` likewise."""
    kept = redactor.without_echoes(request.headers, known)
    cleaned = redactor.request_with(kept, request.method, request.url, request.body, known)
    show(sent, cleaned)
    sent.headers = redactor.without_echoes(sent.headers, known)
    sent.snapshot_headers = redactor.without_echoes(sent.snapshot_headers, known)
    if sent.said:
        sent.said[:] = redactor.frames(sent.said, known)
    sent.redacted_with = known.values
    return cleaned


def sweep_sent(requests: Sequence[SentRequest], redactor: Redactor, known: KnownSecrets) -> None:
    """Take out of what was sent what is known to be secret by now; what is found in one may be in another."""
    known.learn_environment()
    while any(sent.redacted_with is not known.values for sent in requests):
        for sent in requests:
            read_again(redactor, sent, sent, known)


def show(sent: SentRequest, request: Request) -> None:
    """Let a test see `request` as what was sent."""
    sent.url, sent.body = request.url, request.body
    sent.headers = {name: request.headers.get(name, values) for name, values in sent.headers.items()}


def is_among(patterns: Iterable[str], host: str, port: int | None) -> bool:
    """Whether one of `host`, `host:port` or `*.suffix` means this host; `port` None is the scheme's own."""
    return any(_is_host(pattern, host, port) for pattern in patterns)


def _is_host(pattern: str, host: str, port: int | None) -> bool:
    name, _, number = pattern.lower().partition(":") if pattern.count(":") == 1 else (pattern.lower(), "", "")
    if number and number != str(port):
        return False
    return host.lower() == name or (name.startswith("*.") and host.lower().endswith(name[1:]))


def refuse_placeholder(live: LiveRequest, owner: str, shown: Callable[[str], str]) -> None:
    """Raise `RequestRefused`, naming the variable to set, for a request that carries a stand-in for a key.

    `shown` makes of its URL what may be told.
    """
    found = find_placeholder(live.url, live.headers, live.body)
    if found is None:
        return
    where, variable = found
    named = f"the environment variable {variable}" if variable else "the provider's API key variable"
    raise RequestRefused(
        f"{owner} was about to send {live.method} {shown(live.url)} live with a placeholder "
        f"in {where}: no real key was set when the client was built.\n"
        f"Set {named} and run again, or replay a recording (record mode none)."
    )


@lru_cache(maxsize=64)
def redactor_for(config: CassetteConfig, redact: Redact | None) -> Redactor:
    """One for all cassettes with the same switches, checked with their matcher, which raises `ConfigError`."""
    Matcher(config)
    return Redactor(config, redact)
