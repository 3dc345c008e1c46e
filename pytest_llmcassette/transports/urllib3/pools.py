"""The patches: where a pool has a connection and sends a request by it.

All above is urllib3's own, and its callers': retries, redirects, timeouts, decoding, cookies. So is nearly all below:
the connection writes to something in place of a socket, and reads from it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from inspect import signature
from types import ModuleType
from typing import Any

from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.transports.patching import Patches, note_gone

_TUNNEL = "_llmcassette_tunnel"
"""Where a connection has what makes its tunnel, until it is certain that this is needed."""


def _patch(module: ModuleType) -> None:
    pool, pool_by_tls = getattr(module, "HTTPConnectionPool", None), getattr(module, "HTTPSConnectionPool", None)
    if not _is_of_http_client(getattr(pool, "ConnectionCls", None)):
        # A fork of another make has taken the name.
        note_gone("urllib3", module.__name__, "HTTPConnectionPool on http.client")
    elif not PATCHES.put(pool, "_make_request", _serving):
        note_gone("urllib3", module.__name__, "HTTPConnectionPool._make_request")
    elif not PATCHES.put(pool_by_tls, "_prepare_proxy", _later):
        note_gone("urllib3", module.__name__, "HTTPSConnectionPool._prepare_proxy")


def _is_of_http_client(connection: Any) -> bool:
    """Whether a class of connections is urllib3's: another library's stand-in (VCR.py's) is none."""
    return hasattr(connection, "putrequest") and hasattr(connection, "_send_output")


PATCHES = Patches(("urllib3.connectionpool",), _patch)


def _later(original: Callable[..., None]) -> Callable[..., None]:
    """A tunnel through a proxy, made where the request really goes to the network."""

    @wraps(original)
    def _prepare_proxy(pool: Any, connection: Any) -> None:
        if in_force.current() is None or not _is_of_http_client(connection):
            original(pool, connection)
        else:
            vars(connection)[_TUNNEL] = partial(original, pool, connection)

    return _prepare_proxy


def _serving(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _make_request(pool: Any, conn: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        what = in_force.current() if _is_of_http_client(conn) else None
        tunnel = getattr(conn, "__dict__", {}).pop(_TUNNEL, None)
        send = partial(original, pool, conn, method, url)
        if what is None:
            if tunnel is not None:
                tunnel()
            return send(*args, **kwargs)
        from pytest_llmcassette.transports.urllib3.serving import Sending

        if args:
            kwargs = {**dict(zip([*signature(original).parameters][4:], args, strict=False)), **kwargs}
        return Sending(send, tunnel, pool, conn, method, url).serve(what, kwargs)

    return _make_request
