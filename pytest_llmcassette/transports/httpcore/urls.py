"""What the pools and the guard of bare connections share: httpcore's URLs, and who is on the way to the network."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

DEFAULT_PORTS = {b"http": 80, b"https": 443}

going_live: ContextVar[bool] = ContextVar("llmcassette_going_live", default=False)
"""True while a pool sends a request that is being recorded: the connections that it uses may pass."""


def url_of(url: Any) -> str:
    """The text of a httpcore URL; a scheme's own port is left out, as httpx does."""
    host = url.host.decode("latin-1")
    if ":" in host:
        host = f"[{host}]"
    port = "" if url.port is None or url.port == DEFAULT_PORTS.get(url.scheme) else f":{url.port}"
    return f"{url.scheme.decode('latin-1')}://{host}{port}{url.target.decode('latin-1')}"
