"""aiohttp's WebSockets: served from memory below its own reader and writer, or heard as they are read and written."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from pytest_llmcassette.errors import CassetteStop
from pytest_llmcassette.transports.aiohttp.recorded import asked_of
from pytest_llmcassette.transports.carrying import Carrier
from pytest_llmcassette.transports.exchange import Exchange
from pytest_llmcassette.transports.websockets.ear import Ear
from pytest_llmcassette.transports.websockets.nowhere import Nowhere
from pytest_llmcassette.transports.websockets.server import RecordedServer
from pytest_llmcassette.transports.websockets.tapped import TappedTransport


async def recorded_connection(
    connector: Any, request: Any, carrier: Carrier, exchange: Exchange, timeout: Any
) -> Connection:
    """What a handshake is sent on that a recording answers."""
    head = await carrier.begin_async(asked_of(timeout))
    loop = asyncio.get_running_loop()
    protocol: Any = ResponseHandler(loop)

    def is_awaited() -> bool:
        queue = protocol._payload
        return queue is not None and getattr(queue, "_waiter", True) is not None

    def fail(stop: CassetteStop) -> None:
        protocol.set_exception(stop)
        if protocol._payload is not None:
            protocol._payload.set_exception(stop)
        # Whoever meets the stop while it closes its end would leave it open.
        connection.close()

    server = RecordedServer(exchange, carrier, head, is_awaited)
    protocol.connection_made(Nowhere(protocol, server, (request.url.host or "", request.url.port or 0), fail))
    # It is never to serve another request.
    protocol.force_close()
    connection = Connection(connector, request.connection_key, protocol, loop)
    return connection


def listen(protocol: Any, ear: Ear) -> None:
    """Let `ear` hear all frames of a connection from now on, where the head of an upgrade has just come."""
    set_parser = protocol.set_parser

    def set_listener(parser: Any, *args: Any, **kwargs: Any) -> None:
        del protocol.set_parser
        set_parser(_Listener(parser, ear), *args, **kwargs)

    protocol.set_parser = set_listener
    protocol.transport = TappedTransport(protocol.transport, ear)


class _Listener:
    """Stands in for the reader of a WebSocket."""

    def __init__(self, reader: Any, ear: Ear) -> None:
        self._reader = reader
        self._ear = ear

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def feed_data(self, data: Any) -> Any:
        """What has arrived."""
        try:
            self._ear.receives(bytes(data))
        finally:
            read = self._reader.feed_data(data)
        return read

    def feed_eof(self) -> None:
        """Nothing comes any more."""
        self._ear.is_lost(None)
        self._reader.feed_eof()
