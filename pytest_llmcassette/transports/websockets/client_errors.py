"""websockets' exceptions, which are Python's own where no connection is made, and httpcore's names for them."""

from __future__ import annotations

import ssl
import sys
from typing import Any

_TIMEOUTS = ("ConnectTimeout", "PoolTimeout", "ReadTimeout", "WriteTimeout")


class Errors:
    """The errors of one connection's network; `is_made` is set once there is one."""

    def __init__(self) -> None:
        self.is_made = False

    def error(self, kind: str, message: str) -> Exception:
        """What the library raises for this kind before a handshake is answered; see `broken` for later."""
        if kind in _TIMEOUTS:
            return TimeoutError(message or "timed out during opening handshake")
        if kind in ("RemoteProtocolError", "LocalProtocolError", "ReadError"):
            error: Exception = _own().InvalidMessage("did not receive a valid HTTP response")
            error.__cause__ = EOFError(message)
            return error
        if kind == "ProxyError" and hasattr(_own(), "ProxyError"):
            # The base class of what proxies refuse; before websockets 15 there are none.
            made: Exception = _own().ProxyError(message)
            return made
        return ssl.SSLError(message) if "SSL" in message else OSError(message)

    def told(self, error: BaseException) -> tuple[str, str]:
        """httpcore's name, and the text; empty for what is not of the network."""
        proxy: Any = getattr(_own(), "ProxyError", ())
        if isinstance(error, TimeoutError):
            kind = "ReadTimeout" if self.is_made else "ConnectTimeout"
        elif isinstance(error, OSError):
            kind = "ReadError" if self.is_made else "ConnectError"
        elif isinstance(error, proxy):
            kind = "ProxyError"
        else:
            return "", ""
        return kind, str(error)


def _own() -> Any:
    return sys.modules["websockets.exceptions"]
