"""One request of urllib3's: to an exchange, and what answers it to a connection, recorded or live."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any

from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.transports.carrying import Carrier
from pytest_llmcassette.transports.exchange import Exchange, exchange_for, host_of
from pytest_llmcassette.transports.http1 import read_request
from pytest_llmcassette.transports.live import LiveAnswer
from pytest_llmcassette.transports.unexpected import fault_of
from pytest_llmcassette.transports.urllib3.client_errors import Errors
from pytest_llmcassette.transports.urllib3.sockets import Replayed, StandIn, Teed

_DEFAULT_PORTS = {"http": 80, "https": 443}
_METADATA = frozenset(
    {"169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23", "metadata.google.internal"}
)
"""Where a machine in a cloud asks who it is: no part of a conversation."""


@dataclass(slots=True)
class Sending:
    """A request that a pool is about to send by one of its connections.

    `send` goes on with the pool's own function; `tunnel` is what makes one through a proxy first, None without.
    """

    send: Callable[..., Any]
    tunnel: Callable[[], None] | None
    pool: Any
    connection: Any
    method: str
    url: str

    def serve(self, what: in_force.InForce, kwargs: dict[str, Any]) -> Any:
        """What `HTTPConnectionPool._make_request` returns, or raises, while `what` is in force."""
        exchange = self._exchange(what)
        if exchange is None:
            with in_force.let_live():
                self._make_tunnel()
                return self.send(**kwargs)
        headers, body, chunked = read_request(_written(self.connection, self.method, self.url, **kwargs))
        if kwargs.get("body") is not None:
            kwargs = {**kwargs, "body": body, "chunked": chunked}
        answer = exchange.answer(headers, body)
        if isinstance(answer, Carrier):
            with self._replaying(answer):
                return self.send(**{**kwargs, "headers": _without_expect(kwargs.get("headers"))})
        with answer.under_way(), self._recording(answer, exchange):
            self._make_tunnel()
            return self.send(**kwargs)

    def _exchange(self, what: in_force.InForce) -> Exchange | None:
        errors = Errors(self.connection)
        try:
            url = _whole_url(self.pool, self.url)
            of_a_cloud = isinstance(what, Recorder) and host_of(url) in _METADATA
        except Exception as error:
            raise fault_of(error, what, "a request") from error
        exchange = exchange_for(what, self.method, url, errors)
        if exchange is None or not of_a_cloud:
            return exchange
        if exchange.recorder.may_record:
            return None
        raise errors.error("ConnectError", f"{host_of(url)} is not asked while a cassette is replayed")

    def _make_tunnel(self) -> None:
        """The errors are told as in `HTTPConnectionPool.urlopen`, which has put this off."""
        if self.tunnel is None:
            return
        try:
            self.tunnel()
        except OSError as error:
            proxy, seconds = self.pool.proxy.url, self.connection.timeout
            self.pool._raise_timeout(err=error, url=proxy, timeout_value=seconds)
            raise

    @contextmanager
    def _replaying(self, carrier: Carrier) -> Iterator[None]:
        """The connection is open, to a recording; what it was open to before is put aside."""
        connection = self.connection
        before, stands_in = connection.sock, Replayed(carrier, connection, self.method)
        connection.sock = stands_in
        # As after a handshake: what the pool then warns of, it warns of in life.
        connection.is_verified = getattr(connection, "cert_reqs", None) not in ("CERT_NONE", 0)
        if getattr(connection, "proxy", None) is not None:
            connection._has_connected_to_proxy = True
        try:
            yield
        finally:
            if connection.sock is stands_in:
                connection.sock = before
            elif before is not None:
                before.close()

    @contextmanager
    def _recording(self, answer: LiveAnswer, exchange: Exchange) -> Iterator[None]:
        """Of what the connection reads as its answer the recording is told."""
        connection = self.connection

        def getresponse() -> Any:
            sock = connection.sock
            connection.sock = Teed(sock, answer, self.method, exchange.fault)
            try:
                return type(connection).getresponse(connection)
            finally:
                if isinstance(connection.sock, Teed):
                    connection.sock = sock

        connection.getresponse = getresponse
        try:
            yield
        finally:
            del connection.getresponse


def _whole_url(pool: Any, url: str) -> str:
    """That of a request to a proxy which passes it on is whole already."""
    if "://" in url:
        return url
    host = f"[{pool.host}]" if ":" in pool.host and not pool.host.startswith("[") else pool.host
    port = "" if pool.port is None or pool.port == _DEFAULT_PORTS.get(pool.scheme) else f":{pool.port}"
    return f"{pool.scheme}://{host}{port}{'' if url.startswith('/') else '/'}{url}"


def _written(
    connection: Any, method: str, url: str, *, body: Any = None, headers: Any = None, chunked: bool = False, **_: Any
) -> bytes:
    """The request as the connection writes it, by a copy of the connection. What it reads of the body is read."""
    scratch = copy(connection)
    scratch._buffer = []
    scratch.sock = StandIn()
    headers = _without_expect(headers)
    if sys.modules["urllib3"].__version__.startswith("1."):
        (scratch.request_chunked if chunked else scratch.request)(method, url, body=body, headers=headers)
    else:
        scratch.request(method, url, body=body, headers=headers, chunked=chunked)
    return bytes(scratch.sock.written)


def _without_expect(headers: Any) -> Any:
    """Without the question whether the body is welcome, which botocore would wait for an answer to."""
    names = [name for name in headers or () if name.lower() in ("expect", b"expect")]
    if not names:
        return headers
    headers = headers.copy()
    for name in names:
        del headers[name]
    return headers
