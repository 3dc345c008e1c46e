"""One call of asyncio's: what answers it becomes a call of grpc's own, recorded or live."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from inspect import signature
from typing import Any

from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.transports.grpc import loopback
from pytest_llmcassette.transports.grpc.asking import ask, clock_is_off
from pytest_llmcassette.transports.grpc.messages import request_body
from pytest_llmcassette.transports.grpc.recording import LiveCall
from pytest_llmcassette.transports.grpc.served import Served

_signature = cache(signature)


def serve(what: in_force.InForce, start: Callable[..., None], call: Any, *args: Any, **kwargs: Any) -> None:
    """Start `call`, a new one, by `start`, its own `__init__`, while `what` is in force."""
    bound = _signature(start).bind(call, *args, **kwargs)
    given = bound.arguments
    is_stream = "request_iterator" in given
    own = given["request_serializer"]
    body = None if is_stream else lambda: request_body(given["request"], own)
    answer = ask(what, given["channel"], given["method"], given["metadata"], body)
    if answer is None:
        start(*bound.args, **bound.kwargs)
        return
    deadline = given["deadline"]
    if deadline is not None:
        given["deadline"] = deadline + clock_is_off()
    if isinstance(answer, Served):
        answer.waits(None if deadline is None else deadline - time.time())
        # With `write` the client is told itself; what goes through its iterator grpc raises nowhere.
        serializer = answer.serializer(own, raises=is_stream and given["request_iterator"] is None)
        given.update(
            channel=loopback.aio_channel(given["loop"])._channel, credentials=None, request_serializer=serializer
        )
        given["metadata"] = loopback.ticket(answer)
        # That of a method which its own channel knows.
        given.pop("registered_call_handle", None)
        start(*bound.args, **bound.kwargs)
        return
    given["response_deserializer"] = answer.deserializer(given["response_deserializer"])
    if is_stream:
        given["request_serializer"] = answer.serializer(own)
    start(*bound.args, **bound.kwargs)
    core = call._cython_call
    core.add_done_callback(lambda: _ended(answer, core, is_unary="Unary" in type(call).__name__.removeprefix("Unary")))


def _ended(live: LiveCall, core: Any, *, is_unary: bool) -> None:
    status = core._status
    if core.is_locally_cancelled():
        live.left()
    elif is_unary and status.code() == 0:
        # It is told of before its only message is read.
        live.at_message = lambda: _told(live, core)
    else:
        _told(live, core)


def _told(live: LiveCall, core: Any) -> None:
    status = core._status
    live.ended(status.code(), status.details(), core._initial_metadata, status.trailing_metadata())
