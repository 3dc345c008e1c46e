"""The patches: `websockets` is about to connect, for a handshake that it knows all of, and gets a connection of ours.

All else is the library's own: redirects, the handshake, subprotocols, messages, errors, reconnecting.
"""

from __future__ import annotations

from types import ModuleType

from pytest_llmcassette.transports.patching import Patches, handing_to, note_gone

_IN_A_LOOP, _IN_THREADS = "websockets.in_a_loop", "websockets.in_threads"


def _patch(module: ModuleType) -> None:
    done = {"asyncio": _patch_asyncio, "sync": _patch_sync, "legacy": _patch_legacy}
    kind = module.__name__.split(".")[1]
    if not done[kind](module):
        note_gone("websockets", module.__name__, "connect")


def _patch_asyncio(module: ModuleType) -> bool:
    opening = handing_to(_IN_A_LOOP, "open_connection")
    # The first since websockets 17.
    names = ("open_tcp_connection", "create_connection")
    return any(PATCHES.put(module, f"connect.{name}", opening) for name in names)


def _patch_sync(module: ModuleType) -> bool:
    if hasattr(module, "reconnect"):
        return PATCHES.put(module, "reconnect.open_connection", handing_to(_IN_THREADS, "open_connection"))
    # Before websockets 17.
    return PATCHES.put_everywhere(module, "connect", handing_to(_IN_THREADS, "connect"))


def _patch_legacy(module: ModuleType) -> bool:
    return PATCHES.put(module, "Connect.__await_impl__", handing_to(_IN_A_LOOP, "connect_as_ever"))


PATCHES = Patches(("websockets.asyncio.client", "websockets.sync.client", "websockets.legacy.client"), _patch)
