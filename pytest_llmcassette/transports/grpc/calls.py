"""The patch: where a call begins, when interceptors are through with it. What carries it on is grpc's own call.

A recording goes over the user's channel, and is heard by its serialisers. A replay goes over a channel to this process,
where a server of grpc's own hands it out: status, deadline, cancellation and flow are grpc's own in both.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.transports.grpc.channels import note
from pytest_llmcassette.transports.patching import handing_to, patches_of


def _heard(original: Callable[..., Any]) -> Callable[..., Any]:
    """What a channel's credentials add to a call, in a thread of the core's."""

    @wraps(original)
    def ask(self: Any, service_url: Any, method_name: Any, callback: Any) -> None:
        recording = sys.modules.get("pytest_llmcassette.transports.grpc.recording")
        if recording is None or not recording.in_flight:
            original(self, service_url, method_name, callback)
            return
        # They may ask for a token, which a replay will not.
        with in_force.unrecorded():
            original(self, service_url, method_name, recording.heard(service_url, method_name, callback))

    return ask


def _hearing(original: Callable[..., Any]) -> Callable[..., Any]:
    """What comes of a call, in whatever thread reads it; its client is told of it afterwards."""

    @wraps(original)
    def handle(event: Any, state: Any, response_deserializer: Any) -> Any:
        callbacks = original(event, state, response_deserializer)
        if state.callbacks is None and hasattr(response_deserializer, "has_ended"):
            response_deserializer.has_ended(state)
        return callbacks

    return handle


def _leaving(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def cancel(self: Any) -> Any:
        done = original(self)
        if done and hasattr(self._response_deserializer, "has_ended"):
            self._response_deserializer.has_ended(self._state)
        return done

    return cancel


def _noting_its_target(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def __init__(self: Any, target: str, options: Any, credentials: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        original(self, target, options, credentials, *args, **kwargs)
        note(self, target, credentials)

    return __init__


_SERVING, _STARTING = handing_to("grpc.sync", "serve"), handing_to("grpc.aio", "serve")
_CONNECTIVITY = "grpc.connectivity"
PATCHES = patches_of(
    {
        "grpc._channel": {
            **{
                f"{kind}MultiCallable.{name}": _SERVING
                for kind in ("_UnaryUnary", "_StreamUnary")
                for name in ("__call__", "with_call", "future")
            },
            "_UnaryStreamMultiCallable.__call__": _SERVING,
            "_SingleThreadedUnaryStreamMultiCallable.__call__": _SERVING,
            "_StreamStreamMultiCallable.__call__": _SERVING,
            "Channel.__init__": _noting_its_target,
            "Channel.subscribe": handing_to(_CONNECTIVITY, "subscribe"),
            "Channel.unsubscribe": handing_to(_CONNECTIVITY, "unsubscribe"),
            "_Rendezvous.cancel": _leaving,
            "_handle_event": _hearing,
        },
        "grpc.aio._call": {
            f"{kind}Call.__init__": _STARTING for kind in ("UnaryUnary", "UnaryStream", "StreamUnary", "StreamStream")
        },
        "grpc.aio._channel": {
            "Channel.__init__": _noting_its_target,
            "Channel.channel_ready": handing_to(_CONNECTIVITY, "aio_wait"),
            "Channel.get_state": handing_to(_CONNECTIVITY, "aio_get_state"),
            "Channel.wait_for_state_change": handing_to(_CONNECTIVITY, "aio_wait"),
        },
        "grpc._plugin_wrapping": {"_Plugin.__call__": _heard},
    },
    library="grpc",
)


def stop_server() -> None:
    """End the server that answers replayed calls, where there is one."""
    loopback = sys.modules.get("pytest_llmcassette.transports.grpc.loopback")
    if loopback is not None:
        loopback.stop()
