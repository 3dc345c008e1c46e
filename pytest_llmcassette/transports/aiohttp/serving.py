"""One request of aiohttp's: to an exchange, and what answers it to a connection, recorded or live."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from aiohttp.connector import Connection

from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.requests import RawHeaders
from pytest_llmcassette.transports.aiohttp.bodies import read_body
from pytest_llmcassette.transports.aiohttp.client_errors import Errors
from pytest_llmcassette.transports.aiohttp.recorded import RecordedProtocol
from pytest_llmcassette.transports.aiohttp.tap import tap
from pytest_llmcassette.transports.carrying import Carrier
from pytest_llmcassette.transports.exchange import Exchange, exchange_for
from pytest_llmcassette.transports.unexpected import fault_of


async def serve(
    what: in_force.InForce, own: Callable[..., Awaitable[Any]], connector: Any, req: Any, traces: Any, timeout: Any
) -> Any:
    """The connection that a request is sent on, while `what` is in force; `own` makes a real one."""
    connect, request = partial(own, connector, req, traces, timeout), req
    errors = Errors(request, timeout)
    exchange, headers = _exchange(what, request, errors)
    if exchange is None:
        with in_force.let_live():
            return await connect()
    answer = await exchange.answer_async(headers, await read_body(request))
    if isinstance(answer, Carrier) and is_upgrade(request):
        from pytest_llmcassette.transports.aiohttp.sockets import recorded_connection

        return await recorded_connection(connector, request, answer, exchange, timeout)
    if isinstance(answer, Carrier):
        protocol = RecordedProtocol(asyncio.get_running_loop(), request, answer, exchange, timeout)
        return Connection(connector, request.connection_key, protocol, protocol.loop)
    with answer.under_way():
        connection = await connect()
    tap(connection, request, answer, exchange, is_upgrade=is_upgrade(request))
    return connection


def is_upgrade(request: Any) -> bool:
    """Whether a request asks for a WebSocket."""
    return str(request.headers.get("Upgrade", "")).lower() == "websocket"


def _exchange(what: in_force.InForce, request: Any, errors: Errors) -> tuple[Exchange | None, RawHeaders]:
    try:
        method, url = str(request.method), str(request.url)
        if url.startswith("http") and is_upgrade(request):
            url = "ws" + url.removeprefix("http")
        headers = [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in request.headers.items()]
    except Exception as error:
        raise fault_of(error, what, "a request") from error
    return exchange_for(what, method, url, errors), headers
