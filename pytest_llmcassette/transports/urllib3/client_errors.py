"""The network's errors, as urllib3 raises them itself where its connection does, and as a recording names them."""

from __future__ import annotations

import errno
import re
import socket
import ssl
import sys
from http.client import HTTPException, RemoteDisconnected
from typing import Any

_NAME = re.compile(
    r"name or service not known|name resolution|nodename nor servname|getaddrinfo|failed to resolve", re.I
)
_TLS = re.compile(r"\[SSL|certificate|tls|ssl:", re.I)
_NEW = "Failed to establish a new connection: "


class Errors:
    """`ClientErrors` of one connection. What comes from its socket urllib3 turns into its own classes, as in life."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def error(self, kind: str, message: str) -> Exception:
        """What the connection, or its socket, raises for this kind."""
        own, connection = _own(), self._connection
        made: Exception
        match kind:
            case "ReadTimeout":
                made = TimeoutError("timed out")
            case "WriteTimeout":
                made = own.ProtocolError("Connection aborted.", TimeoutError(message))
            # urllib3 would not put the connection back after its own error of a pool.
            case "ConnectTimeout" | "PoolTimeout":
                words = f"Connection to {connection.host} timed out. (connect timeout={connection.timeout})"
                made = own.ConnectTimeoutError(connection, words)
            case "ConnectError" if _TLS.search(message):
                made = own.SSLError(ssl.SSLError(message))
            # Which urllib3 1.26 does not have.
            case "ConnectError" if _NAME.search(message) and hasattr(own, "NameResolutionError"):
                made = own.NameResolutionError(connection.host, connection, socket.gaierror(message))
            case "ConnectError":
                made = own.NewConnectionError(connection, _NEW + message)
            case "ProxyError":
                made = own.ProxyError("Unable to connect to proxy", OSError(message))
            case "RemoteProtocolError":
                made = RemoteDisconnected("Remote end closed connection without response")
            case "ReadError" | "WriteError" | "CloseError" | "NetworkError":
                made = ConnectionResetError(errno.ECONNRESET, message or "Connection reset by peer")
            case _:
                made = own.ProtocolError(f"{kind}: {message}")
        return made

    def told(self, error: BaseException) -> tuple[str, str]:
        """See `ClientErrors`; empty for Ctrl-C, a refusal, a fault of the code."""
        kind = _kind(error)
        if not kind:
            return "", ""
        is_wrapped = isinstance(error, _own().ConnectTimeoutError)
        cause = (error.__cause__ or error.__context__ or error) if is_wrapped else error
        return kind, str(cause).removeprefix(_NEW)


def _kind(error: BaseException) -> str:
    own = _own()
    kinds: tuple[tuple[Any, str], ...] = (
        (own.NewConnectionError, "ConnectError"),
        (own.ConnectTimeoutError, "ConnectTimeout"),
        ((own.ReadTimeoutError, TimeoutError), "ReadTimeout"),
        (own.ProxyError, "ProxyError"),
        ((own.SSLError, ssl.SSLError, ssl.CertificateError), "ConnectError"),
        ((HTTPException, own.ProtocolError), "RemoteProtocolError"),
        (OSError, "ProxyError" if str(error).startswith("Tunnel connection failed") else "ReadError"),
    )
    return next((kind for classes, kind in kinds if isinstance(error, classes)), "")


def _own() -> Any:
    return sys.modules["urllib3.exceptions"]
