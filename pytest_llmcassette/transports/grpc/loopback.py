"""A server of grpc's own in this process, which hands out recordings, and the channels to it.

One for the process, from the first call that is replayed on. A call names what it is to be answered with by a ticket in
its metadata, so that nobody else can ask for anything.
"""

from __future__ import annotations

import os
import secrets
import threading
from concurrent.futures import Executor, Future
from functools import cache
from typing import Any

import grpc

from pytest_llmcassette.transports.grpc.served import Served

_TICKET = "llmcassette-ticket"
_OPTIONS = (("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1))
_server: list[tuple[int, str, Any]] = []
"""The process, the address and the server, where there is one."""
_channels: list[tuple[Any, Any]] = []
"""asyncio's, each with its event loop."""
_lock = threading.Lock()
_waiting: dict[str, Served] = {}
"""By ticket."""


def ticket(served: Served) -> tuple[tuple[str, str], ...]:
    """The metadata of a call that is to be answered so."""
    name = secrets.token_hex(16)
    _waiting[name] = served
    return ((_TICKET, name),)


def _address() -> str:
    with _lock:
        # A child of a fork has none of its parent's threads.
        if not _server or _server[0][0] != os.getpid():
            server = grpc.server(_Threads(), handlers=(_Handler(),), options=(*_OPTIONS, ("grpc.so_reuseport", 0)))
            port = server.add_insecure_port("127.0.0.1:0")
            server.start()
            _server[:] = [(os.getpid(), f"127.0.0.1:{port}", server)]
        return _server[0][1]


def is_running() -> bool:
    """Whether anything of this process may have a channel to it."""
    return bool(_server)


def channel(*, single_threaded: bool = False) -> Any:
    """A channel to the server; `single_threaded` as the user's own is."""
    return _channel(_address(), single_threaded)


@cache
def _channel(address: str, single_threaded: bool) -> Any:
    further = ((grpc.experimental.ChannelOptions.SingleThreadedUnaryStream, 1),) if single_threaded else ()
    return grpc.insecure_channel(address, options=(*_OPTIONS, ("grpc.enable_http_proxy", 0), *further))


def aio_channel(loop: Any) -> Any:
    """An event loop's channel to the server."""
    import grpc.aio

    address = _address()
    with _lock:
        _channels[:] = [(its, one) for its, one in _channels if not its.is_closed()]
        found = next((one for its, one in _channels if its is loop), None)
        if found is None:
            found = grpc.aio.insecure_channel(address, options=(*_OPTIONS, ("grpc.enable_http_proxy", 0)))
            _channels.append((loop, found))
    return found


def stop() -> None:
    """End the server; the next call starts another."""
    with _lock:
        for process, _, server in _server:
            if process == os.getpid():
                server.stop(None)
        _server.clear()
        _channels.clear()
        _channel.cache_clear()


class _Threads(Executor):
    """A thread for each call, which ends with the process, whatever it waits for."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See `Executor`; grpc logs what `fn` raises itself."""
        done: Future[Any] = Future()

        def run() -> None:
            done.set_result(fn(*args, **kwargs))

        threading.Thread(target=run, name="llmcassette-grpc", daemon=True).start()
        return done


class _Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Any method. On the wire all four kinds are alike: messages that come, and messages that go."""

    def service(self, handler_call_details: Any) -> Any:
        """See grpc."""
        name = dict(handler_call_details.invocation_metadata).get(_TICKET, "")
        served = _waiting.pop(name, None)
        return None if served is None else grpc.stream_stream_rpc_method_handler(served.answer)
