"""One connection of websockets' clients for asyncio: to an exchange, and what answers it, recorded or live."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from pytest_llmcassette.errors import CassetteStop
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.transports.carrying import Carrier
from pytest_llmcassette.transports.exchange import Exchange, host_of, port_of
from pytest_llmcassette.transports.live import LiveAnswer
from pytest_llmcassette.transports.websockets.client_errors import Errors
from pytest_llmcassette.transports.websockets.ear import WholeEar
from pytest_llmcassette.transports.websockets.handshakes import exchange_of, is_received, protocol_for, raise_for
from pytest_llmcassette.transports.websockets.nowhere import Nowhere
from pytest_llmcassette.transports.websockets.server import RecordedServer
from pytest_llmcassette.transports.websockets.tapped import tap

Open = Callable[[], Awaitable[Any]]
Factory = Callable[[], Any]


async def open_connection(what: in_force.InForce, connect: Open, wanted: Any) -> Any:
    """The connection that `websockets.asyncio.client.connect` wants; `connect` makes a real one."""
    name = "factory" if hasattr(wanted, "factory") else "protocol_factory"
    make, url = getattr(wanted, name), wanted.uri
    ws_uri = getattr(wanted, "ws_uri", None)
    if ws_uri is None:
        from websockets.uri import parse_uri

        ws_uri = parse_uri(url)
    if hasattr(wanted, "handshake_args"):
        # Before websockets 14.
        additional, user_agent = wanted.handshake_args
    else:
        additional, user_agent = wanted.additional_headers, wanted.user_agent_header
    errors, made = Errors(), make(ws_uri)
    exchange, headers = exchange_of(what, url, made.protocol, additional, user_agent, errors)
    if exchange is None:
        with in_force.let_live():
            return await connect()
    answer = await exchange.answer_async(headers, b"")
    if isinstance(answer, Carrier):
        return await _serve(exchange, answer, lambda: made, url)

    def tapped(ws_uri: Any) -> Any:
        connection = make(ws_uri)
        tap(connection, WholeEar(answer, exchange))
        return connection

    setattr(wanted, name, tapped)
    try:
        return await _record(connect, answer, errors)
    finally:
        setattr(wanted, name, make)


def intercept(wanted: Any) -> None:
    """Let a `websockets.legacy.client.Connect` make its connections through `open_as_ever`."""
    create = wanted._create_connection
    if getattr(create.func, "func", None) is not open_as_ever:
        # In this form it finds its arguments again, for a redirect.
        wanted._create_connection = partial(partial(open_as_ever, wanted, create.func), *create.args, **create.keywords)


async def open_as_ever(wanted: Any, create: Callable[..., Awaitable[Any]], factory: Any, *args: Any, **kw: Any) -> Any:
    """A transport, and the connection on it."""
    what = in_force.current()
    if what is None:
        return await create(factory, *args, **kw)
    errors, url, given = Errors(), wanted._uri, factory.keywords
    protocol = protocol_for(wanted._wsuri, given["origin"], given["subprotocols"])
    exchange, headers = exchange_of(what, url, protocol, given["extra_headers"], given["user_agent_header"], errors)
    if exchange is None:
        with in_force.let_live():
            return await create(factory, *args, **kw)
    answer = await exchange.answer_async(headers, b"")
    if isinstance(answer, Carrier):
        connection = await _serve(exchange, answer, factory, url)
        return connection.transport, connection

    def tapped() -> Any:
        connection = factory()
        tap(connection, WholeEar(answer, exchange))
        return connection

    return await _record(partial(create, tapped, *args, **kw), answer, errors)


async def _serve(exchange: Exchange, carrier: Carrier, make: Factory, url: str) -> Any:
    head = await carrier.begin_async()
    connection = make()
    server = RecordedServer(exchange, carrier, head, partial(is_received, connection))

    def fail(stop: CassetteStop) -> None:
        connection.connection_lost(None)
        # After that: what waits for the connection is only awakened, what is told of pings asks for the reason.
        raise_for(connection, stop)

    connection.connection_made(Nowhere(connection, server, (host_of(url), port_of(url) or 0), fail))
    return connection


async def _record(connect: Open, answer: LiveAnswer, errors: Errors) -> Any:
    try:
        with in_force.let_live():
            connection = await connect()
    except BaseException as error:
        answer.has_failed(error)
        raise
    errors.is_made = True
    return connection
