"""The patch: a session asks its connector for a connection when the request is ready to be sent, and gets one of ours.

All else is aiohttp's own: redirects, cookies, middlewares, retries, timeouts, the parsing of the answer. What replaces
`ClientSession._request` (aioresponses) stays outermost.
"""

from __future__ import annotations

from types import ModuleType

from pytest_llmcassette.transports.patching import Patches, handing_to, note_gone, owner_of

_CONNECT = "BaseConnector.connect"
_NEEDED = (_CONNECT, "connector.Connection", "client_proto.ResponseHandler.set_response_params")


def _patch(module: ModuleType) -> None:
    for path in _NEEDED:
        if not hasattr(owner_of(module, path), path.rpartition(".")[2]):
            note_gone("aiohttp", "aiohttp", path)
            return
    PATCHES.put(module, _CONNECT, handing_to("aiohttp.serving", "serve"))


PATCHES = Patches(("aiohttp",), _patch)
