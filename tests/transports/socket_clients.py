"""A client of each kind for WebSockets, behind one set of names: in a thread, or in an event loop of its own."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Coroutine
from typing import Any

KINDS = ("websockets-sync", "websockets-asyncio", "websockets-legacy", "aiohttp-asyncio")
Talk = Callable[["Socket"], Coroutine[Any, Any, Any]]


class Socket:
    """What a test does with a connection. Each is awaited, a thread's too, so that one test's code fits all."""

    def __init__(self, ws: Any) -> None:
        self.ws = ws

    async def send(self, message: Any) -> None:
        await self.ws.send(message)

    async def receive(self, timeout: float = 10.0) -> Any:
        return await asyncio.wait_for(self.ws.recv(), timeout)

    async def close(self, code: int = 1000) -> None:
        await self.ws.close(code)

    @property
    def end(self) -> tuple[int | None, str | None]:
        return self.ws.close_code, getattr(self.ws, "close_reason", None)

    @property
    def protocol(self) -> Any:
        return self.ws.subprotocol


class Threaded(Socket):
    async def send(self, message: Any) -> None:
        self.ws.send(message)

    async def receive(self, timeout: float = 10.0) -> Any:
        return self.ws.recv(timeout)

    async def close(self, code: int = 1000) -> None:
        self.ws.close(code)

    @property
    def end(self) -> tuple[int | None, str | None]:
        # websockets 13 does not show it.
        return self.ws.protocol.close_code, self.ws.protocol.close_reason


class Aiohttps(Socket):
    async def send(self, message: Any) -> None:
        await (self.ws.send_bytes(message) if isinstance(message, bytes) else self.ws.send_str(message))

    async def receive(self, timeout: float = 10.0) -> Any:
        message = await self.ws.receive(timeout)
        if message.type.name in ("TEXT", "BINARY"):
            return message.data
        raise ConnectionResetError(message.type.name, message.data, message.extra)

    async def close(self, code: int = 1000) -> None:
        await self.ws.close(code=code)

    @property
    def end(self) -> tuple[int | None, str | None]:
        return self.ws.close_code, None

    @property
    def protocol(self) -> Any:
        return self.ws.protocol


def talk(
    kind: str, url: str, use: Talk, *, headers: dict[str, str] | None = None, protocols: list[str] | None = None
) -> Any:
    """What `use` makes of a connection, in a running loop of its own."""
    return asyncio.run(talking(kind, url, use, headers=headers, protocols=protocols))


async def talking(
    kind: str, url: str, use: Talk, *, headers: dict[str, str] | None = None, protocols: list[str] | None = None
) -> Any:
    """The same within a running loop; a thread's client blocks it."""
    if kind.startswith("aiohttp"):
        import aiohttp

        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(url, headers=headers, protocols=protocols or ()) as ws,
        ):
            return await use(Aiohttps(ws))
    flavour = kind.partition("-")[2]
    connect = importlib.import_module(f"websockets.{flavour}.client").connect
    named = {"extra_headers" if flavour == "legacy" else "additional_headers": headers}
    if flavour == "sync":
        with connect(url, subprotocols=protocols, **named) as ws:
            return await use(Threaded(ws))
    async with connect(url, subprotocols=protocols, **named) as ws:
        return await use(Socket(ws))
