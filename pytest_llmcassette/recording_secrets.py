"""What a live request must not carry into the file or, in a stand-in's case, to the network."""

from __future__ import annotations

from pytest_llmcassette.cassette.model import Headers, Request
from pytest_llmcassette.errors import RequestRefused
from pytest_llmcassette.placeholder_keys import find_placeholder
from pytest_llmcassette.recording import LiveRequest, SentRequest
from pytest_llmcassette.redaction import Redactor


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
