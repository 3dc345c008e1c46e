"""One connection of websockets' client for threads: to an exchange, and what answers it, recorded or live."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from websockets.client import ClientProtocol
from websockets.sync.client import ClientConnection
from websockets.uri import parse_uri

from pytest_llmcassette.errors import CassetteStop
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.transports.carrying import Carrier
from pytest_llmcassette.transports.websockets.ear import WholeEar
from pytest_llmcassette.transports.websockets.handshakes import Handshake, is_received, raise_for
from pytest_llmcassette.transports.websockets.server import RecordedServer
from pytest_llmcassette.transports.websockets.sockets import NoTls, RecordedSocket
from pytest_llmcassette.transports.websockets.tapped import TappedSocket

Change = dict[str, Any]
"""Arguments to connect with instead: `sock`, `ssl`, `create_connection`."""


def open_connection(what: in_force.InForce, own: Callable[..., Any], wanted: Any, deadline: Any) -> Any:
    """The connection that a `websockets.sync.client.reconnect` wants; `own` makes a real one."""
    given = {**wanted.protocol_kwargs, **{name: getattr(wanted, name) for name in ("create_connection", "proxy_ssl")}}
    given |= {"additional_headers": wanted.additional_headers, "user_agent_header": wanted.user_agent_header}

    def changed(change: Change) -> Any:
        before = {name: getattr(wanted, name) for name in change}
        vars(wanted).update(change)
        try:
            return own(wanted, deadline)
        finally:
            vars(wanted).update(before)

    return _open(what, changed, wanted.uri, given)


def connect(what: in_force.InForce, own: Callable[..., Any], uri: str, **kwargs: Any) -> Any:
    """The same for the function that `websockets.sync.client.connect` is before websockets 17."""

    def changed(change: Change) -> Any:
        change.pop("proxy_ssl", None)
        return own(uri, **{**kwargs, **change})

    return _open(what, changed, uri, kwargs)


def _open(what: in_force.InForce, connect: Callable[[Change], Any], url: str, given: dict[str, Any]) -> Any:
    ws_uri = parse_uri(url)
    protocol = ClientProtocol(ws_uri, origin=given.get("origin"), subprotocols=given.get("subprotocols"))
    user_agent = given.get("user_agent_header", "websockets")
    handshake = Handshake(what, url, protocol, given.get("additional_headers"), user_agent)
    exchange = handshake.exchange
    if exchange is None:
        with in_force.let_live():
            return connect({})
    make: Callable[..., Any] = given.get("create_connection") or ClientConnection
    answer = exchange.answer(handshake.headers, b"")
    if isinstance(answer, Carrier):
        server = RecordedServer(exchange, answer, answer.begin())
        made: list[Any] = []

        def making(*args: Any, **kwargs: Any) -> Any:
            made.append(make(*args, **kwargs))
            server.is_awaited = partial(is_received, made[0])
            return made[0]

        def fail(stop: CassetteStop) -> None:
            raise_for(made[0], stop)

        sock = RecordedSocket(server, handshake.peer, fail)
        change: Change = {"sock": sock, "create_connection": making}
        return connect({**change, "ssl": NoTls(), "proxy_ssl": None} if ws_uri.secure else change)

    def tapping(sock: Any, *args: Any, **kwargs: Any) -> Any:
        handshake.errors.is_made = True
        return make(TappedSocket(sock, WholeEar(answer, exchange)), *args, **kwargs)

    # The handshake may have ended it when an error is told, which the ear has heard.
    with answer.under_way():
        return connect({"create_connection": tapping})
