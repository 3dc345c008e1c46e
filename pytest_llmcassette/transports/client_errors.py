"""What a binding tells of its client library's exceptions."""

from __future__ import annotations

from typing import Protocol


class ClientErrors(Protocol):
    """The errors of the network, as this library raises them. Their kinds are the names that httpcore has for them."""

    def error(self, kind: str, message: str) -> Exception:
        """The library's own exception of this kind, so that every SDK maps it to its own error type."""
        ...

    def told(self, error: BaseException) -> tuple[str, str]:
        """Kind and message of an exception; empty when it is none of the network's (the client was cancelled)."""
        ...
