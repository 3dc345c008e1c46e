"""A fresh client per test without paying for its TLS context on replay.

Loading the CA bundle takes 20 ms in every `OpenAI()` or `Anthropic()`, and a replayed request never uses it. While
nothing can go live, `create_ssl_context` of httpx and httpx2 hands out a context that is made when it is first touched.
Each client still has its own, made by the original function, so a client that connects for real later (it outlived its
test, its host is ignored) verifies exactly as it would have done.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from functools import partial, wraps
from threading import Lock
from types import ModuleType
from typing import Any

from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.transports.patching import Patches

HOOKS = ("httpx", "httpx._transports.default", "httpx2", "httpx2._transports.default")
"""Modules that hold a `create_ssl_context`; one that does not (any more) is left as it is."""
_KNOWN_ARGUMENTS = frozenset({"verify", "cert", "trust_env"})
_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")
"""What the original functions, and `ssl` under them, read from the environment."""
_environment_lock = Lock()


class DeferredContext:
    """Stands in for the `ssl.SSLContext` that `make` returns, which is made when anything of it is first used."""

    __slots__ = ("__weakref__", "_lock", "_made", "_make")

    def __init__(self, make: Callable[[], ssl.SSLContext]) -> None:
        object.__setattr__(self, "_make", make)
        object.__setattr__(self, "_made", None)
        object.__setattr__(self, "_lock", Lock())

    # asyncio's start_tls and the HTTP libraries ask isinstance(context, ssl.SSLContext).
    @property  # type: ignore[misc]
    def __class__(self) -> type[ssl.SSLContext]:  # type: ignore[override]
        return ssl.SSLContext

    def _real(self) -> ssl.SSLContext:
        lock: Lock = object.__getattribute__(self, "_lock")
        with lock:
            made: ssl.SSLContext | None = object.__getattribute__(self, "_made")
            if made is None:
                made = object.__getattribute__(self, "_make")()
                object.__setattr__(self, "_made", made)
            return made

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._real(), name, value)


def _deferring(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def create_ssl_context(*args: Any, **kwargs: Any) -> Any:
        if args or not _asks_for_the_bundle(kwargs) or not in_force.nothing_goes_live():
            return original(*args, **kwargs)
        return DeferredContext(partial(_make_as_then, original, kwargs, _environment()))

    return create_ssl_context


def _asks_for_the_bundle(kwargs: dict[str, Any]) -> bool:
    """Whether these arguments ask for the trusted CAs: the slow case, and the only one that is deferred."""
    return kwargs.keys() <= _KNOWN_ARGUMENTS and kwargs.get("verify", True) is True and kwargs.get("cert") is None


def _environment() -> dict[str, str | None]:
    return {name: os.environ.get(name) for name in _VARIABLES}


def _make_as_then(
    original: Callable[..., ssl.SSLContext], kwargs: dict[str, Any], then: dict[str, str | None]
) -> ssl.SSLContext:
    """The context that the original would have made when it was asked for: tests change the environment."""
    now = _environment()
    if now == then:
        return original(**kwargs)
    with _environment_lock:
        _set(then)
        try:
            return original(**kwargs)
        finally:
            _set(now)


def _set(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _patch(module: ModuleType) -> None:
    PATCHES.put(module, "create_ssl_context", _deferring)


PATCHES = Patches(HOOKS, _patch)
