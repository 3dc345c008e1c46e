"""One request through each HTTP library and event loop that the cassette has to serve alike."""

from __future__ import annotations

import asyncio
import importlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

HTTPX = tuple(f"{library}-{loop}" for library in ("httpx", "httpx2") for loop in ("sync", "asyncio", "trio"))
OVER_AIOHTTP = ("aiohttp-asyncio", "httpx_aiohttp-asyncio")
OVER_URLLIB3 = ("urllib3-sync", "requests-sync")
READ_AHEAD = (*OVER_AIOHTTP, *OVER_URLLIB3)
"""The end of an answer may have come before its client closes."""
KINDS = (*HTTPX, *OVER_AIOHTTP, *OVER_URLLIB3)
ONE_HALF = ("httpx-sync", "httpx2-asyncio", "httpx-trio", "aiohttp-asyncio", "urllib3-sync")
OTHER_HALF = tuple(kind for kind in KINDS if kind not in ONE_HALF)
"""Either has a client of every binding and of every event loop."""
_ERRORS = {
    "aiohttp": {
        "ReadError": "ClientPayloadError",
        "RemoteProtocolError": "ServerDisconnectedError",
        "ConnectError": "ClientConnectorError",
        "ConnectTimeout": "ConnectionTimeoutError",
        "ReadTimeout": "SocketTimeoutError",
        "TimeoutException": "ServerTimeoutError",
    },
    "urllib3": {
        "ReadError": "ProtocolError",
        "RemoteProtocolError": "ProtocolError",
        "ConnectError": "NewConnectionError",
        "ConnectTimeout": "ConnectTimeoutError",
        "ReadTimeout": "ReadTimeoutError",
        "TimeoutException": "TimeoutError",
    },
    "requests": {
        "ReadError": "ChunkedEncodingError",
        "RemoteProtocolError": "ConnectionError",
        "ConnectError": "ConnectionError",
        "TimeoutException": "Timeout",
    },
    # So it takes a lost connection, and one that was never made.
    "httpx_aiohttp": {"RemoteProtocolError": "ConnectTimeout", "ConnectError": "ConnectTimeout"},
}


@dataclass
class Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    version: str
    reason: str
    pieces: list[bytes] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    def header(self, name: str) -> list[str]:
        return [value.decode() for key, value in self.headers if key.lower() == name.lower().encode()]


def each(quick: tuple[str, ...] = KINDS, kinds: tuple[str, ...] = KINDS) -> pytest.MarkDecorator:
    """The test with each of these kinds; those that are not `quick` in the slow part."""
    marks = {kind: () if kind in quick else pytest.mark.slow for kind in kinds}
    return pytest.mark.parametrize("kind", [pytest.param(kind, marks=marks[kind]) for kind in kinds])


def library_of(kind: str) -> Any:
    """httpx for what is httpx over another library."""
    name = kind.partition("-")[0]
    if name == "httpx_aiohttp":
        pytest.importorskip(name)
        return importlib.import_module("httpx")
    return pytest.importorskip(name)


def error_of(kind: str, name: str) -> type[Exception]:
    """What this library raises for an error of httpx's name."""
    library = library_of(kind)
    place = library.exceptions if kind in OVER_URLLIB3 else library
    found: type[Exception] = getattr(place, _ERRORS.get(kind.partition("-")[0], {}).get(name, name))
    return found


def accepted_by(kind: str) -> str:
    """The encodings that this library asks for."""
    library = library_of(kind)
    if kind.startswith("aiohttp"):
        return str(library.ClientRequest.DEFAULT_HEADERS["Accept-Encoding"])
    if kind.startswith("urllib3"):
        return str(library.util.make_headers(accept_encoding=True)["accept-encoding"])
    client = library.Session() if kind.startswith("requests") else library.Client(verify=False)
    return str(client.headers["accept-encoding"])


@cache
def _any_certificate() -> ssl.SSLContext:
    """One for all clients: to make it takes longer than the rest of a client, and to load authorities longer still."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    return made


def limits(kind: str, **seconds: float) -> Any:
    """How long a client waits, to `connect` or to `read`: 5 s where nothing else is said."""
    library = library_of(kind) if kind in HTTPX else importlib.import_module("httpx")
    return library.Timeout(5.0, **seconds)


def async_client(kind: str, **options: Any) -> Any:
    """An `AsyncClient` of httpx's kind."""
    library = library_of(kind)
    if kind.startswith("httpx_aiohttp"):
        return importlib.import_module("httpx_aiohttp").HttpxAiohttpClient(**options)
    return library.AsyncClient(**options)


def fetch(
    kind: str,
    method: str,
    url: str,
    *,
    on_piece: Callable[[bytes], None] = lambda piece: None,
    stop_after: int | None = None,
    client: dict[str, Any] | None = None,
    **request: Any,
) -> Answer:
    """One streamed request; stops reading after `stop_after` pieces and closes the response."""
    options = {"timeout": 5.0, "verify": _any_certificate(), **(client or {})}
    if kind in OVER_URLLIB3:
        return _by_urllib3(kind, method, url, on_piece, stop_after, options, request)
    if kind.endswith("-sync"):
        with library_of(kind).Client(**options) as sync_client, sync_client.stream(method, url, **request) as response:
            answer = _answer(response)
            for piece in response.iter_bytes():
                answer.pieces.append(piece)
                on_piece(piece)
                if len(answer.pieces) == stop_after:
                    break
        return answer
    ask = _by_aiohttp if kind.startswith("aiohttp") else _by_httpx

    async def run() -> Answer:
        return await ask(kind, method, url, on_piece, stop_after, options, request)

    got: Answer = run_async(kind, run)
    return got


async def drain(kind: str, url: str, on_piece: Callable[[bytes], None] = lambda piece: None) -> None:
    """One streamed GET, within a running loop."""
    ask = _by_aiohttp if kind.startswith("aiohttp") else _by_httpx
    await ask(kind, "GET", url, on_piece, None, {"timeout": 5.0, "verify": _any_certificate()}, {})


async def _by_httpx(
    kind: str,
    method: str,
    url: str,
    on_piece: Callable[[bytes], None],
    stop_after: int | None,
    options: dict[str, Any],
    request: dict[str, Any],
) -> Answer:
    async with async_client(kind, **options) as client, client.stream(method, url, **request) as response:
        answer = _answer(response)
        async for piece in response.aiter_bytes():
            answer.pieces.append(piece)
            on_piece(piece)
            if len(answer.pieces) == stop_after:
                break
    return answer


def _timeouts(options: dict[str, Any]) -> dict[str, Any]:
    """By kind, in seconds: an `httpx.Timeout`'s, or one figure for connecting and reading."""
    limits = options["timeout"]
    return limits.as_dict() if hasattr(limits, "as_dict") else {"connect": limits, "read": limits}


async def _by_aiohttp(
    kind: str,
    method: str,
    url: str,
    on_piece: Callable[[bytes], None],
    stop_after: int | None,
    options: dict[str, Any],
    request: dict[str, Any],
) -> Answer:
    aiohttp = library_of(kind)
    timeouts = _timeouts(options)
    given: dict[str, Any] = {
        "timeout": aiohttp.ClientTimeout(sock_connect=timeouts.get("connect"), sock_read=timeouts.get("read")),
        "allow_redirects": options.get("follow_redirects", False),
    }
    if "content" in request:
        given["data"] = request.pop("content")
    async with (
        aiohttp.ClientSession(trust_env=True) as session,
        session.request(method, url, **given, **request) as response,
    ):
        version = f"HTTP/{response.version.major}.{response.version.minor}"
        answer = Answer(response.status, list(response.raw_headers), version, response.reason)
        async for piece in response.content.iter_any():
            answer.pieces.append(piece)
            on_piece(piece)
            if len(answer.pieces) == stop_after:
                break
    return answer


def _by_urllib3(
    kind: str,
    method: str,
    url: str,
    on_piece: Callable[[bytes], None],
    stop_after: int | None,
    options: dict[str, Any],
    request: dict[str, Any],
) -> Answer:
    library = library_of(kind)
    timeouts, follow = _timeouts(options), options.get("follow_redirects", False)
    given = {name: value for name, value in request.items() if name in ("json", "headers")}
    if kind.startswith("requests"):
        timeout = (timeouts.get("connect"), timeouts.get("read"))
        response = library.request(
            method, url, data=request.get("content"), timeout=timeout, allow_redirects=follow, stream=True, **given
        )
        raw, pieces = response.raw, response.iter_content(None)
    else:
        timeout = library.Timeout(connect=timeouts.get("connect"), read=timeouts.get("read"))
        if "content" in request:
            given["body"] = request["content"]
        retries = None if follow else False
        raw = library.PoolManager(timeout=timeout, cert_reqs="CERT_NONE").request(
            method, url, preload_content=False, redirect=follow, retries=retries, **given
        )
        response, pieces = raw, raw.stream(None, decode_content=True)
    head = [(name.encode(), value.encode("latin-1")) for name, value in raw._original_response.msg.items()]
    answer = Answer(raw.status, head, f"HTTP/{raw.version / 10}", raw.reason)
    for piece in pieces:
        answer.pieces.append(piece)
        on_piece(piece)
        if len(answer.pieces) == stop_after:
            break
    response.close()
    return answer


def run_async(kind: str, function: Callable[[], Any]) -> Any:
    if kind.endswith("trio"):
        import trio

        return trio.run(function)
    return asyncio.run(function())


def _answer(response: Any) -> Answer:
    return Answer(response.status_code, response.headers.raw, response.http_version, response.reason_phrase)
