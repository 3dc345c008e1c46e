"""Libraries that no cassette intercepts are refused by name, at their entry, and not one byte leaves."""

from __future__ import annotations

import asyncio
import http.client
import importlib
import subprocess
import sys
import types
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpcore
import httpcore2
import pytest
from servers.hostile import HostileServer

from pytest_llmcassette.context import use_cassette
from pytest_llmcassette.errors import NotIntercepted, RequestRefused
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.transports import install, on_import, patching, uninstall


def by_urllib_request(url: str) -> None:
    urllib.request.urlopen(url, timeout=5).close()


def by_http_client(url: str) -> None:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)
    connection.request("GET", parts.path)
    connection.getresponse().read()
    connection.close()


def by_connection(url: str, module: types.ModuleType = httpcore) -> None:
    parts = urlsplit(url)
    origin = module.Origin(b"http", b"127.0.0.1", parts.port)
    with module.HTTPConnection(origin) as connection:
        connection.request("GET", url, headers={"Host": parts.netloc})


def by_async_connection(url: str) -> None:
    async def main() -> None:
        parts = urlsplit(url)
        origin = httpcore2.Origin(b"http", b"127.0.0.1", parts.port or 0)
        async with httpcore2.AsyncHTTPConnection(origin) as connection:
            await connection.request("GET", url, headers={"Host": parts.netloc})

    asyncio.run(main())


SENDERS = {
    "httpcore": by_connection,
    "httpcore2": by_async_connection,
    "http.client": by_http_client,
    "urllib.request": by_urllib_request,
}


@pytest.mark.parametrize("mode", ["none", "once"])
@pytest.mark.parametrize("library", SENDERS)
def test_refused_by_name_while_a_cassette_is_in_force(
    library: str, mode: str, server: HostileServer, path: Path
) -> None:
    send = SENDERS[library]
    send(server.url + "/json")
    with pytest.raises(NotIntercepted) as caught, use_cassette(path, record_mode=mode):
        send(server.url + "/json?while=cassette")
    said = str(caught.value)
    assert f"through {library}," in said
    assert server.url + "/json" in said
    assert "ignore_hosts=['127.0.0.1']" in said
    assert server.hits == {"/json": 1}


@pytest.mark.parametrize("send", SENDERS.values())
def test_ignored_host_passes(send: Callable[[str], None], server: HostileServer, path: Path) -> None:
    with use_cassette(path, ignore_hosts=["127.0.0.1"], allow_no_calls=True):
        send(server.url + "/json")
    assert server.hits["/json"] == 1


def test_password_in_a_url_is_not_told(path: Path) -> None:
    """Failures are written to reports."""
    with pytest.raises(NotIntercepted) as caught, use_cassette(path):
        by_urllib_request("http://me:pass-w0rd@127.0.0.1:1/x")
    assert "127.0.0.1:1/x" in str(caught.value)
    assert "pass-w0rd" not in str(caught.value)


def test_swallowed_refusal_is_repeated(path: Path, server: HostileServer) -> None:
    with pytest.raises(NotIntercepted), use_cassette(path), pytest.raises(NotIntercepted):
        by_urllib_request(server.url)


def test_no_refusal_shows_the_key_of_a_query(path: Path) -> None:
    for url, refusal, cassette in (
        ("http://127.0.0.1:1/ask?key=AIzaOfMine", RequestRefused, in_force.Suspension("Not here.")),
        ("ws://127.0.0.1:1/live?key=AIzaOfMine", NotIntercepted, use_cassette(path)),
    ):
        with pytest.raises(refusal, match=r"not sent|WebSocket") as refused, cassette:
            httpcore.ConnectionPool().request("GET", url)
        assert "AIza" not in str(refused.value)


def test_suspended_cassette_refuses_with_its_reason(server: HostileServer) -> None:
    with (
        in_force.Suspension("Enter use_cassette in this fixture."),
        pytest.raises(RequestRefused, match="in this fixture"),
    ):
        by_urllib_request(server.url)


def test_local_urls_of_urllib_pass(tmp_path: Path, path: Path) -> None:
    (tmp_path / "file.txt").write_text("local")
    with use_cassette(path, allow_no_calls=True):
        with urllib.request.urlopen((tmp_path / "file.txt").as_uri()) as opened:
            assert opened.read() == b"local"
        with urllib.request.urlopen("data:,inline") as opened:
            assert opened.read() == b"inline"


def test_an_entry_that_is_gone_is_told_when_a_cassette_opens(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import websockets

    monkeypatch.setitem(sys.modules, "websockets.legacy.client", types.ModuleType("websockets.legacy.client"))
    with pytest.raises(NotIntercepted) as caught, use_cassette(path):
        pytest.fail("this cassette was opened")
    for said in (
        f"websockets {websockets.__version__} has no websockets.legacy.client.connect",
        "Update pytest-llmcassette",
        f'"websockets<{websockets.__version__}"',
    ):
        assert said in str(caught.value)
    monkeypatch.delitem(sys.modules, "websockets.legacy.client")
    with use_cassette(path, allow_no_calls=True):
        """Nothing of it is imported any more."""
    whole = types.ModuleType("websockets.legacy.client")
    whole.Connect = type("Connect", (), {"__await_impl__": len})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "websockets.legacy.client", whole)
    with use_cassette(path, allow_no_calls=True):
        """It is imported anew, with all that it should have."""


@pytest.mark.slow
def test_an_entry_that_is_gone_stops_the_import_while_a_cassette_is_in_force(tmp_path: Path) -> None:
    (tmp_path / "grpc").mkdir()
    (tmp_path / "grpc" / "__init__.py").write_text("__version__ = '9.0'\n")
    (tmp_path / "grpc" / "_channel.py").write_text("class _UnaryUnaryMultiCallable: pass\n")
    script = """
from pytest_llmcassette import NotIntercepted, use_cassette
for attempt in range(2):
    try:
        with use_cassette("nowhere.yaml", allow_no_calls=True):
            import grpc._channel
    except NotIntercepted as stop:
        print(str(stop).partition(",")[0])
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert run.stdout == 2 * "grpc 9.0 has no grpc._channel._UnaryUnaryMultiCallable.__call__\n", run.stderr


@pytest.fixture
def picows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A library that no other test imports: the module with its entry."""
    (tmp_path / "picows").mkdir()
    (tmp_path / "picows" / "__init__.py").write_text("__version__ = '9.0'\n")
    monkeypatch.syspath_prepend(tmp_path)
    # Imports are waited for anew: an earlier test may have had this one.
    uninstall()
    install()
    yield tmp_path / "picows" / "api.py"
    for name in ("picows", "picows.api"):
        sys.modules.pop(name, None)
    patching.forget_gone()


def test_library_that_is_imported_later_is_guarded(picows: Path, path: Path) -> None:
    picows.write_text("async def ws_connect(factory, url): pass\n")

    def import_and_ask() -> None:
        asyncio.run(importlib.import_module("picows.api").ws_connect(None, "ws://127.0.0.1:1/"))

    with pytest.raises(NotIntercepted, match="through picows"), use_cassette(path, allow_no_calls=True):
        import_and_ask()


def test_one_that_is_imported_without_its_entry_is_told_each_time(picows: Path, path: Path) -> None:
    picows.write_text("")
    for _ in range(2):
        with (
            pytest.raises(NotIntercepted, match=r"picows 9\.0 has no picows\.api\.ws_connect"),
            use_cassette(path, allow_no_calls=True),
        ):
            importlib.import_module("picows.api")


def test_importing_through_the_hook_changes_nothing_of_the_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "waited_for.py").write_text("import importlib.util\nSEEN = __spec__.loader\nVALUE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    done: list[int] = []
    on_import.after_import("waited_for", lambda name: done.append(sys.modules[name].VALUE))
    on_import.after_import("waited_for", lambda name: done.append(2 * sys.modules[name].VALUE))
    assert done == []
    import waited_for  # type: ignore[import-not-found]

    assert done == [1, 2]
    assert type(waited_for.SEEN).__name__ == type(waited_for.__loader__).__name__ == "SourceFileLoader"
