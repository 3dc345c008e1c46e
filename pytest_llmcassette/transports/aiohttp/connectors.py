"""The patch: a session asks its connector for a connection when the request is ready to be sent, and gets one of ours.

All else is aiohttp's own: redirects, cookies, middlewares, retries, timeouts, the parsing of the answer. What replaces
`ClientSession._request` (aioresponses) stays outermost.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.transports.patching import Patches, note_gone

_NEEDED = ("BaseConnector.connect", "connector.Connection", "client_proto.ResponseHandler.set_response_params")


def _patch(module: ModuleType) -> None:
    for path in _NEEDED:
        found: Any = module
        for name in path.split("."):
            found = getattr(found, name, None)
        if found is None:
            note_gone("aiohttp", "aiohttp", path)
            return
    PATCHES.put(module.BaseConnector, "connect", _connecting)


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def connect(self: Any, req: Any, traces: Any, timeout: Any) -> Any:
        what = in_force.current()
        if what is None:
            return await original(self, req, traces, timeout)
        from pytest_llmcassette.transports.aiohttp.serving import serve

        async def go() -> Any:
            return await original(self, req, traces, timeout)

        return await serve(what, go, self, req, timeout)

    return connect


PATCHES = Patches(("aiohttp",), _patch)
