"""One connection of websockets' clients for asyncio: to an exchange, and what answers it, recorded or live."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from websockets.client import ClientProtocol
from websockets.uri import parse_uri

from pytest_llmcassette.errors import CassetteStop
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.transports.carrying import Carrier
from pytest_llmcassette.transports.websockets.ear import WholeEar
from pytest_llmcassette.transports.websockets.handshakes import Handshake, is_received, raise_for
from pytest_llmcassette.transports.websockets.nowhere import Nowhere
from pytest_llmcassette.transports.websockets.server import RecordedServer
from pytest_llmcassette.transports.websockets.tapped import tap

Make = Callable[[], Any]
"""Makes a connection that has no transport yet."""


async def open_connection(what: in_force.InForce, own: Callable[..., Awaitable[Any]], wanted: Any) -> Any:
    """The connection that `websockets.asyncio.client.connect` wants; `own` makes a real one."""
    name = "factory" if hasattr(wanted, "factory") else "protocol_factory"
    make = getattr(wanted, name)
    # Before websockets 14 it has these three in other forms.
    ws_uri = wanted.ws_uri if hasattr(wanted, "ws_uri") else parse_uri(wanted.uri)
    if hasattr(wanted, "handshake_args"):
        additional, user_agent = wanted.handshake_args
    else:
        additional, user_agent = wanted.additional_headers, wanted.user_agent_header
    new = partial(make, ws_uri)

    async def connect(made_by: Make) -> Any:
        setattr(wanted, name, lambda _: made_by())
        try:
            return await own(wanted)
        finally:
            setattr(wanted, name, make)

    return await _open(Handshake(what, wanted.uri, new().protocol, additional, user_agent), connect, new)


async def connect_as_ever(what: in_force.InForce, own: Callable[..., Awaitable[Any]], wanted: Any) -> Any:
    """The connection that a `websockets.legacy.client.Connect` wants; `own` makes it, through `_create`."""
    create = wanted._create_connection
    if getattr(create.func, "func", None) is not _create:
        # In this form it finds its arguments again, for a redirect.
        wanted._create_connection = partial(partial(_create, wanted, create.func), *create.args, **create.keywords)
    return await own(wanted)


async def _create(wanted: Any, create: Callable[..., Awaitable[Any]], factory: Any, *args: Any, **kw: Any) -> Any:
    """A transport, and the connection on it."""
    what = in_force.current()
    if what is None:
        return await create(factory, *args, **kw)

    async def connect(made_by: Make) -> Any:
        return (await create(made_by, *args, **kw))[1]

    given = factory.keywords
    protocol = ClientProtocol(wanted._wsuri, origin=given["origin"], subprotocols=given["subprotocols"])
    handshake = Handshake(what, wanted._uri, protocol, given["extra_headers"], given["user_agent_header"])
    connection = await _open(handshake, connect, factory)
    return connection.transport, connection


async def _open(handshake: Handshake, connect: Callable[[Make], Awaitable[Any]], new: Make) -> Any:
    """A connection of those that `new` makes, to a recording or by `connect` to the network."""
    exchange = handshake.exchange
    if exchange is None:
        with in_force.let_live():
            return await connect(new)
    answer = await exchange.answer_async(handshake.headers, b"")
    if isinstance(answer, Carrier):
        server = RecordedServer(exchange, answer, await answer.begin_async())
        return _served(new(), server, handshake.peer)

    def tapped() -> Any:
        connection = new()
        tap(connection, WholeEar(answer, exchange))
        return connection

    with answer.under_way():
        connection = await connect(tapped)
    handshake.errors.is_made = True
    return connection


def _served(connection: Any, server: RecordedServer, peer: tuple[str, int]) -> Any:
    server.is_awaited = partial(is_received, connection)

    def fail(stop: CassetteStop) -> None:
        connection.connection_lost(None)
        # After that: what waits for the connection is only awakened, what is told of pings asks for the reason.
        raise_for(connection, stop)

    connection.connection_made(Nowhere(connection, server, peer, fail))
    return connection
