"""Below the entries: whatever connects by Python's sockets, or an event loop's, is refused where nothing goes live."""

from __future__ import annotations

import asyncio
import contextlib
import ftplib
import importlib
import smtplib
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import httpx
import pytest
import trio
from servers.hostile import HostileServer

from pytest_llmcassette.context import use_cassette
from pytest_llmcassette.errors import NotIntercepted
from pytest_llmcassette.recorder.outside import Loopback
from pytest_llmcassette.transports.guard import PATCHES

HOST, IP = "gateway.invalid", "203.0.113.1"
"""A name that nobody has, and an address that nobody answers at."""


async def _udp(host: str) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
    with contextlib.closing(transport):
        transport.sendto(b"x", (host, 9))


async def _udp_to(host: str) -> None:
    await asyncio.get_running_loop().create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(host, 9))


async def _loop_connects(host: str) -> None:
    with socket.socket() as sock:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (host, 9))


async def _open(host: str) -> None:
    await asyncio.open_connection(host, 9)


async def _loop_looks_up(host: str) -> None:
    await asyncio.get_running_loop().getaddrinfo(host, 9)


async def _anyio(host: str) -> None:
    await anyio.connect_tcp(host, 9)


async def _trio(host: str) -> None:
    await trio.open_tcp_stream(host, 9)


async def _trios_socket(host: str) -> None:
    with trio.socket.socket() as sock:
        await sock.connect((host, 9))


def by_udp(send: Callable[[socket.socket], object]) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        send(sock)


def by_tls(host: str) -> None:
    with ssl.create_default_context().wrap_socket(socket.socket(), server_hostname=host) as sock:
        sock.connect((host, 9))


def by_tcp(host: str, method: str, family: socket.AddressFamily = socket.AF_INET) -> None:
    with socket.socket(family) as sock:
        getattr(sock, method)((host, 9))


def by_uvloop(main: Callable[[str], Coroutine[Any, Any, None]], host: str) -> None:
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(host))


def by_gevent(host: str) -> None:
    pytest.importorskip("gevent.socket").create_connection((host, 9))


WAYS: dict[str, Callable[[], object]] = {
    "create_connection": lambda: socket.create_connection((HOST, 9)),
    "connect to an address": lambda: by_tcp(IP, "connect"),
    "connect to IPv6": lambda: by_tcp("2001:db8::1", "connect", socket.AF_INET6),
    "connect_ex": lambda: by_tcp(HOST, "connect_ex"),
    "TLS": lambda: by_tls(IP),
    "sendto": lambda: by_udp(lambda sock: sock.sendto(b"x", (IP, 9))),
    "sendto with flags": lambda: by_udp(lambda sock: sock.sendto(b"x", 0, (IP, 9))),
    "sendmsg": lambda: by_udp(lambda sock: sock.sendmsg([b"x"], [], 0, (IP, 9))),
    "getaddrinfo": lambda: socket.getaddrinfo(HOST, 9),
    "getaddrinfo by keyword": lambda: socket.getaddrinfo(host=HOST.encode(), port=9),
    "gethostbyname": lambda: socket.gethostbyname(HOST),
    "gethostbyname_ex": lambda: socket.gethostbyname_ex(HOST),
    "gethostbyaddr": lambda: socket.gethostbyaddr(IP),
    "getfqdn": lambda: socket.getfqdn(IP),
    "getnameinfo": lambda: socket.getnameinfo((IP, 9), 0),
    "smtplib": lambda: smtplib.SMTP(HOST, timeout=1),
    "ftplib": lambda: ftplib.FTP(HOST, timeout=1),
    "asyncio": lambda: asyncio.run(_open(HOST)),
    "asyncio to an address": lambda: asyncio.run(_open(IP)),
    "asyncio's sock_connect": lambda: asyncio.run(_loop_connects(IP)),
    "asyncio's getaddrinfo": lambda: asyncio.run(_loop_looks_up(HOST)),
    "asyncio's datagrams": lambda: asyncio.run(_udp(IP)),
    "asyncio's datagrams to one": lambda: asyncio.run(_udp_to(HOST)),
    "anyio": lambda: anyio.run(_anyio, HOST),
    "anyio on trio": lambda: anyio.run(_anyio, HOST, backend="trio"),
    "trio": lambda: trio.run(_trio, HOST),
    "trio to an address": lambda: trio.run(_trios_socket, IP),
    "uvloop": lambda: by_uvloop(_open, HOST),
    "uvloop's sock_connect": lambda: by_uvloop(_loop_connects, IP),
    "uvloop's getaddrinfo": lambda: by_uvloop(_loop_looks_up, HOST),
    "uvloop's datagrams": lambda: by_uvloop(_udp_to, IP),
    "gevent": lambda: by_gevent(HOST),
    "gevent to an address": lambda: by_gevent(IP),
}


@pytest.mark.parametrize("way", WAYS)
def test_refused(way: str, path: Path) -> None:
    with pytest.raises((NotIntercepted, BaseExceptionGroup)) as caught, use_cassette(path):
        WAYS[way]()
    stop = caught.value
    while isinstance(stop, BaseExceptionGroup):
        stop = stop.exceptions[0]
    said = str(stop)
    assert isinstance(stop, NotIntercepted)
    assert said.partition(" was about to reach ")[0] in ("Code under test", "anyio", "trio", "uvloop", "gevent")
    assert any(f"ignore_hosts=['{host}']" in said for host in (HOST, IP, "2001:db8::1"))


@pytest.mark.parametrize("way", ["create_connection", "asyncio", "anyio", "trio"])
def test_cannot_be_swallowed(way: str, path: Path) -> None:
    """Neither by code nor by a thread that ends with it."""

    def work() -> None:
        with contextlib.suppress(BaseException):
            WAYS[way]()

    def in_a_thread() -> None:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    for swallowing in (work, in_a_thread):
        with pytest.raises(NotIntercepted), use_cassette(path):
            swallowing()


def test_the_library_is_named(tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that nobody has heard of, below the loop that connects for it."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    (folder / "unheard_of.py").write_text(
        "import asyncio, anyio\n"
        "async def ask(host): await asyncio.open_connection(host, 9)\n"
        "async def call(host): await anyio.connect_tcp(host, 9)\n"
    )
    monkeypatch.syspath_prepend(folder)
    unheard_of = importlib.import_module("unheard_of")
    for main in (unheard_of.ask, unheard_of.call):
        with pytest.raises(NotIntercepted, match=r"unheard_of was about to reach gateway\.invalid"), use_cassette(path):
            asyncio.run(main(HOST))


def test_this_machine_passes(server: HostileServer, tmp_path: Path, path: Path) -> None:
    """Databases, debuggers, an event loop's own pipe, and what servers ask of their names."""
    port = int(server.url.rpartition(":")[2])
    with use_cassette(path, allow_no_calls=True):
        for host in ("127.0.0.1", "localhost"):
            socket.create_connection((host, port)).close()
            asyncio.run(_closed(host, port))
        with socket.socket(socket.AF_UNIX) as own, socket.socket(socket.AF_UNIX) as other:
            own.bind(str(tmp_path / "s"))
            own.listen()
            other.connect(str(tmp_path / "s"))
        for pair in socket.socketpair():
            pair.close()
        assert socket.getaddrinfo(None, 80, flags=socket.AI_PASSIVE)
        assert socket.getaddrinfo(IP, 80)
        assert socket.getnameinfo((IP, 80), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV) == (IP, "80")
        assert socket.getfqdn()


async def _closed(host: str, port: int) -> None:
    _, writer = await asyncio.open_connection(host, port)
    writer.close()
    await writer.wait_closed()


def test_this_machine_can_be_closed_too(server: HostileServer, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = int(server.url.rpartition(":")[2])
    monkeypatch.setattr(Loopback, "passes", False)
    with pytest.raises(NotIntercepted), use_cassette(path):
        by_tcp("127.0.0.1", "connect")
    with use_cassette(path, allow_no_calls=True, ignore_hosts=[f"127.0.0.1:{port}"]):
        socket.create_connection(("127.0.0.1", port)).close()


def test_ignored_hosts_pass(path: Path) -> None:
    """By httpx, and by sockets: the address that a name was looked up to passes as well."""
    with use_cassette(path, allow_no_calls=True, ignore_hosts=[HOST, "localhost"]):
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://{HOST}:9/")
        with pytest.raises(socket.gaierror):
            socket.create_connection((HOST, 9))
        with pytest.raises(socket.gaierror):
            asyncio.run(_open(HOST))


def test_while_recording_and_without_a_cassette_nothing_is_refused(path: Path) -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo(HOST, 9)
    with use_cassette(path, record_mode="once", allow_no_calls=True), pytest.raises(socket.gaierror):
        socket.getaddrinfo(HOST, 9)


class _Curl:
    """As curl_cffi's: a class of Python; `_frozen` makes one of C, as pycurl's."""

    def setopt(self, option: int, value: object) -> None:
        """Curl does not say what it was told."""

    def perform(self) -> str:
        return "sent"


class _Rust:
    url = "https://api.openai.com/v1/models"

    def request(self, method: str, url: str) -> str:
        return "sent"

    def get(self, url: str) -> str:
        return "sent"

    def send(self) -> str:
        return "sent"

    __enter__ = __aenter__ = send


def _get(url: str) -> str:
    return "sent"


def _made(name: str, **members: object) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(members)
    return module


def test_what_connects_in_c_or_rust(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By stand-ins: the packages are no dependencies of these tests."""
    url = "https://api.openai.com/v1/models"
    classes = {name: type(name, (_Rust,), dict(vars(_Rust))) for name in ("Client", "AsyncClient", "BlockingClient")}
    requests = {
        name: type(name, (_Rust,), dict(vars(_Rust)))
        for name in ("ConsumedRequest", "SyncConsumedRequest", "StreamRequest", "SyncStreamRequest")
    }
    modules = {
        "primp": _made("primp", get=_get, **classes),
        "rnet": _made("rnet", **classes),
        "curl_cffi.curl": _made("curl_cffi.curl", Curl=type("Curl", (_Curl,), dict(vars(_Curl)))),
        "pyreqwest._pyreqwest": _made("pyreqwest._pyreqwest", request=_made("request", **requests)),
        "users.own": _made("users.own", fetch=_get),
    }
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    PATCHES.install()

    def by_curl() -> None:
        handle = modules["curl_cffi.curl"].Curl()
        handle.setopt(10002, url.encode())
        handle.perform()

    ways: dict[str, Callable[[], object]] = {
        "primp": lambda: modules["primp"].Client().get(url),
        "primp ": lambda: modules["primp"].AsyncClient().request("GET", url=url),
        "primp by another name": lambda: modules["users.own"].fetch(url),
        "rnet": lambda: modules["rnet"].BlockingClient().request("GET", url),
        "pyreqwest": lambda: modules["pyreqwest._pyreqwest"].request.SyncConsumedRequest().send(),
        "curl_cffi": by_curl,
    }
    try:
        for library, way in ways.items():
            way()
            with pytest.raises(NotIntercepted) as caught, use_cassette(path):
                way()
            assert f"send a request to {url} through {library.split()[0]}," in str(caught.value)
            with use_cassette(path, ignore_hosts=["api.openai.com"], allow_no_calls=True):
                way()
    finally:
        for name in modules:
            monkeypatch.delitem(sys.modules, name)
