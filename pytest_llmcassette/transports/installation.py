"""Puts the patches in place, library by library, each as soon as it is imported and not before."""

from __future__ import annotations

import sys
from importlib import import_module

from pytest_llmcassette.transports import guard, net, on_import, patching, pool_jobs, portals
from pytest_llmcassette.transports.aiohttp import connectors
from pytest_llmcassette.transports.grpc import calls
from pytest_llmcassette.transports.httpcore import mockers, tls
from pytest_llmcassette.transports.urllib3 import pools
from pytest_llmcassette.transports.websockets import clients

_CLIENTS = (mockers.PATCHES, connectors.PATCHES, pools.PATCHES, clients.PATCHES, calls.PATCHES)
_ALL = (*_CLIENTS, guard.PATCHES, pool_jobs.PATCHES, portals.PATCHES, net.PATCHES)
_WATCHED = (*(name for patches in (*_ALL, tls.PATCHES) for name in patches.modules),)
_OURS = "pytest_llmcassette.transports"
_NEEDED_BY = {
    "httpx": "httpcore",
    "httpx2": "httpcore2",
    "grpc._channel": f"{_OURS}.grpc.sync",
    "grpc.aio._channel": f"{_OURS}.grpc.aio",
}
"""Imported with their clients, whose first request may come in a running event loop: httpcore2 reads a file then."""
_imported: list[str] = []
_found: list[tuple[object, ...]] = []
"""What the last `install` left: for nearly every test there is nothing to do, and to see that is all it costs."""


def install(*, defer_tls: bool = True) -> None:
    """See `pytest_llmcassette.transports.install`."""
    if not _found or _found[0] != _now(defer_tls):
        for patches in _ALL:
            patches.install()
        tls.PATCHES.install() if defer_tls else tls.PATCHES.uninstall()
        for client, needed in _NEEDED_BY.items():
            # None is how a name is barred from import.
            if sys.modules.get(client) is not None and needed not in sys.modules:
                import_module(needed)
        _imported[:] = [name for name in _WATCHED if name in sys.modules]
        _found[:] = [_now(defer_tls)]
    if patching.gone:
        patching.check_nothing_is_gone()


def _now(defer_tls: bool) -> tuple[object, ...]:
    # Of what is not imported yet the count tells, should it come while imports are not watched.
    return (defer_tls, on_import.is_in_place(), len(sys.modules), *map(sys.modules.get, _imported))


def uninstall() -> None:
    """See `pytest_llmcassette.transports.uninstall`."""
    _found.clear()
    on_import.forget()
    patching.forget_gone()
    for patches in (*_ALL, tls.PATCHES):
        patches.uninstall()
    calls.stop_server()
