"""What grpc has, as a cassette holds it: target and method as a URL, metadata as headers, messages as JSON."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from pytest_llmcassette.cassette.encoding import decode_base64
from pytest_llmcassette.recorder.outside import is_local
from pytest_llmcassette.recorder.requests import RawHeaders

CONTENT_TYPE = (b"Content-Type", b"application/grpc")
_RESOLVER = re.compile(r"(?:dns|ipv4|ipv6|passthrough|xds):(?://[^/]*/)?|[a-z][a-z0-9+.-]*://[^/]*/")
_LOCAL = ("unix:", "unix-abstract:", "vsock:")
_JSON = "google.protobuf.json_format"
if "google.protobuf" in sys.modules:
    # Now: the first message may come in a running event loop.
    import_module(_JSON)


def url_of(target: bytes | str, method: bytes | str, scheme: str) -> str:
    """`https://host:port/package.Service/Method`; a socket of this machine's is `localhost`.

    Without a `scheme` (the channel is older than the patches) another machine is taken to be reached by TLS.
    """
    authority = text_of(target).partition(",")[0]
    authority = "localhost" if authority.startswith(_LOCAL) else _RESOLVER.sub("", authority, count=1).lstrip("/")
    scheme = scheme or ("http" if is_local(urlsplit(f"//{authority}").hostname or "") else "https")
    return f"{scheme}://{authority}{text_of(method)}"


def text_of(value: bytes | str) -> str:
    """What grpc has as either."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def headers_of(metadata: Iterable[Any] | None) -> RawHeaders:
    """Metadata as header lines; binary values (`-bin`) as base64."""
    lines: RawHeaders = []
    for name, value in metadata or ():
        raw = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")
        lines.append((text_of(name).encode(), base64.b64encode(raw) if text_of(name).endswith("-bin") else raw))
    return lines


def metadata_of(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str | bytes]]:
    """Recorded header lines as metadata: names in lower case, without what is HTTP/2's or grpc's own."""
    found: list[tuple[str, str | bytes]] = []
    for raw, value in headers:
        name = raw.decode("latin-1").lower()
        if name in ("content-type", "grpc-status", "grpc-message"):
            continue
        found.append((name, _decoded(value) if name.endswith("-bin") else value.decode("utf-8", "surrogateescape")))
    return found


def _decoded(value: bytes) -> bytes:
    try:
        return decode_base64(value.decode("latin-1"))
    except ValueError:
        # Something else wrote it so, or redaction did.
        return value


def as_json(message: Any) -> str:
    """A protobuf message as JSON, in one line, with the names of its `.proto`; empty for what is none."""
    message = getattr(message, "_pb", message)
    if not hasattr(message, "DESCRIPTOR"):
        return ""
    module: Any = import_module(_JSON)
    try:
        text: str = module.MessageToJson(message, preserving_proto_field_name=True, indent=None, ensure_ascii=False)
    except (module.Error, TypeError, ValueError):
        # An `Any` of a type that this process does not know.
        return ""
    return text


def request_body(request: Any, serializer: Callable[[Any], bytes] | None) -> bytes:
    """A request as it is compared and recorded: JSON, or the bytes that are sent."""
    return as_json(request).encode("utf-8", "surrogatepass") or (serializer(request) if serializer else request)
