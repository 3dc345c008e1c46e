"""httpcore's URLs, which the pools and the guard of bare connections read."""

from __future__ import annotations

from typing import Any

DEFAULT_PORTS = {b"http": 80, b"https": 443}


def url_of(url: Any) -> str:
    """The text of a httpcore URL; a scheme's own port is left out, as httpx does."""
    host = url.host.decode("latin-1")
    if ":" in host:
        host = f"[{host}]"
    port = "" if url.port is None or url.port == DEFAULT_PORTS.get(url.scheme) else f":{url.port}"
    return f"{url.scheme.decode('latin-1')}://{host}{port}{url.target.decode('latin-1')}"
