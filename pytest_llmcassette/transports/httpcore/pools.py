"""The binding to httpcore and httpcore2: the requests that reach a connection pool, and their responses.

One implementation for both libraries. The pool's own request goes straight to the recorder: a conversion to httpx and
back would cost more than everything else on replay.
"""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import Any

from pytest_llmcassette.errors import NotIntercepted
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.requests import RawHeaders
from pytest_llmcassette.replay.head import Head
from pytest_llmcassette.transports.carrying import Carrier
from pytest_llmcassette.transports.exchange import Exchange, exchange_for, host_of, shown
from pytest_llmcassette.transports.httpcore.asked_headers import listening
from pytest_llmcassette.transports.httpcore.urls import url_of
from pytest_llmcassette.transports.live import AsyncTee, LiveAnswer, Tee
from pytest_llmcassette.transports.unexpected import fault_of


class Body:
    """A request body in memory, to be sent as often as the pool needs."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        yield self._body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body


class Library:
    """httpcore or httpcore2: its response class and its own exceptions, which every SDK maps to its error types."""

    def __init__(self, name: str) -> None:
        module = importlib.import_module(name)
        self.name = name
        self.module = module
        self.response: Callable[..., Any] = module.Response
        self.errors: tuple[type[Exception], ...] = (
            module.TimeoutException,
            module.NetworkError,
            module.ProtocolError,
            module.ProxyError,
            module.UnsupportedProtocol,
        )

    def error(self, kind: str, message: str) -> Exception:
        """The library's own exception of this name, as recorded; an unknown name is a `ReadError`."""
        found = getattr(self.module, kind, None)
        if isinstance(found, type) and issubclass(found, self.errors):
            return found(message)
        return self.module.ReadError(f"{kind}: {message}")  # type: ignore[no-any-return]

    def told(self, error: BaseException) -> tuple[str, str]:
        """The name that a recording gives this exception, and its text; empty for one that is not of the network."""
        return (type(error).__name__, str(error)) if isinstance(error, self.errors) else ("", "")

    def serve(self, original: Callable[..., Any], pool: Any, request: Any) -> Any:
        """`ConnectionPool.handle_request`, with whatever cassette is in force."""
        exchange = self._exchange(request)
        if exchange is None:
            with in_force.let_live():
                return original(pool, request)
        body = b"".join(request.stream)
        answer = exchange.answer(request.headers, body)
        if isinstance(answer, Carrier):
            return self._replayed(answer.begin(request.extensions), answer, exchange)
        request.stream = Body(body)
        try:
            with in_force.let_live():
                response = original(pool, request)
        except BaseException as error:
            answer.has_failed(error)
            raise
        _tell_head(answer, response, exchange)
        response.stream = Tee(response.stream, answer)
        return response

    async def serve_async(self, original: Callable[..., Awaitable[Any]], pool: Any, request: Any) -> Any:
        """`AsyncConnectionPool.handle_async_request`, with whatever cassette is in force."""
        exchange = self._exchange(request)
        if exchange is None:
            with in_force.let_live():
                return await original(pool, request)
        body = b"".join([piece async for piece in request.stream])
        answer = await exchange.answer_async(request.headers, body)
        if isinstance(answer, Carrier):
            return self._replayed(await answer.begin_async(request.extensions), answer, exchange)
        request.stream = Body(body)
        try:
            with in_force.let_live():
                response = await original(pool, request)
        except BaseException as error:
            answer.has_failed(error)
            raise
        _tell_head(answer, response, exchange)
        response.stream = AsyncTee(response.stream, answer)
        return response

    def _exchange(self, request: Any) -> Exchange | None:
        what = in_force.current()
        if what is None:
            return None
        try:
            method, url = request.method.decode("latin-1"), url_of(request.url)
        except Exception as error:
            raise fault_of(error, what, "a request") from error
        exchange = exchange_for(what, method, url, self)
        if exchange is not None and method == "GET" and _is_socket(url, request.headers):
            raise exchange.recorder.note(
                NotIntercepted(
                    f"{shown(url, what)} is a WebSocket through {self.name}, which no cassette can hold, while the "
                    f"cassette {exchange.recorder.path} is in force.\n"
                    f"Use websockets or aiohttp, mock it, or let it through with ignore_hosts=[{host_of(url)!r}]."
                )
            )
        return exchange

    def _replayed(self, head: Head, body: Carrier, exchange: Exchange) -> Any:
        try:
            lines = head.headers
            return self.response(
                status=head.status,
                headers=listening(lines, exchange.recorder.asked_headers.absent.add, partial(_lacks, lines)),
                content=body,
                extensions={"http_version": head.version, "reason_phrase": head.reason},
            )
        except Exception as error:
            raise exchange.fault(error) from error


def _is_socket(url: str, headers: RawHeaders) -> bool:
    """Whether a GET is to become a WebSocket (httpx-ws)."""
    return url.startswith(("ws:", "wss:")) or (b"upgrade", b"websocket") in [(n.lower(), v.lower()) for n, v in headers]


def _lacks(lines: RawHeaders, name: bytes) -> bool:
    return name not in [line[0].lower() for line in lines]


def _tell_head(answer: LiveAnswer, response: Any, exchange: Exchange) -> None:
    try:
        extensions = response.extensions
        version = extensions.get("http_version", b"HTTP/1.1").decode("latin-1")
        reason = (extensions.get("reason_phrase") or b"").decode("latin-1")
        answer.head(response.status, reason, response.headers, version)
        asked = exchange.recorder.asked_headers
        left_out = asked.left_out(response.headers)
        cookies = b"set-cookie" in left_out
        response.headers = listening(response.headers, asked.unkept.add, left_out.__contains__, cookies=cookies)
    except Exception as error:
        raise exchange.fault(error) from error
