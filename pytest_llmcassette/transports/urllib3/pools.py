"""The patches: where a pool has a connection and sends a request by it.

All above is urllib3's own, and its callers': retries, redirects, timeouts, decoding, cookies. So is nearly all below:
the connection writes to something in place of a socket, and reads from it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from inspect import signature
from typing import Any

from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.transports.patching import patches_of

_TUNNEL = "_llmcassette_tunnel"
"""Where a connection has what makes its tunnel, until it is certain that this is needed."""


def _is_of_http_client(connection: type) -> bool:
    """Whether a class of connections is `http.client`'s; another library's stand-in (VCR.py's) is none.

    What such a one sends is refused below, as `http.client`'s, and a fork's (urllib3-future) by its own name.
    """
    getresponse = getattr(connection, "getresponse", None)
    is_own = getattr(getresponse, "__module__", "") in ("http.client", "urllib3.connection")
    return is_own and any(each.__module__ == "http.client" for each in connection.__mro__)


def _later(original: Callable[..., None]) -> Callable[..., None]:
    """A tunnel through a proxy, made where the request really goes to the network."""

    @wraps(original)
    def _prepare_proxy(pool: Any, connection: Any) -> None:
        if in_force.current() is None or not _is_of_http_client(type(connection)):
            original(pool, connection)
        else:
            vars(connection)[_TUNNEL] = partial(original, pool, connection)

    return _prepare_proxy


def _serving(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _make_request(pool: Any, conn: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        what = in_force.current() if _is_of_http_client(type(conn)) else None
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


PATCHES = patches_of(
    {
        "urllib3.connectionpool": {
            "HTTPConnectionPool._make_request": _serving,
            "HTTPSConnectionPool._prepare_proxy": _later,
        }
    },
    library="urllib3",
)
