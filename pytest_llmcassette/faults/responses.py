"""Answers that are none: error statuses with the provider's own words, and 200 with something else."""

from __future__ import annotations

import json

from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.faults.bodies import answer, is_answered
from pytest_llmcassette.faults.fault import Expect, Fault, Moment
from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.forms import WORDS, Forms
from pytest_llmcassette.recorder.requests import RawHeaders
from pytest_llmcassette.replay.plan import Delivery

_RECOVERED = (408, 429, 500, 502, 503, 529)


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

    return Fault(
        name=f"http_{status}",
        sentence=f"The provider answers with {status}, in its own words.",
        expect=Expect.RECOVER if status in _RECOVERED else Expect.NOTICE,
        moment=Moment.RESPONSE,
        change=change,
        misfit=is_answered,
    )


def _retry_after(status: int, seconds: float | None) -> RawHeaders:
    """So long, else the least that every SDK takes (see `replay.timing`), so that nobody waits for a replay."""
    if seconds is not None:
        return [(b"Retry-After", b"%g" % seconds)]
    least = [(b"Retry-After-Ms", b"1")]
    return [(b"Retry-After", b"0"), *least] if status in (429, 503) else least


FAULTS = (*(_status(status) for status in WORDS),)
