"""Puts the patches in place, library by library, each as soon as it is imported and not before."""

from __future__ import annotations

import sys
from types import ModuleType

from pytest_llmcassette.transports import guard, on_import, pool_jobs, portals
from pytest_llmcassette.transports.httpcore import mockers, tls

_POOLS = ("httpcore", "httpcore2")
_WATCHED = (*_POOLS, *guard.MODULES, *tls.HOOKS, pool_jobs.MODULE, portals.MODULE)
_patched: dict[str, ModuleType] = {}
_found: list[tuple[object, ...]] = []
"""What the last `install` left: for nearly every test there is nothing to do, and to see that is all it costs."""


def install(*, defer_tls: bool = True) -> None:
    """See `pytest_llmcassette.transports.install`."""
    if _found and _found[0] == _now(defer_tls):
        return
    for name in _POOLS:
        if sys.modules.get(name) is None or _patched.get(name) is not sys.modules[name]:
            on_import.after_import(name, _patch)
    guard.install()
    pool_jobs.install()
    portals.install()
    tls.install() if defer_tls else tls.uninstall()
    _found[:] = [_now(defer_tls)]


def _now(defer_tls: bool) -> tuple[object, ...]:
    return (defer_tls, on_import.is_in_place(), *map(sys.modules.get, _WATCHED))


def _patch(name: str) -> None:
    mockers.patch(name)
    _patched[name] = sys.modules[name]


def uninstall() -> None:
    """See `pytest_llmcassette.transports.uninstall`."""
    _found.clear()
    on_import.forget()
    for name in list(_patched):
        mockers.unpatch(name)
    _patched.clear()
    guard.uninstall()
    pool_jobs.uninstall()
    portals.uninstall()
    tls.uninstall()
