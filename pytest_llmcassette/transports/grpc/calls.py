"""The patch: where a call begins, when interceptors are through with it. What carries it on is grpc's own call.

A recording goes over the user's channel, and is heard by its serialisers. A replay goes over a channel to this process,
where a server of grpc's own hands it out: status, deadline, cancellation and flow are grpc's own in both.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import partial, wraps
from types import ModuleType
from typing import Any

from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.transports.grpc.channels import note
from pytest_llmcassette.transports.patching import Patches, note_gone

_SYNC = "grpc._channel"
_CALLS = "grpc.aio._call"
_AIO = "grpc.aio._channel"
_BLOCKING = ("__call__", "with_call", "future")
_PLACES: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    _SYNC: (
        ("_UnaryUnaryMultiCallable", _BLOCKING),
        ("_StreamUnaryMultiCallable", _BLOCKING),
        ("_UnaryStreamMultiCallable", ("__call__",)),
        ("_SingleThreadedUnaryStreamMultiCallable", ("__call__",)),
        ("_StreamStreamMultiCallable", ("__call__",)),
        ("Channel", ("__init__", "subscribe", "unsubscribe")),
        ("_Rendezvous", ("cancel",)),
        ("", ("_handle_event",)),
    ),
    _CALLS: tuple(
        (name, ("__init__",)) for name in ("UnaryUnaryCall", "UnaryStreamCall", "StreamUnaryCall", "StreamStreamCall")
    ),
    _AIO: (("Channel", ("__init__", "channel_ready", "get_state", "wait_for_state_change")),),
    "grpc._plugin_wrapping": (("_Plugin", ("__call__",)),),
}
"""By module: classes, or the module itself, and those of their functions that are replaced."""


def _patch(module: ModuleType) -> None:
    for place, names in _PLACES[module.__name__]:
        owner = getattr(module, place, module) if place else module
        for name in names:
            if not PATCHES.put(owner, name, partial(_made, module.__name__, place, name)):
                note_gone("grpc", module.__name__, f"{place}.{name}".lstrip("."))
                return


def _made(module: str, place: str, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    if place == "Channel":
        if name == "__init__":
            return _noting_its_target(original)
        return _connecting(f"{'aio_' if module == _AIO else ''}{name}", original)
    if module == _CALLS:
        return _starting(original)
    return _OTHERS.get(place, _calling)(original)


def _calling(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def call(
        self: Any,
        request: Any,
        timeout: float | None = None,
        metadata: Any = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,
        compression: Any = None,
    ) -> Any:
        what = in_force.current()
        if what is None:
            return original(self, request, timeout, metadata, credentials, wait_for_ready, compression)
        from pytest_llmcassette.transports.grpc.sync import serve

        options = {
            "timeout": timeout,
            "metadata": metadata,
            "credentials": credentials,
            "wait_for_ready": wait_for_ready,
            "compression": compression,
        }
        return serve(what, self, original, request, options)

    return call


def _starting(original: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(original)

    @wraps(original)
    def start(self: Any, *args: Any, **kwargs: Any) -> None:
        what = in_force.current()
        if what is None:
            original(self, *args, **kwargs)
            return
        from pytest_llmcassette.transports.grpc.aio import serve

        serve(what, self, original, signature.bind(self, *args, **kwargs))

    return start


def _connecting(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    """What connects a channel without a call."""

    @wraps(original)
    def connect(self: Any, *args: Any, **kwargs: Any) -> Any:
        what = in_force.current()
        if what is None:
            return original(self, *args, **kwargs)
        from pytest_llmcassette.transports.grpc import connectivity

        return getattr(connectivity, name)(what, original, self, *args, **kwargs)

    return connect


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


_OTHERS = {"_Plugin": _heard, "_Rendezvous": _leaving, "": _hearing}


class _Calls(Patches):
    def uninstall(self) -> None:
        super().uninstall()
        loopback = sys.modules.get("pytest_llmcassette.transports.grpc.loopback")
        if loopback is not None:
            loopback.stop()


PATCHES = _Calls(_PLACES, _patch)
