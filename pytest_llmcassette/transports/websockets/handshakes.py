"""What a handshake asks for, before it is made: its URL and headers; and how a stop reaches who uses the connection."""

from __future__ import annotations

from threading import current_thread
from typing import Any

from websockets.datastructures import Headers

from pytest_llmcassette.errors import CassetteStop
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.requests import RawHeaders
from pytest_llmcassette.transports.exchange import exchange_for, host_of, port_of
from pytest_llmcassette.transports.unexpected import fault_of
from pytest_llmcassette.transports.websockets.client_errors import Errors


class Handshake:
    """One that `protocol`, a `ClientProtocol`, is to make; `exchange` is None where no cassette decides on it."""

    def __init__(
        self, what: in_force.InForce, url: str, protocol: Any, additional: Any, user_agent: str | None
    ) -> None:
        try:
            headers = protocol.connect().headers
            if additional is not None:
                headers.update(Headers(additional) if not isinstance(additional, Headers) else additional)
            if user_agent is not None:
                headers.setdefault("User-Agent", user_agent)
            lines = [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in headers.raw_items()]
        except Exception as error:
            raise fault_of(error, what, f"GET {url}") from error
        self.errors = Errors()
        self.exchange = exchange_for(what, "GET", url, self.errors)
        self.headers: RawHeaders = lines
        self.peer = host_of(url), port_of(url) or 0


def is_received(connection: Any) -> bool:
    """Whether somebody waits for a message of a connection; to be on the safe side True where that cannot be told."""
    if hasattr(connection, "_pop_message_waiter"):
        return connection._pop_message_waiter is not None
    return bool(getattr(getattr(connection, "recv_messages", None), "get_in_progress", True))


def raise_for(connection: Any, stop: CassetteStop) -> None:
    """Whatever asks a connection why it is closed meets this stop: who sends, receives, or closes it."""
    protocol = getattr(connection, "protocol", None)
    if protocol is None:

        def closed() -> BaseException:
            raise stop

        connection.connection_closed_exc = closed
        return
    own, thread = type(protocol), getattr(connection, "recv_events_thread", None)

    def close_exc(self: Any) -> Any:
        if current_thread() is thread:
            return own.close_exc.fget(self)
        raise stop

    protocol.__class__ = type(own.__name__, (own,), {"close_exc": property(close_exc)})
