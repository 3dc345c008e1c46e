"""Refuses, by name, requests through libraries that no cassette intercepts, while a cassette is in force.

Without this a test would silently talk to the network, or fail with whatever error a blocked network gives.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from types import ModuleType
from typing import Any

from pytest_llmcassette.errors import NotIntercepted, RequestRefused
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.transports.exchange import host_of, is_ignored, shown
from pytest_llmcassette.transports.httpcore.urls import going_live, url_of
from pytest_llmcassette.transports.patching import Patches, note_gone
from pytest_llmcassette.transports.unexpected import fault_of

UrlOf = Callable[..., str]
_NETWORK = ("http:", "https:", "ws:", "wss:", "grpc:")


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a library's requests begin: `module`'s attribute `path`, a function that gets what `url_of` reads.

    Every version has it that a project may use today; one that has not is told of (`patching.note_gone`).
    """

    library: str
    module: str
    path: str
    url_of: UrlOf


def _aiohttp_url(session: Any, method: str, url: Any, *args: Any, **kwargs: Any) -> str:
    base = getattr(session, "_base_url", None)
    return str(base.join(type(base)(str(url)))) if base is not None else str(url)


def _sent_url(sender: Any, request: Any, *args: Any, **kwargs: Any) -> str:
    return str(request.url)


def _urllib3_url(pool: Any, method: str, url: str, *args: Any, **kwargs: Any) -> str:
    port = f":{pool.port}" if pool.port else ""
    return f"{pool.scheme}://{pool.host}{port}{url if url.startswith('/') else ''}"


def _http_client_url(connection: Any, method: str, url: str, *args: Any, **kwargs: Any) -> str:
    if "://" in url:
        return url
    tunnel = connection._tunnel_host
    host, port = (tunnel, connection._tunnel_port) if tunnel else (connection.host, connection.port)
    scheme = "https" if connection.default_port == 443 else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}{url}"


def _opened_url(opener: Any, target: Any, *args: Any, **kwargs: Any) -> str:
    return target if isinstance(target, str) else str(target.full_url)


def _grpc_target(call: Any, *args: Any, **kwargs: Any) -> str:
    target = getattr(call, "_target", b"")
    return "grpc://" + (target.decode("utf-8", "replace") if isinstance(target, bytes) else str(target))


def _websocket_url(uri: str) -> str:
    return uri


def _connection_url(connection: Any, request: Any) -> str:
    return "" if going_live.get() else url_of(request.url)


_GRPC_CALLS = {
    "_UnaryUnary": ("__call__", "with_call", "future"),
    "_StreamUnary": ("__call__", "with_call", "future"),
    "_UnaryStream": ("__call__",),
    "_SingleThreadedUnaryStream": ("__call__",),
    "_StreamStream": ("__call__",),
}
ENTRIES = (
    Entry("aiohttp", "aiohttp", "ClientSession._request", _aiohttp_url),
    Entry("requests", "requests.adapters", "HTTPAdapter.send", _sent_url),
    Entry("botocore (boto3)", "botocore.httpsession", "URLLib3Session.send", _sent_url),
    Entry("urllib3", "urllib3.connectionpool", "HTTPConnectionPool.urlopen", _urllib3_url),
    Entry("urllib.request", "urllib.request", "OpenerDirector.open", _opened_url),
    Entry("http.client", "http.client", "HTTPConnection.putrequest", _http_client_url),
    # A connection that is used without its pool, which is where a cassette intercepts.
    *(
        Entry(library, library, path, _connection_url)
        for library in ("httpcore", "httpcore2")
        for path in ("HTTPConnection.handle_request", "AsyncHTTPConnection.handle_async_request")
    ),
    *(
        Entry("websockets", f"websockets.{kind}.client", "parse_uri", _websocket_url)
        for kind in ("asyncio", "sync", "trio", "legacy")
    ),
    *(
        Entry("grpc", "grpc._channel", f"{kind}MultiCallable.{method}", _grpc_target)
        for kind, methods in _GRPC_CALLS.items()
        for method in methods
    ),
    *(
        Entry("grpc.aio", "grpc.aio._channel", f"{kind}MultiCallable.__call__", _grpc_target)
        for kind in ("UnaryUnary", "UnaryStream", "StreamUnary", "StreamStream")
    ),
)

REMEDIES = {
    "google.genai": (
        "google-genai",
        "Give the client an httpx transport: HttpOptions(httpx_async_client=httpx2.AsyncClient()) "
        "(httpx.AsyncClient() before google-genai 3).",
    ),
    "litellm": ("litellm", "Set DISABLE_AIOHTTP_TRANSPORT=True, or litellm.disable_aiohttp_transport = True."),
    "openai": ("openai", "Build the client without http_client=DefaultAioHttpClient()."),
    "anthropic": (
        "anthropic",
        "Build the client without http_client=DefaultAioHttpClient().",
    ),
    "fireworks": ("fireworks-ai", "Give the client an httpx transport: http_client=httpx.AsyncClient()."),
    "google.auth": (
        "google-auth",
        "Give the client fixed credentials, google.oauth2.credentials.Credentials(token), or ignore the token's host.",
    ),
    "botocore": ("boto3", "Use a client on httpx (AnthropicBedrock), or stub boto3 with botocore.stub.Stubber."),
    "xai_sdk": ("xai-sdk", "Use xAI's OpenAI-compatible API with the openai SDK: base_url='https://api.x.ai/v1'."),
}
"""Client packages by module name: how to call them, and what to do."""


def _guard(module: ModuleType) -> None:
    for entry in ENTRIES:
        if entry.module == module.__name__:
            *parents, name = entry.path.split(".")
            owner: Any = module
            for parent in parents:
                owner = getattr(owner, parent, None)
            if owner is None or not PATCHES.put(owner, name, partial(_guarded, entry)):
                note_gone(entry.library, entry.module, entry.path)


PATCHES = Patches((entry.module for entry in ENTRIES), _guard)


def _guarded(entry: Entry, original: Callable[..., Any]) -> Callable[..., Any]:
    guarded = _async_guard(entry, original) if inspect.iscoroutinefunction(original) else _guard_of(entry, original)
    # For respx, which looks for the names of a function's arguments and does not look behind a wrapper.
    guarded.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]
    return guarded


def _async_guard(entry: Entry, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def guarded(*args: Any, **kwargs: Any) -> Any:
        if in_force.current() is not None:
            _refuse(entry, args, kwargs)
        return await original(*args, **kwargs)

    return guarded


def _guard_of(entry: Entry, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if in_force.current() is not None:
            _refuse(entry, args, kwargs)
        return original(*args, **kwargs)

    return guarded


def _refuse(entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raise unless the request may pass: an ignored host, or an address that is not the network's (`file:`)."""
    what = in_force.current()
    try:
        url = entry.url_of(*args, **kwargs)
        if not url.startswith(_NETWORK):
            return
        if isinstance(what, in_force.Suspension):
            raise RequestRefused(f"{shown(url, what)} was not sent (through {entry.library}). {what.reason}")
        if what is None or is_ignored(what, url):
            return
        client, remedy = _client()
        raise what.note(
            NotIntercepted(
                f"{client or 'Code under test'} was about to send a request to {shown(url, what)} through "
                f"{entry.library}, which no cassette can intercept, while {what.path} is in force for {what.owner}.\n"
                f"{remedy or 'Use a client that sends through httpx or httpx2, or mock this call.'}\n"
                f"To let it go to the network unrecorded: ignore_hosts=[{host_of(url)!r}]."
            )
        )
    except Exception as error:
        raise fault_of(error, what, f"a request through {entry.library}") from error


def _client() -> tuple[str, str]:
    """The client library whose code is on the stack, nearest first, and its remedy; empty when none is known."""
    frame = sys._getframe(2)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        for package, known in REMEDIES.items():
            if module == package or module.startswith(package + "."):
                return known
        if frame.f_back is None:
            break
        frame = frame.f_back
    return "", ""
