"""The net below the entries: where nothing may go live, Python code connects no socket and looks up no name.

Whatever library it is of: one that nobody has heard of uses Python's sockets, or an event loop's. This machine itself
and Unix sockets pass, since databases and debuggers are there. What does not use Python's sockets is not seen: C and
Rust libraries (the known ones have entries of their own, see `entries`), other processes.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from functools import partial, wraps
from traceback import walk_stack
from typing import Any

from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.outside import Block, Loopback, is_local, own_name
from pytest_llmcassette.recorder.requests import is_among
from pytest_llmcassette.transports.callers import is_of_a_library
from pytest_llmcassette.transports.guard import not_intercepted
from pytest_llmcassette.transports.patching import Make, patches_of

_Target = tuple[str, int | None]
"""Host and port of what is to be reached; an empty host is this machine, or nothing of the network."""
_Functions = dict[str, Callable[..., _Target]]
_NOWHERE: _Target = ("", None)
_INTERNET = (socket.AF_INET, socket.AF_INET6)
_NUMERIC = frozenset("0123456789.")
_LOOPS = frozenset({"anyio", "eventlet", "gevent", "greenlet", "trio", "twisted", "uvloop"})
"""Libraries that connect on behalf of others."""


def _text(host: Any) -> str:
    return host.decode("utf-8", "replace") if isinstance(host, bytes | bytearray) else str(host or "")


def _target(address: Any) -> _Target:
    if isinstance(address, tuple | list) and len(address) >= 2:
        return _text(address[0]), address[1] if isinstance(address[1], int) else None
    return _NOWHERE


def _connected(sock: Any, address: Any = None, *args: Any, **kwargs: Any) -> _Target:
    return _target(address) if sock.family in _INTERNET else _NOWHERE


def _sent_to(sock: Any, data: Any, *args: Any, **kwargs: Any) -> _Target:
    return _connected(sock, args[-1] if args else None)


def _sent_message(sock: Any, buffers: Any, ancillary: Any = (), flags: int = 0, address: Any = None) -> _Target:
    return _connected(sock, address)


def _looked_up(host: Any = None, port: Any = None, *args: Any, **kwargs: Any) -> _Target:
    name = _text(host)
    # A number is not looked up.
    return ("" if ":" in name or _NUMERIC.issuperset(name) else name), None


def _looked_up_back(host: Any, *args: Any, **kwargs: Any) -> _Target:
    return _text(host), None


def _named(address: Any, flags: int = 0, *args: Any, **kwargs: Any) -> _Target:
    return _NOWHERE if flags & socket.NI_NUMERICHOST else _target(address)


def _method(read: Callable[..., _Target], self: Any, *args: Any, **kwargs: Any) -> _Target:
    return read(*args, **kwargs)


def _connection(loop: Any, factory: Any, host: Any = None, port: Any = None, *args: Any, **kwargs: Any) -> _Target:
    return _text(host), port if isinstance(port, int) else None


def _datagrams(loop: Any, factory: Any, local: Any = None, remote_addr: Any = None, **kwargs: Any) -> _Target:
    return _target(remote_addr)


def _loops_connect(loop: Any, sock: Any, address: Any) -> _Target:
    return _target(address)


_SOCKET: _Functions = {"connect": _connected, "connect_ex": _connected, "sendto": _sent_to, "sendmsg": _sent_message}
_LOOKUPS: _Functions = {
    "getaddrinfo": _looked_up,
    "gethostbyname": _looked_up,
    "gethostbyname_ex": _looked_up,
    "gethostbyaddr": _looked_up_back,
    "getnameinfo": _named,
}
_OWN_LOOKUPS: _Functions = {name: partial(_method, read) for name, read in _LOOKUPS.items()}
_LOOP: _Functions = {
    "getaddrinfo": _OWN_LOOKUPS["getaddrinfo"],
    "getnameinfo": _OWN_LOOKUPS["getnameinfo"],
    "create_connection": _connection,
    "create_datagram_endpoint": _datagrams,
    "sock_connect": _loops_connect,
}
_reached: set[str] = set()
"""Addresses of names that were looked up and may be reached."""


def _netted(read: Callable[..., _Target], original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def netted(*args: Any, **kwargs: Any) -> Any:
        if not in_force.may_refuse():
            return original(*args, **kwargs)
        host, port = read(*args, **kwargs)
        if not host or host in _reached or (Loopback.passes and is_local(host)):
            return original(*args, **kwargs)
        if host.lower() != own_name():
            _check(host, port)
        found = original(*args, **kwargs)
        if isinstance(found, str):
            _reached.add(found)
        elif isinstance(found, list):
            _reached.update(each[4][0] for each in found)
        return found

    return netted


def _each(functions: _Functions, owner: str = "") -> dict[str, Make]:
    return {f"{owner}{name}": partial(_netted, read) for name, read in functions.items()}


PATCHES = patches_of(
    {
        "socket": _each(_SOCKET, "socket.") | _each(_LOOKUPS),
        # Before they look up a name in a thread, where nobody can see whose code has asked for it.
        "asyncio.base_events": _each(_LOOP, "BaseEventLoop."),
        "uvloop": _each(_LOOP, "Loop."),
        "gevent._socketcommon": _each(_SOCKET, "SocketMixin."),
        "gevent.resolver.thread": _each(_OWN_LOOKUPS, "Resolver."),
        "eventlet.greenio.base": _each(_SOCKET, "GreenSocket."),
    }
)
"""What is watched is what each function is about to reach."""


def _check(host: str, port: int | None) -> None:
    """Raise for a host that must not be reached from here."""
    if in_force.going_live.get():
        return
    what = in_force.current()
    if what is None or isinstance(what, in_force.Suspension):
        return
    shown = host if port is None else f"{f'[{host}]' if ':' in host else host}:{port}"
    if isinstance(what, Block):
        if what.lets(host, port):
            return
        raise what.refusal(f"{_library() or 'Code under test'} was about to reach {shown}", host)
    if what.may_record or is_among(what.config.ignore_hosts, host, port):
        return
    doing = f"reach {shown} by a socket of its own"
    raise not_intercepted(what, doing, host, by=_library(), why=" and only replays")


def _library() -> str:
    """The package whose code is about to connect, nearest first; empty where that is the user's own."""
    loop = ""
    for frame, _ in walk_stack(sys._getframe(2)):
        path, package = frame.f_code.co_filename, str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if "site-packages" in path or "dist-packages" in path:
            if package not in _LOOPS:
                return "" if package in ("_pytest", "pluggy", "pytest") else package
            loop = loop or package
        elif not is_of_a_library(path):
            break
    return loop
