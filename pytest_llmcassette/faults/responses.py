"""Answers that are none: error statuses in the provider's own words, 200 with something else; errors of the network."""

from __future__ import annotations

import json
from functools import partial

from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.faults.bodies import answer, body_of, is_answered, no_answer, with_body
from pytest_llmcassette.faults.fault import Expect, Fault, Moment, row
from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.forms import WORDS, Forms
from pytest_llmcassette.recorder.requests import RawHeaders
from pytest_llmcassette.replay.plan import Delivery

_RECOVERED = (408, 429, 500, 502, 503, 529)

_row = partial(row, moment=Moment.RESPONSE)


def forms_of(interaction: Interaction) -> Forms:
    """Those of the interaction's protocol, of chat completions where it is none that is known."""
    exchange = Exchange(interaction)
    protocol = registry.find(exchange)
    return Forms() if protocol is None else protocol.forms_of(exchange)


def _status(status: int) -> Fault:
    def change(delivery: Delivery, retry_after: float | None = None) -> Delivery:
        forms = forms_of(delivery.interaction)
        headers = [(name.encode(), value.encode()) for name, value in forms.error_headers(status).items()]
        if status in _RECOVERED:
            headers += _retry_after(status, retry_after)
        body = json.dumps(forms.error_body(status, WORDS[status])).encode()
        return answer(delivery, status, body, "application/json", headers)

    expect = Expect.RECOVER if status in _RECOVERED else Expect.NOTICE
    return _row(f"http_{status}", f"The provider answers with {status}, in its own words.", change, expect=expect)


def _retry_after(status: int, seconds: float | None) -> RawHeaders:
    """So long, else the least that every SDK takes (see `replay.timing`), so that nobody waits for a replay."""
    if seconds is not None:
        return [(b"Retry-After", b"%g" % seconds)]
    least = [(b"Retry-After-Ms", b"1")]
    return [(b"Retry-After", b"0"), *least] if status in (429, 503) else least


def html_page(delivery: Delivery) -> Delivery:
    """A gateway's page in place of the answer, with status 200."""
    page = b"<!DOCTYPE html>\n<html><head><title>Please wait</title></head><body>One moment.</body></html>\n"
    return answer(delivery, 200, page, "text/html; charset=utf-8")


def empty_body(delivery: Delivery) -> Delivery:
    """Nothing behind the head."""
    return with_body(delivery, b"")


def _no_document(recorded: Interaction) -> str:
    whole = Exchange(recorded).response_json is not None
    return is_answered(recorded) or ("" if whole else "its answer is no JSON document")


def truncated_json(delivery: Delivery) -> Delivery:
    """The first half of the document, of the length that the head says."""
    body = body_of(delivery.interaction)
    return with_body(delivery, body[: len(body) // 2])


def redirect_loop(delivery: Delivery) -> Delivery:
    """The request is sent on to where it came from."""
    return answer(delivery, 307, b"", "text/plain", [(b"Location", delivery.interaction.request.url.encode())])


def _error(name: str, sentence: str, kind: str, message: str, expect: Expect = Expect.RECOVER) -> Fault:
    def change(delivery: Delivery) -> Delivery:
        return no_answer(delivery, kind, message)

    return _row(name, sentence, change, expect=expect)


_NO_CERTIFICATE = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate"
_NO_NAME = "[Errno -3] Temporary failure in name resolution"

FAULTS = (
    *(_status(status) for status in WORDS),
    _row("html_page", "An HTML page with status 200.", html_page),
    _row("empty_body", "Nothing with status 200.", empty_body),
    _row("truncated_json", "The first half of the JSON document.", truncated_json, _no_document),
    _row("redirect_loop", "A redirect to itself.", redirect_loop),
    _error("connect_error", "The connection is refused.", "ConnectError", "[Errno 111] Connection refused"),
    _error("dns_failure", "The host's name is not found.", "ConnectError", _NO_NAME),
    _error("tls_failure", "The certificate is none that is trusted.", "ConnectError", _NO_CERTIFICATE, Expect.NOTICE),
    _error("read_timeout", "No answer comes in time.", "ReadTimeout", "The read operation timed out"),
    _error("pool_timeout", "No connection of the pool is free in time.", "PoolTimeout", ""),
)
