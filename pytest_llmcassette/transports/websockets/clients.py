"""The patches: `websockets` is about to connect, for a handshake that it knows all of, and gets a connection of ours.

All else is the library's own: redirects, the handshake, subprotocols, messages, errors, reconnecting.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from types import ModuleType
from typing import Any

from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.transports.patching import Patches, note_gone


def _patch(module: ModuleType) -> None:
    done = {"asyncio": _patch_asyncio, "sync": _patch_sync, "legacy": _patch_legacy}
    kind = module.__name__.split(".")[1]
    if not done[kind](module):
        note_gone("websockets", module.__name__, "connect")


def _patch_asyncio(module: ModuleType) -> bool:
    connect = getattr(module, "connect", module)
    # The first since websockets 17.
    return PATCHES.put(connect, "open_tcp_connection", _opening) or PATCHES.put(connect, "create_connection", _opening)


def _patch_sync(module: ModuleType) -> bool:
    reconnect = getattr(module, "reconnect", None)
    if reconnect is not None:
        return PATCHES.put(reconnect, "open_connection", _opening_in_a_thread)
    return PATCHES.put_everywhere(module, "connect", _connecting_in_a_thread)


def _patch_legacy(module: ModuleType) -> bool:
    return PATCHES.put(getattr(module, "Connect", module), "__await_impl__", _opening_as_ever)


PATCHES = Patches(("websockets.asyncio.client", "websockets.sync.client", "websockets.legacy.client"), _patch)


def _opening(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def opening(self: Any) -> Any:
        what = in_force.current()
        if what is None:
            return await original(self)
        from pytest_llmcassette.transports.websockets.in_a_loop import open_connection

        return await open_connection(what, partial(original, self), self)

    return opening


def _opening_as_ever(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def opening(self: Any) -> Any:
        if in_force.current() is not None:
            from pytest_llmcassette.transports.websockets.in_a_loop import intercept

            intercept(self)
        return await original(self)

    return opening


def _opening_in_a_thread(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def opening(self: Any, deadline: Any) -> Any:
        what = in_force.current()
        if what is None:
            return original(self, deadline)
        from pytest_llmcassette.transports.websockets.in_threads import open_connection

        return open_connection(what, partial(original, self, deadline), self)

    return opening


def _connecting_in_a_thread(original: Callable[..., Any]) -> Callable[..., Any]:
    """Before websockets 17."""

    @wraps(original)
    def connecting(uri: str, **kwargs: Any) -> Any:
        what = in_force.current()
        if what is None:
            return original(uri, **kwargs)
        from pytest_llmcassette.transports.websockets.in_threads import connect

        return connect(what, original, uri, kwargs)

    return connecting
