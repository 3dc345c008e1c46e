"""Where the requests begin of libraries that no cassette intercepts: the table of entries, and what to do instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from pytest_llmcassette.recorder.in_force import going_live
from pytest_llmcassette.transports.httpcore.urls import url_of

UrlOf = Callable[..., str]
NETWORK = ("http:", "https:", "ws:", "wss:", "grpc:", "curl:")


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a library's requests begin: `module`'s attribute `path`, a function that gets what `url_of` reads.

    Every version has it that a project may use today; one that has not is told of (`patching.note_gone`). A function
    of a module is replaced wherever it has been imported to.
    """

    library: str
    module: str
    path: str
    url_of: UrlOf
    optional: bool = False
    """Not in every version that may be in use."""


def _http_client_url(connection: Any, method: str, url: str, *args: Any, **kwargs: Any) -> str:
    if going_live.get() or getattr(connection.sock, "is_a_stand_in", False):
        # A pool of urllib3's sends this, which is where a cassette intercepts.
        return ""
    if "://" in url:
        return url
    tunnel = connection._tunnel_host
    host, port = (tunnel, connection._tunnel_port) if tunnel else (connection.host, connection.port)
    scheme = "https" if connection.default_port == 443 else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}{url}"


def _https_url(connection: Any, method: str, url: str, *args: Any, **kwargs: Any) -> str:
    return f"https://{connection.host}:{connection.port}{url}"


def _forks_url(connection: Any, method: str, url: str, *args: Any, **kwargs: Any) -> str:
    return "" if going_live.get() else f"{connection.scheme}://{connection.host}:{connection.port}{url}"


def _opened_url(opener: Any, target: Any, *args: Any, **kwargs: Any) -> str:
    return target if isinstance(target, str) else str(target.full_url)


def _url_at(place: int, *args: Any, **kwargs: Any) -> str:
    """The argument at a place, or by its name: a URL, or an object that has one."""
    given = args[place] if len(args) > place else kwargs.get("url", kwargs.get("request", ""))
    return str(getattr(given, "url", given))


_first_url, _second_url, _third_url = (partial(_url_at, place) for place in range(3))


def _gevents_url(client: Any, method: str, uri: str, *args: Any, **kwargs: Any) -> str:
    return uri if "://" in uri else f"{'https' if client.ssl else 'http'}://{client.host}:{client.port}{uri}"


def _grpclib_target(channel: Any, *args: Any, **kwargs: Any) -> str:
    return f"grpc://{channel._host}:{channel._port}" if channel._path is None else ""


def _twisted_url(agent: Any, method: bytes, uri: bytes, *args: Any, **kwargs: Any) -> str:
    return uri.decode("utf-8", "replace")


_curl_urls: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
"""What each handle of curl was told to fetch: curl itself does not say before it has."""


def note_curl_url(handle: Any, option: Any, value: Any) -> None:
    """For a handle's `setopt`."""
    if int(option) == _CURLOPT_URL:
        _curl_urls[handle] = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _curl_url(handle: Any, *args: Any, **kwargs: Any) -> str:
    url = _curl_urls.get(handle, "")
    if not url:
        # Made before curl was watched, or else (tornado's dummy) told nothing at all.
        is_watched = hasattr(type(handle).setopt, "__wrapped__")
        return "" if is_watched or going_live.get() else "curl://an-address-that-is-not-known"
    return url if "://" in url else f"curl://{url}"


def _added_curl_url(multi: Any, handle: Any, *args: Any, **kwargs: Any) -> str:
    return _curl_url(handle)


def _connection_url(connection: Any, request: Any) -> str:
    return "" if going_live.get() else url_of(request.url)


_CURLOPT_URL = 10002
_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")


def _methods_of(library: str, client: str, *further: str) -> Iterator[Entry]:
    """Of a client that has a method for each of HTTP's."""
    for method in (*_METHODS, *further):
        yield Entry(library, library, f"{client}.{method}", _second_url, optional=True)
    yield Entry(library, library, f"{client}.request", _third_url)


def _functions_of(library: str, module: str, prefix: str = "", *further: str) -> Iterator[Entry]:
    """Of a module that has a function for each."""
    for method in (*_METHODS, *further):
        yield Entry(library, module, f"{prefix}{method}", _first_url, optional=True)
    yield Entry(library, module, f"{prefix}request", _second_url, optional=True)


ENTRIES = (
    Entry("urllib3 (HTTP/2)", "urllib3.http2.connection", "HTTP2Connection.putrequest", _https_url, optional=True),
    Entry("urllib3-future", "urllib3.backend.hface", "HfaceBackend.putrequest", _forks_url, optional=True),
    Entry("urllib.request", "urllib.request", "OpenerDirector.open", _opened_url),
    Entry("http.client", "http.client", "HTTPConnection.putrequest", _http_client_url),
    # A connection that is used without its pool, which is where a cassette intercepts.
    *(
        Entry(library, library, path, _connection_url)
        for library in ("httpcore", "httpcore2")
        for path in ("HTTPConnection.handle_request", "AsyncHTTPConnection.handle_async_request")
    ),
    Entry("websockets (trio)", "websockets.trio.client", "parse_uri", _first_url),
    Entry("grpclib", "grpclib.client", "Channel.request", _grpclib_target),
    Entry("aiosonic", "aiosonic.client", "HTTPClient.request", _second_url),
    Entry("aiosonic", "aiosonic.web_socket_client", "WebSocketClient.connect", _second_url, optional=True),
    Entry("geventhttpclient", "geventhttpclient.client", "HTTPClient.request", _gevents_url),
    Entry("niquests", "niquests.adapters", "HTTPAdapter.send", _second_url),
    Entry("niquests", "niquests.adapters", "AsyncHTTPAdapter.send", _second_url, optional=True),
    Entry("picows", "picows.api", "ws_connect", _second_url),
    Entry("tornado", "tornado.httpclient", "AsyncHTTPClient.fetch", _second_url),
    Entry("tornado", "tornado.httpclient", "HTTPClient.fetch", _second_url),
    Entry("tornado", "tornado.websocket", "WebSocketClientConnection.__init__", _second_url, optional=True),
    Entry("twisted", "twisted.web.client", "Agent.request", _twisted_url, optional=True),
    Entry("websocket-client", "websocket._core", "WebSocket.connect", _second_url),
    # These connect in C or Rust, below every socket of Python's.
    Entry("curl_cffi", "curl_cffi.curl", "Curl.perform", _curl_url),
    Entry("curl_cffi", "curl_cffi.aio", "AsyncCurl.add_handle", _added_curl_url),
    Entry("pycurl", "pycurl", "Curl.perform", _curl_url),
    Entry("pycurl", "pycurl", "Curl.perform_rb", _curl_url, optional=True),
    Entry("pycurl", "pycurl", "Curl.perform_rs", _curl_url, optional=True),
    Entry("pycurl", "pycurl", "CurlMulti.add_handle", _added_curl_url),
    *_methods_of("primp", "Client"),
    *_methods_of("primp", "AsyncClient"),
    *_functions_of("primp", "primp"),
    # One library by its old and its new name.
    *_methods_of("rnet", "Client", "trace", "websocket"),
    *_methods_of("rnet", "BlockingClient", "trace", "websocket"),
    *_functions_of("rnet", "rnet", "", "trace", "websocket"),
    *_methods_of("wreq", "Client", "trace", "websocket"),
    *_methods_of("wreq", "blocking.Client", "trace", "websocket"),
    *_functions_of("wreq", "wreq", "", "trace", "websocket"),
    *_functions_of("wreq", "wreq", "blocking.", "trace", "websocket"),
    *(
        Entry("pyreqwest", "pyreqwest._pyreqwest", f"request.{path}", _first_url)
        for path in (
            "ConsumedRequest.send",
            "SyncConsumedRequest.send",
            "StreamRequest.__aenter__",
            "SyncStreamRequest.__enter__",
        )
    ),
    *_functions_of("pyreqwest", "pyreqwest.simple.request", "pyreqwest_"),
    *_functions_of("pyreqwest", "pyreqwest.simple.sync_request", "pyreqwest_"),
)
CURLS = ("pycurl", "curl_cffi.curl")
"""Where curl's handles are told what to fetch."""

ANOTHER = "Use a client that sends through httpx, httpx2, aiohttp or urllib3 (requests, boto3), or mock this call."
REMEDIES = {
    "google.genai": ("google-genai", ""),
    "litellm": ("litellm", ""),
    "openai": ("openai", ""),
    "google.auth": (
        "google-auth",
        "Give the client fixed credentials, google.oauth2.credentials.Credentials(token), or ignore the token's host.",
    ),
}
"""Client packages by module name: how to call them, and what to do where there is something of their own."""
