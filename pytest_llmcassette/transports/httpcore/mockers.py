"""The patches, by respx: one mocker for each of httpcore and httpcore2, on the connection pools alone.

Pools, not clients: MockTransport and ASGITransport stay untouched, proxy and SOCKS pools inherit. The patched methods
keep name and signature, so that a user's own respx router patches over them, and its `pass_through` falls through to
the cassette.
"""

from __future__ import annotations

import inspect
from abc import ABC
from collections.abc import Callable
from types import ModuleType
from typing import Any, ClassVar

from respx.mocks import HTTPCoreMocker, Mocker

from pytest_llmcassette.transports.httpcore.pools import Library
from pytest_llmcassette.transports.patching import Patches, note_gone

_MARK = "_llmcassette"


class PoolMocker(HTTPCoreMocker, ABC):
    """Hands a pool's requests to `library`; asks routers first only where somebody registered one under our name."""

    library: ClassVar[Library]
    routers: ClassVar[list[Any]] = []
    target_methods: ClassVar[list[str]] = ["handle_request", "handle_async_request"]

    @classmethod
    def mock(cls, spec: Callable[..., Any]) -> Callable[..., Any]:
        """The function to put in place of `spec`. Unlike respx's own it may wrap another mocker's."""
        if hasattr(spec, _MARK):
            return spec
        direct = cls._async_method(spec) if inspect.iscoroutinefunction(spec) else cls._method(spec)
        setattr(direct, _MARK, True)
        return direct

    # `cls.library` is looked up at each call: see `mocker_for`.
    @classmethod
    def _method(cls, spec: Callable[..., Any]) -> Callable[..., Any]:
        def handle_request(self: Any, request: Any) -> Any:
            if cls.routers:
                return routed(self, request)
            return cls.library.serve(spec, self, request)

        def unrouted(self: Any, request: Any) -> Any:
            return cls.library.serve(spec, self, request)

        routed = cls._routed(unrouted, "handle_request")
        return handle_request

    @classmethod
    def _async_method(cls, spec: Callable[..., Any]) -> Callable[..., Any]:
        async def handle_async_request(self: Any, request: Any) -> Any:
            if cls.routers:
                return await routed(self, request)
            return await cls.library.serve_async(spec, self, request)

        async def unrouted(self: Any, request: Any) -> Any:
            return await cls.library.serve_async(spec, self, request)

        routed = cls._routed(unrouted, "handle_async_request")
        return handle_async_request

    @classmethod
    def _routed(cls, unrouted: Callable[..., Any], name: str) -> Callable[..., Any]:
        unrouted.__name__ = name
        routed: Callable[..., Any] = super().mock(unrouted)  # type: ignore[no-untyped-call]
        return routed

    @classmethod
    def from_sync_httpx_response(cls, httpx_response: Any, target: Any, **kwargs: Any) -> Any:
        """A router's answer as the library's own response."""
        return cls.library.response(
            status=httpx_response.status_code,
            headers=httpx_response.headers.raw,
            content=httpx_response.stream,
            extensions=httpx_response.extensions,
        )

    @classmethod
    def stop(cls, force: bool = False) -> None:
        """Only a forced stop undoes the patches: respx calls this whenever a router of a test stops."""
        if force:
            super().stop(force=True)


def mocker_for(name: str) -> Any:
    """The mocker of `httpcore` or `httpcore2`, bound to this import of the package.

    respx registers a name once in a process. A pytest session inside a test (pytester) can import this package anew,
    and then the class that is registered must serve the new import: its methods look `library` up at each call.
    """
    registered = f"llmcassette-{name}"
    # Any: it may be the class of an earlier import, which mypy has no name for.
    mocker: Any = Mocker.registry.get(registered)
    if mocker is None:
        targets = [f"{name}.ConnectionPool", f"{name}.AsyncConnectionPool"]
        mocker = type("LlmCassetteMocker", (PoolMocker,), {"name": registered, "targets": targets})
    mocker.library = Library(name)
    return mocker


def _patch(module: ModuleType) -> None:
    """Patch the pools of one library, unless they are patched already."""
    name = module.__name__
    for pool, method in (("ConnectionPool", "handle_request"), ("AsyncConnectionPool", "handle_async_request")):
        if not hasattr(getattr(module, pool, None), method):
            note_gone(name, name, f"{pool}.{method}")
            return
    registered: Any = Mocker.registry.get(f"llmcassette-{name}")
    if registered is not None and isinstance(getattr(registered, "library", None), Library):
        patches = registered._patches
        if patches and patches[0].target is module.ConnectionPool:
            return
        registered.stop(force=True)
    mocker_for(name).start()


class _Pools(Patches):
    """Made and undone by respx: a user's own router may patch over ours, and stop in any order."""

    def uninstall(self) -> None:
        for name in self.modules:
            registered: Any = Mocker.registry.get(f"llmcassette-{name}")
            if registered is not None:
                registered.stop(force=True)
        super().uninstall()


PATCHES = _Pools(("httpcore", "httpcore2"), _patch)
