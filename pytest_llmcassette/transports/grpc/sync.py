"""One call of a thread's: what answers it becomes a call of grpc's own, recorded or live."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

import grpc

from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.transports.grpc import loopback
from pytest_llmcassette.transports.grpc.asking import ask, clock_is_off
from pytest_llmcassette.transports.grpc.messages import request_body
from pytest_llmcassette.transports.grpc.recording import LiveCall
from pytest_llmcassette.transports.grpc.served import Served

_KINDS = {
    "_UnaryUnaryMultiCallable": "unary_unary",
    "_UnaryStreamMultiCallable": "unary_stream",
    "_SingleThreadedUnaryStreamMultiCallable": "unary_stream",
    "_StreamUnaryMultiCallable": "stream_unary",
    "_StreamStreamMultiCallable": "stream_stream",
}


def serve(
    what: in_force.InForce,
    send: Callable[..., Any],
    stub: Any,
    request: Any,
    timeout: float | None = None,
    metadata: Any = None,
    *further: Any,
    **options: Any,
) -> Any:
    """What `send`, a method of the multi-callable `stub`, returns or raises while `what` is in force.

    `request` may be many.
    """
    kind = _KINDS[type(stub).__name__]
    is_stream = kind.startswith("stream")
    body = None if is_stream else lambda: request_body(request, stub._request_serializer)
    answer = ask(what, stub._channel, stub._method, metadata, body)
    if answer is None:
        return send(stub, request, timeout, metadata, *further, **options)
    seconds = None if timeout is None else timeout + clock_is_off()
    if isinstance(answer, Served):
        answer.waits(timeout)
        channel = loopback.channel(single_threaded="SingleThreaded" in type(stub).__name__)
        make = getattr(channel, kind)
        there = make(stub._method.decode(), answer.serializer(stub._request_serializer), stub._response_deserializer)
        return _told(answer, lambda: send(there, request, seconds, loopback.ticket(answer)))
    mine = copy(stub)
    mine._response_deserializer = Heard(answer, stub._response_deserializer)
    if is_stream:
        mine._request_serializer = answer.serializer(stub._request_serializer)
    return _told(answer, lambda: send(mine, request, seconds, metadata, *further, **options))


def _told(answer: Served | LiveCall, send: Callable[[], Any]) -> Any:
    """Where the client waits for the response it is raised why there is none."""
    try:
        return send()
    except grpc.RpcError:
        if answer.stop is not None:
            raise answer.stop from None
        raise


class Heard:
    """The deserialiser of a live call, by which its events are known for the call's."""

    def __init__(self, live: LiveCall, own: Callable[[bytes], Any] | None) -> None:
        self._live = live
        self._deserialize = live.deserializer(own)

    def __call__(self, data: bytes) -> Any:
        return self._deserialize(data)

    def has_ended(self, state: Any) -> None:
        """The call has a status, or its client has left it."""
        if state.cancelled:
            self._live.left()
        else:
            self._live.ended(state.code.value[0], state.details, state.initial_metadata, state.trailing_metadata)
