"""aiohttp's exceptions, and httpcore's names for them, which a cassette holds."""

from __future__ import annotations

import re
from typing import Any

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

_ConnectTimeout: type[Exception] = getattr(aiohttp, "ConnectionTimeoutError", aiohttp.ServerTimeoutError)
_ReadTimeout: type[Exception] = getattr(aiohttp, "SocketTimeoutError", aiohttp.ServerTimeoutError)
"""Both are `ServerTimeoutError` before aiohttp 3.10."""
_TOTAL = "ClientTimeout.total is over"


_KINDS: tuple[tuple[type[BaseException], str], ...] = (
    (_ReadTimeout, "ReadTimeout"),
    (_ConnectTimeout, "ConnectTimeout"),
    # A connector's own, for which the session raises a ConnectionTimeoutError.
    (TimeoutError, "ConnectTimeout"),
    (aiohttp.ClientProxyConnectionError, "ProxyError"),
    (aiohttp.ClientHttpProxyError, "ProxyError"),
    (aiohttp.ClientConnectorError, "ConnectError"),
    (aiohttp.ServerFingerprintMismatch, "ConnectError"),
    (aiohttp.ServerDisconnectedError, "RemoteProtocolError"),
    (aiohttp.ClientPayloadError, "RemoteProtocolError"),
    (aiohttp.ClientResponseError, "RemoteProtocolError"),
    (HttpProcessingError, "RemoteProtocolError"),
    (OSError, "ReadError"),
    (aiohttp.ClientConnectionError, "WriteError"),
)
"""The first that an exception is of."""
_CONNECTOR_SAYS = re.compile(r"Cannot connect to .* \[(.*)\]", re.DOTALL)


class Errors:
    """The errors of one request's network: aiohttp's name the host that they failed to reach."""

    def __init__(self, request: Any, timeout: Any) -> None:
        self._request = request
        self._has_only_a_total = timeout.sock_read is None and timeout.total is not None

    def error(self, kind: str, message: str) -> Exception:
        """aiohttp's own exception for one of httpcore's names; an unknown name is a `ClientOSError`."""
        if kind in ("ConnectTimeout", "PoolTimeout"):
            return _ConnectTimeout(message or f"Connection timeout to host {self._request.url}")
        if kind in ("ReadTimeout", "WriteTimeout"):
            return TimeoutError() if self._has_only_a_total or message == _TOTAL else _ReadTimeout(message)
        if kind in ("ConnectError", "ProxyError"):
            failed = aiohttp.ClientConnectorError if kind == "ConnectError" else aiohttp.ClientProxyConnectionError
            told = _CONNECTOR_SAYS.fullmatch(message)
            return failed(self._request.connection_key, OSError(None, told[1] if told else message))
        if kind in ("RemoteProtocolError", "LocalProtocolError"):
            return aiohttp.ServerDisconnectedError(message or None)
        return aiohttp.ClientOSError(message if kind in ("ReadError", "WriteError") else f"{kind}: {message}")

    def told(self, error: BaseException) -> tuple[str, str]:
        """httpcore's name, and the text; empty for what is not of the network."""
        if getattr(self._request._timer, "_cancelled", False):
            # How aiohttp begins to tell of `ClientTimeout.total`; a bare `TimeoutError` follows.
            return "ReadTimeout", _TOTAL
        return next(((kind, str(error)) for known, kind in _KINDS if isinstance(error, known)), ("", ""))


def in_a_body(error: BaseException) -> BaseException:
    """The same within a body, where aiohttp tells of every broken connection in one way. Timeouts stay timeouts."""
    if isinstance(error, aiohttp.ClientOSError | aiohttp.ServerDisconnectedError):
        told = str(error)
        known = told.startswith("Response payload is not completed")
        return aiohttp.ClientPayloadError(told if known else f"Response payload is not completed: {told}")
    return error
