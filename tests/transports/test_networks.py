"""TLS, HTTP/2, unix sockets, proxies, and everything that has to be left alone or to win over the cassette."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import httpcore
import httpx
import httpx2
import pytest
import respx
import trustme
from respx.mocks import HTTPCoreMocker
from servers import hostile
from servers.hostile import EVENTS, STREAM, HostileServer

from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.context import use_cassette
from pytest_llmcassette.errors import NotIntercepted
from pytest_llmcassette.transports import install, uninstall
from transports.clients import HTTPX, KINDS, ONE_HALF, OTHER_HALF, each, fetch, library_of


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


@pytest.fixture
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


@each(ONE_HALF, HTTPX)
def test_tls_with_an_own_authority(
    kind: str, server_context: ssl.SSLContext, trusting: ssl.SSLContext, path: Path
) -> None:
    with hostile.tls(server_context) as server:
        url = server.url + "/stream"
        with use_cassette(path, record_mode="once"):
            live = fetch(kind, "GET", url, client={"verify": trusting})
    with use_cassette(path):
        replayed = fetch(kind, "GET", url, client={"verify": True})
    assert live.body == replayed.body == STREAM


@each(OTHER_HALF, HTTPX)
def test_http2(kind: str, server_context: ssl.SSLContext, trusting: ssl.SSLContext, path: Path) -> None:
    with hostile.http2(server_context) as server:
        url = server.url + "/stream"
        with use_cassette(path, record_mode="once", record_timing=True):
            live = fetch(kind, "GET", url, client={"verify": trusting, "http2": True, "http1": False})
    with use_cassette(path):
        replayed = fetch(kind, "GET", url)
    assert live.body == replayed.body == STREAM
    assert (replayed.version, replayed.reason) == ("HTTP/2", "OK")
    [stored] = load(path)
    assert (stored.response.proto, stored.response.proto_major) == ("HTTP/2.0", 2)
    assert [size for _, size in stored.chunks] == [len(event) for event in EVENTS]


@each(ONE_HALF, HTTPX)
def test_unix_socket(kind: str, tmp_path: Path, path: Path) -> None:
    library = library_of(kind)
    transport = library.HTTPTransport if kind.endswith("-sync") else library.AsyncHTTPTransport
    with hostile.unix(tmp_path / "s") as server:
        url = server.url + "/stream"
        with use_cassette(path, record_mode="once"):
            fetch(kind, "GET", url, client={"transport": transport(uds=str(tmp_path / "s"), verify=False)})
    with use_cassette(path):
        assert fetch(kind, "GET", url).body == STREAM
    assert load(path)[0].request.url == "http://provider.test/stream"


@each(OTHER_HALF, HTTPX)
def test_proxy_from_the_environment(
    kind: str, server: HostileServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hostile server as a proxy: it is asked for an absolute URL, which it serves by its path."""
    monkeypatch.setenv("http_proxy", server.url)
    with use_cassette(path, record_mode="once"):
        live = fetch(kind, "GET", "http://far.test/stream")
    assert server.hits["http://far.test/stream"] == 1
    monkeypatch.delenv("http_proxy")
    with use_cassette(path):
        assert fetch(kind, "GET", "http://far.test/stream").body == live.body == STREAM


def _answering(library: Any) -> Any:
    return library.MockTransport(lambda request: library.Response(200, text="mocked"))


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_mock_transport_is_left_alone(library: Any, path: Path) -> None:
    with use_cassette(path, allow_no_calls=True) as cassette, library.Client(transport=_answering(library)) as client:
        assert client.get("http://provider.test/").text == "mocked"
    assert cassette.requests == ()


@pytest.mark.parametrize("kind", ["httpx-asyncio", "httpx2-asyncio"])
def test_asgi_transport_is_left_alone(kind: str, path: Path) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"from the app"})

    transport = library_of(kind).ASGITransport(app)
    with use_cassette(path, allow_no_calls=True):
        assert fetch(kind, "GET", "http://app.test/", client={"transport": transport}).body == b"from the app"


class UsersMocker(HTTPCoreMocker):
    """As pytest-httpx2 defines it for its fixture `httpx2_mock`."""

    name = "tests-httpcore2"
    targets: ClassVar[list[str]] = [target.replace("httpcore.", "httpcore2.") for target in HTTPCoreMocker.targets]


@each(ONE_HALF, HTTPX)
def test_users_respx_routes_win_and_pass_through_to_the_cassette(kind: str, server: HostileServer, path: Path) -> None:
    def ask() -> tuple[bytes, bytes]:
        using = UsersMocker.name if kind.startswith("httpx2") else HTTPCoreMocker.name
        with respx.mock(using=using, assert_all_called=False) as router:
            router.get(server.url + "/mine").respond(200, text="routed")
            router.route().pass_through()
            return fetch(kind, "GET", server.url + "/mine").body, fetch(kind, "GET", server.url + "/stream").body

    with use_cassette(path, record_mode="once"):
        assert ask() == (b"routed", STREAM)
    with use_cassette(path):
        assert ask() == (b"routed", STREAM)
    assert server.hits == {"/stream": 1}
    assert [one.request.url for one in load(path)] == [server.url + "/stream"]


@each(OTHER_HALF, HTTPX)
def test_router_on_our_own_mocker_reaches_both_libraries(kind: str, server: HostileServer, path: Path) -> None:
    using = "llmcassette-httpcore2" if kind.startswith("httpx2") else "llmcassette-httpcore"
    with use_cassette(path, record_mode="once"):
        with respx.mock(using=using, assert_all_called=False) as router:
            router.get(server.url + "/mine").respond(200, text="routed")
            router.route().pass_through()
            assert fetch(kind, "GET", server.url + "/mine").body == b"routed"
            assert fetch(kind, "GET", server.url + "/stream").body == STREAM
        assert fetch(kind, "GET", server.url + "/json").status == 200
    assert [one.request.url for one in load(path)] == [server.url + "/stream", server.url + "/json"]


def test_install_again_and_uninstall(server: HostileServer, path: Path) -> None:
    """A pytest session inside a test installs and uninstalls too, and the outer session goes on."""
    patched = httpcore.ConnectionPool.handle_request
    install()
    assert httpcore.ConnectionPool.handle_request is patched
    uninstall()
    assert httpcore.ConnectionPool.handle_request is not patched
    with use_cassette(path, record_mode="once"):
        fetch("httpx-sync", "GET", server.url + "/json")
        fetch("httpx2-asyncio", "GET", server.url + "/json")
    assert len(load(path)) == 2


@pytest.mark.slow
def test_package_imported_anew_in_the_same_process(server: HostileServer, tmp_path: Path) -> None:
    """A pytest session inside a test (pytester) forgets the modules that it imported."""
    script = f"""
import sys, httpx, httpx2
for round in range(2):
    from pytest_llmcassette.context import use_cassette
    for library in (httpx, httpx2):
        for mode in ("once", "none"):
            with use_cassette({str(tmp_path)!r} + f"/{{library.__name__}}-{{round}}.yaml", record_mode=mode):
                assert library.get({server.url + "/json"!r}, verify=False).status_code == 200
    for name in [name for name in sys.modules if name.startswith("pytest_llmcassette")]:
        del sys.modules[name]
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert server.hits["/json"] == 4
    assert len(list(tmp_path.glob("*.yaml"))) == 4


def test_without_a_cassette_nothing_is_recorded_or_refused(server: HostileServer) -> None:
    for kind in KINDS:
        assert fetch(kind, "GET", server.url + "/stream").body == STREAM
    assert server.hits["/stream"] == len(KINDS)


def test_client_made_before_the_patch(server: HostileServer, path: Path) -> None:
    uninstall()
    with httpx.Client(verify=False) as client:
        with use_cassette(path, record_mode="once"):
            client.get(server.url + "/json")
        with use_cassette(path):
            assert client.get(server.url + "/json").status_code == 200
    assert server.hits["/json"] == 1


def test_ignored_hosts_go_to_the_network_unrecorded(server: HostileServer, path: Path) -> None:
    host = server.url.removeprefix("http://")
    for pattern in (host, "127.0.0.1", "*.0.0.1"):
        with use_cassette(path, ignore_hosts=[pattern], allow_no_calls=True) as cassette:
            assert fetch("httpx2-sync", "GET", server.url + "/json").status == 200
        assert cassette.requests == ()
    assert server.hits["/json"] == 3
    assert not path.exists()


def test_websocket_is_refused_by_name(path: Path) -> None:
    upgrade: dict[bytes | str, bytes | str] = {"Connection": "upgrade", "Upgrade": "websocket"}
    for url, headers in (("ws://provider.test/socket", {}), ("https://provider.test/socket", upgrade)):
        with pytest.raises(NotIntercepted, match="WebSocket"), use_cassette(path, record_mode="once"):
            httpcore.request("GET", url, headers=headers)


@each(ONE_HALF, HTTPX)
def test_replay_has_no_wrong_framing_headers(kind: str, server: HostileServer, path: Path) -> None:
    with use_cassette(path, record_mode="once", keep_response_headers=["content-length", "transfer-encoding"]):
        fetch(kind, "GET", server.url + "/encoded/gzip")
        fetch(kind, "POST", server.url + "/json", content="é")
    with use_cassette(path):
        stream = fetch(kind, "GET", server.url + "/encoded/gzip")
        plain = fetch(kind, "POST", server.url + "/json", content="é")
    assert stream.header("transfer-encoding") == stream.header("content-length") == []
    assert plain.header("content-length") == [str(len(plain.body))]
    assert json.loads(plain.body)["body"] == "é"
