"""Puts the patches in place, library by library, each as soon as it is imported and not before."""

from __future__ import annotations

import sys
from functools import partial
from types import ModuleType

from pytest_llmcassette.transports import guard, mockers, on_import, tls

_POOLS = ("httpcore", "httpcore2")
_patched: dict[str, ModuleType] = {}


def install(*, defer_tls: bool = True) -> None:
    """See `pytest_llmcassette.transports.install`."""
    for name in _POOLS:
        imported = sys.modules.get(name)
        if imported is None and on_import.is_awaited(name):
            continue
        if imported is None or _patched.get(name) is not imported:
            on_import.after_import(name, partial(_patch, name))
    guard.install()
    tls.install() if defer_tls else tls.uninstall()


def _patch(name: str) -> None:
    mockers.patch(name)
    _patched[name] = sys.modules[name]


def uninstall() -> None:
    """See `pytest_llmcassette.transports.uninstall`."""
    on_import.forget()
    for name in list(_patched):
        mockers.unpatch(name)
    _patched.clear()
    guard.uninstall()
    tls.uninstall()
