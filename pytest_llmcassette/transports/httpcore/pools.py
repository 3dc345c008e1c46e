"""Serves the requests that reach a connection pool of httpcore or httpcore2: from the cassette, or live with a tee.

One implementation for both libraries. The pool's own request goes straight to the recorder: a conversion to httpx and
back would cost more than everything else on replay.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from pytest_llmcassette.cassette.model import CLOSED, Interaction
from pytest_llmcassette.errors import NotIntercepted, RequestRefused
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.recorder.requests import LiveRequest
from pytest_llmcassette.recorder.slot import RecordingSlot
from pytest_llmcassette.replay.deliver import deliver
from pytest_llmcassette.replay.head import Head, standard_phrase
from pytest_llmcassette.transports.carrying import Carrier
from pytest_llmcassette.transports.httpcore.asked_headers import listening
from pytest_llmcassette.transports.httpcore.urls import DEFAULT_PORTS, going_live, url_of
from pytest_llmcassette.transports.tee import AsyncTee, Tee


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

    def serve(self, original: Callable[..., Any], pool: Any, request: Any) -> Any:
        """`ConnectionPool.handle_request`, with whatever cassette is in force."""
        recorder = _recorder_for(request)
        if recorder is None:
            return original(pool, request)
        body = b"".join(request.stream)
        answer = recorder.request(_live(request, body))
        if isinstance(answer, Interaction):
            carrier = Carrier(deliver(answer, recorder.config, recorder.changes), recorder, self.error)
            return self._replayed(carrier.begin(), carrier, recorder)
        request.stream = Body(body)
        started = time.perf_counter_ns()
        live = going_live.set(True)
        try:
            response = original(pool, request)
        except BaseException as error:
            self._end(answer, error)
            raise
        finally:
            going_live.reset(live)
        _report_head(answer, response, started, recorder)
        response.stream = Tee(response.stream, answer, self._end)
        return response

    async def serve_async(self, original: Callable[..., Awaitable[Any]], pool: Any, request: Any) -> Any:
        """`AsyncConnectionPool.handle_async_request`, with whatever cassette is in force."""
        recorder = _recorder_for(request)
        if recorder is None:
            return await original(pool, request)
        body = b"".join([piece async for piece in request.stream])
        answer = recorder.request(_live(request, body))
        if isinstance(answer, Interaction):
            carrier = Carrier(deliver(answer, recorder.config, recorder.changes), recorder, self.error)
            return self._replayed(await carrier.begin_async(), carrier, recorder)
        request.stream = Body(body)
        started = time.perf_counter_ns()
        live = going_live.set(True)
        try:
            response = await original(pool, request)
        except BaseException as error:
            self._end(answer, error)
            raise
        finally:
            going_live.reset(live)
        _report_head(answer, response, started, recorder)
        response.stream = AsyncTee(response.stream, answer, self._end)
        return response

    def _end(self, slot: RecordingSlot, error: BaseException) -> None:
        """Tell the recording what ended the exchange: the network, or else the client (cancelled, interrupted)."""
        if isinstance(error, self.errors):
            slot.end(type(error).__name__, str(error))
        else:
            slot.end(CLOSED)

    def _replayed(self, head: Head, body: Carrier, recorder: Recorder) -> Any:
        served = frozenset([name.lower() for name, _ in head.headers])
        return self.response(
            status=head.status,
            headers=listening(head.headers, recorder.absent_headers.add, to=served, unless=True),
            content=body,
            extensions={"http_version": head.version, "reason_phrase": head.reason},
        )


def _recorder_for(request: Any) -> Recorder | None:
    """The recorder that decides for this request; None lets it through. Raises for a suspended cassette."""
    what = in_force.current()
    if what is None:
        return None
    url = request.url
    if isinstance(what, in_force.Suspension):
        raise RequestRefused(f"{request.method.decode('latin-1')} {_shown(url)} was not sent. {what.reason}")
    if what.config.ignore_hosts and what.ignores(url.host.decode("latin-1"), url.port or DEFAULT_PORTS.get(url.scheme)):
        return None
    if url.scheme in (b"ws", b"wss"):
        raise what.note(
            NotIntercepted(
                f"{_shown(url)} is a WebSocket, which a cassette cannot hold, while the cassette {what.path} is in "
                f"force.\nMock it, or let it through with ignore_hosts=[{url.host.decode('latin-1')!r}]."
            )
        )
    return what


def _shown(url: Any) -> str:
    """For an error's text: without the query, where some APIs take the key."""
    return url_of(url).partition("?")[0]


def _live(request: Any, body: bytes) -> LiveRequest:
    return LiveRequest(request.method.decode("latin-1"), url_of(request.url), request.headers, body)


def _report_head(slot: RecordingSlot, response: Any, started: int, recorder: Recorder) -> None:
    extensions = response.extensions
    version = extensions.get("http_version", b"HTTP/1.1").decode("latin-1")
    words = extensions.get("reason_phrase")
    reason = words.decode("latin-1") if words else standard_phrase(response.status)
    slot.headers(response.status, reason, response.headers, version, time.perf_counter_ns() - started)
    left_out = recorder.leaves_out(response.headers)
    response.headers = listening(response.headers, recorder.unkept_headers.add, to=left_out, unless=False)
