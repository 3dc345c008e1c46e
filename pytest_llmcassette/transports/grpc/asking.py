"""A call to an exchange, whichever of grpc's two APIs it is of."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pytest_llmcassette.cassette.clock import Clock
from pytest_llmcassette.errors import CassetteStop, RequestRefused
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.transports.carrying import Carrier
from pytest_llmcassette.transports.exchange import exchange_for
from pytest_llmcassette.transports.grpc.channels import known
from pytest_llmcassette.transports.grpc.client_errors import Errors
from pytest_llmcassette.transports.grpc.messages import CONTENT_TYPE, headers_of, url_of
from pytest_llmcassette.transports.grpc.recording import LiveCall
from pytest_llmcassette.transports.grpc.served import Served
from pytest_llmcassette.transports.unexpected import fault_of


def ask(
    what: in_force.InForce,
    core: Any,
    method: bytes,
    metadata: Any,
    body: Callable[[], bytes] | None,
) -> Served | LiveCall | None:
    """What answers a call on this channel of grpc's core; None where it goes on as if nothing were in force.

    `body` gives its request, as it is compared; None for a stream of requests.
    Raises a `CassetteStop` in the client's own call, where no SDK looks for errors.
    """
    try:
        url, headers = url_of_channel(core, method), [CONTENT_TYPE, *headers_of(metadata)]
    except Exception as error:
        raise fault_of(error, what, "a call of grpc's") from error
    exchange = exchange_for(what, "POST", url, Errors())
    if exchange is None:
        return None
    try:
        said = body() if body else b""
    except Exception:
        # grpc meets it, too, tells it in its own way, and sends nothing.
        return None
    if _is_closed(core):
        # This, too.
        return None
    answer = exchange.answer(headers, said)
    if not isinstance(answer, Carrier):
        return LiveCall(exchange, answer, url)
    if any(not frame.data and frame.json.strip("{}") for frame in answer.delivered.frames):
        raise _is_unsayable(exchange.recorder, url)
    is_said = body is None and answer.delivered is answer.recorded and answer.recorded.response.code
    return Served(answer, answer.conversation if is_said else None, exchange.fault)


def _is_unsayable(recorder: Recorder, url: str) -> CassetteStop:
    return recorder.note(
        RequestRefused(
            f"{recorder.owner} sent POST {recorder.shown(url)}. {recorder.path} has a message of its answer as JSON "
            f"alone (`json`), without its bytes (`base64`), which are what gRPC is given.\n"
            f"Record it again: {recorder.how_to_record}"
        )
    )


def _is_closed(core: Any) -> bool:
    if hasattr(core, "closed"):
        return bool(core.closed())
    try:
        core.check_connectivity_state(False)
    except ValueError:
        return True
    return False


def url_of_channel(core: Any, method: bytes) -> str:
    """The URL of a method of the server that this channel of grpc's core is for."""
    target, scheme = known.get(id(core)) or (core.target(), "")
    return url_of(target, method, scheme)


def clock_is_off() -> float:
    """Seconds by which a test has changed the time: grpc reads it, and then waits by the real one."""
    seconds = Clock.time_ns() / 1e9 - time.time()
    return seconds if abs(seconds) > 1 else 0.0
