"""What only urllib3 and requests have: readers, retries, bodies, pools and proxies, over recorded answers as live."""

from __future__ import annotations

import io
import json
import ssl
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
import urllib3
from requests.adapters import HTTPAdapter
from servers import hostile
from servers.hostile import EVENTS, STREAM, HostileServer
from servers.misbehaving import MisbehavingServer
from urllib3.util import Retry

from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.context import use_cassette
from pytest_llmcassette.errors import NotIntercepted, RequestNotRecorded, RequestRefused
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.outside import Block
from transports.clients import fetch


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


@pytest.fixture
def pool() -> Iterator[urllib3.PoolManager]:
    with urllib3.PoolManager() as made:
        yield made


def twice(path: Path, ask: Callable[[], Any], **switches: Any) -> list[Any]:
    """Recorded, and replayed."""
    found = []
    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode, **switches):
            found.append(ask())
    return found


def _read_in_steps(response: Any) -> bytes:
    return b"".join(iter(lambda: response.read(10, decode_content=True), b""))


def _read1(response: Any) -> bytes:
    return b"".join(iter(lambda: response.read1(7, decode_content=True), b""))


def _lines(response: Any) -> bytes:
    response.auto_close = False
    return b"".join(io.BufferedReader(response))


READERS: dict[str, Callable[[Any], bytes]] = {
    "read": lambda response: response.read(decode_content=True),
    "read(10)": _read_in_steps,
    "read1": _read1,
    "stream": lambda response: b"".join(response.stream(5, decode_content=True)),
    "data": lambda response: response.data,
    "lines": _lines,
}


@pytest.mark.parametrize("route", ["/stream", "/torn", "/encoded/gzip"])
def test_every_reader_reads_the_same_on_replay(
    route: str, pool: urllib3.PoolManager, server: HostileServer, path: Path
) -> None:
    def read() -> dict[str, bytes]:
        found = {}
        for name, reader in READERS.items():
            response = pool.request("GET", server.url + route, preload_content=False)
            found[name] = reader(response)
            response.release_conn()
        with requests.get(server.url + route, stream=True, timeout=5) as answer:
            found["iter_content"] = b"".join(answer.iter_content(3))
        found["iter_lines"] = b"\n".join(requests.get(server.url + route, timeout=5).iter_lines()) + b"\n"
        return found

    for chunking in ("event", "byte", "random:1"):
        with use_cassette(path, record_mode="once", allow_repeats=True, chunking=chunking):
            found = read()
        assert found == dict.fromkeys(found, STREAM), chunking


def test_bodies_of_every_kind_are_sent_and_recorded_whole(
    pool: urllib3.PoolManager, server: HostileServer, path: Path, tmp_path: Path
) -> None:
    file = tmp_path / "file.bin"
    file.write_bytes(bytes(range(256)) * 300)
    long = (b"a" * 70000, b"b")
    bodies: dict[str, Callable[[], dict[str, Any]]] = {
        "bytes": lambda: {"body": b"bytes"},
        "text": lambda: {"body": "é"},
        "json": lambda: {"json": {"a": "é"}},
        "generator": lambda: {"body": iter(long)},
        "chunked": lambda: {"body": b"chunked", "chunked": True},
        "file": lambda: {"body": file.open("rb")},
        "memory": lambda: {"body": io.BytesIO(b"memory")},
        "empty": lambda: {"body": b""},
        "form": lambda: {"fields": {"file": ("file.bin", file.read_bytes()), "text": "é"}},
        "none": dict,
    }

    def ask() -> list[str]:
        found = []
        for name, make in bodies.items():
            given = make()
            found.append(json.loads(pool.request("POST", f"{server.url}/json?{name}", **given).data)["body"])
            getattr(given.get("body"), "close", lambda: None)()
        with file.open("rb") as opened:
            requests.post(server.url + "/json?requests-form", files={"file": opened}, data={"a": "é"}, timeout=5)
        requests.post(server.url + "/json?requests-generator", data=iter(long), timeout=5)
        return found

    live, replayed = twice(path, ask)
    assert [one.request.body for one in load(path)] == server.bodies
    assert [len(body) for body in server.bodies[3:7]] == [70001, 7, 256 * 300, 6]
    assert live[:3] == replayed[:3] == ["bytes", "é", '{"a":"é"}']
    assert server.bodies[-1] == b"".join(long)


def test_retries_and_redirects_are_urllib3s_own(server: HostileServer, path: Path) -> None:
    """Over the recorded answers; a failure that was retried is none of them."""

    def ask() -> tuple[Any, ...]:
        retry = Retry(
            3, status_forcelist=[429], allowed_methods=None, backoff_factor=0, respect_retry_after_header=False
        )
        with urllib3.PoolManager(retries=retry) as retrying:
            flaky = retrying.request("GET", server.url + "/flaky?2")
        with requests.Session() as session:
            session.mount("http://", HTTPAdapter(max_retries=retry))
            again = session.post(server.url + "/flaky?1", json={})
            redirected = session.post(server.url + "/redirect", json={"a": 1})
        with pytest.raises(requests.HTTPError):
            requests.get(server.url + "/no-such-path", timeout=5).raise_for_status()
        return flaky.status, again.status_code, [one.status_code for one in redirected.history], redirected.ok

    live, replayed = twice(path, ask)
    assert live == replayed == (200, 200, [307], True)
    assert server.hits["/flaky?2"] == 3
    assert [one.response.code for one in load(path)] == [200, 200, 307, 200, 404]


def test_cookies_and_hooks_of_a_session(server: HostileServer, path: Path) -> None:
    seen: list[str] = []
    with use_cassette(path, record_mode="once"), requests.Session() as session:
        session.hooks["response"].append(lambda response, **_: seen.append(response.url))
        session.get(server.url + "/headers")
        assert session.cookies.get_dict() == {"a": "1", "b": "2"}
    with use_cassette(path), requests.Session() as session:
        session.hooks["response"].append(lambda response, **_: seen.append(response.url))
        session.get(server.url + "/headers")
        assert session.cookies.get_dict() == {}
    assert len(seen) == 2


def test_what_one_library_records_another_replays(server: HostileServer, tmp_path: Path) -> None:
    kinds = ("requests-sync", "urllib3-sync", "httpx-sync")
    files = {}
    for kind in kinds:
        files[kind] = tmp_path / f"{kind}.yaml"
        with use_cassette(files[kind], record_mode="once"):
            fetch(kind, "POST", server.url + "/json", json={"q": "é"})
            fetch(kind, "GET", server.url + "/stream")
            fetch(kind, "GET", server.url + "/encoded/gzip")
    for recorded in files.values():
        for kind in kinds:
            with use_cassette(recorded):
                fetch(kind, "POST", server.url + "/json", json={"q": "é"})
                assert fetch(kind, "GET", server.url + "/stream").body == STREAM
                assert fetch(kind, "GET", server.url + "/encoded/gzip").body == STREAM
    first, second, third = (
        [(one.response.body, one.response.headers) for one in load(file)] for file in files.values()
    )
    assert first[1:] == second[1:] == third[1:]


def test_twenty_threads_at_once_get_their_own_answers(
    pool: urllib3.PoolManager, server: HostileServer, path: Path
) -> None:
    def ask(number: int) -> str:
        if number % 2:
            return str(requests.get(f"{server.url}/json?{number}", timeout=5).json()["path"])
        return str(json.loads(pool.request("GET", f"{server.url}/json?{number}").data)["path"])

    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode), ThreadPoolExecutor(20) as threads:
            assert list(threads.map(ask, range(20))) == [f"/json?{number}" for number in range(20)]
    assert sum(server.hits.values()) == 20


def test_a_pool_of_one_connection_goes_back_and_forth_between_network_and_recording(
    server: HostileServer, path: Path
) -> None:
    port = int(server.url.rpartition(":")[2])
    with urllib3.HTTPConnectionPool("127.0.0.1", port, maxsize=1, block=True) as pool:

        def ask(route: str) -> bytes:
            return pool.request("GET", route, pool_timeout=1, timeout=5).data

        with use_cassette(path, record_mode="once"):
            ask("/json?1")
            ask("/stream")
        with use_cassette(path, record_mode="new_episodes"):
            assert b"/json?1" in ask("/json?1")
            assert b"/json?2" in ask("/json?2")
            assert ask("/stream") == STREAM
        with use_cassette(path, allow_unplayed=True):
            left = pool.urlopen("GET", "/stream", preload_content=False)
            assert left.read(5) == STREAM[:5]
            left.close()
            left.release_conn()
            with pytest.raises(RequestNotRecorded), use_cassette(path.with_name("none.yaml")):
                ask("/json?3")
            assert b"/json?2" in ask("/json?2")
        assert b"/json?3" in ask("/json?3")
    assert server.hits == {"/json?1": 1, "/json?2": 1, "/json?3": 1, "/stream": 1}


def test_tls_and_a_proxy_that_nobody_needs_on_replay(authority: trustme.CA, server: HostileServer, path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(trusting)
    with hostile.tls(context) as secure:
        url = secure.url + "/stream"
        with use_cassette(path, record_mode="once"):
            with urllib3.PoolManager(ssl_context=trusting) as pool:
                assert pool.request("GET", url).data == STREAM
            with pytest.raises(requests.exceptions.SSLError):
                requests.get(url + "?untrusted", timeout=5)
            # It knows no CONNECT.
            with pytest.raises(requests.exceptions.ProxyError):
                requests.get("https://far.test/", proxies={"https": server.url}, timeout=5)
    assert [one.end for one in load(path)] == ["", "ConnectError", "ProxyError"]
    proxies = {"https": "http://127.0.0.1:1"}
    with use_cassette(path), warnings.catch_warnings(action="error"):
        assert requests.get(url, proxies=proxies, timeout=5).content == STREAM
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(url + "?untrusted", timeout=5)
        with pytest.raises(requests.exceptions.ProxyError):
            requests.get("https://far.test/", proxies=proxies, timeout=5)
    ignoring = use_cassette(path, ignore_hosts=["far.test"], allow_unplayed=True, allow_no_calls=True)
    with ignoring, pytest.raises(requests.exceptions.ProxyError, match="501"):
        requests.get("https://far.test/", proxies={"https": server.url}, timeout=5)


def test_a_plain_proxy_is_asked_for_the_whole_url(server: HostileServer, path: Path) -> None:
    live, replayed = twice(
        path, lambda: requests.get("http://far.test/stream", proxies={"http": server.url}, timeout=5).content
    )
    assert live == replayed == STREAM
    assert [one.request.url for one in load(path)] == ["http://far.test/stream"]
    assert server.hits == {"http://far.test/stream": 1}


def test_a_stream_that_is_left_counts_as_closed(pool: urllib3.PoolManager, server: HostileServer, path: Path) -> None:
    with use_cassette(path, record_mode="once"):
        response = pool.request("GET", server.url + "/gated", preload_content=False)
        assert next(response.stream(None)) == EVENTS[0]
        response.close()
        del response
    [stored] = load(path)
    assert (stored.end, stored.response.body) == ("closed", EVENTS[0])


def test_who_may_send_is_asked_as_of_any_client(server: HostileServer, path: Path) -> None:
    def ask() -> requests.Response:
        return requests.get(server.url + "/json?key=secret", timeout=5)

    with in_force.Suspension("Enter use_cassette in this fixture."), pytest.raises(RequestRefused) as refused:
        ask()
    assert "in this fixture" in str(refused.value)
    assert "secret" not in str(refused.value)
    with use_cassette(path, ignore_hosts=["127.0.0.1"], allow_no_calls=True) as cassette:
        assert ask().ok
    assert cassette.requests == ()
    before = in_force.block(Block((), lambda host: ""))
    try:
        with pytest.raises(RequestRefused, match=r"far\.test"):
            requests.get("http://far.test/", timeout=5)
    finally:
        in_force.block(before)


def test_a_connection_without_its_pool_is_refused_by_name(server: HostileServer, path: Path) -> None:
    connection = urllib3.connection.HTTPConnection("127.0.0.1", int(server.url.rpartition(":")[2]))
    with pytest.raises(NotIntercepted, match=r"http\.client"), use_cassette(path, record_mode="once"):
        connection.request("GET", "/json")
    assert server.hits == {}


def test_an_error_of_the_users_generator_is_the_users(server: HostileServer, path: Path) -> None:
    def produce() -> Iterator[bytes]:
        yield b"one"
        raise ValueError("of the user's own")

    with use_cassette(path, record_mode="once", allow_no_calls=True), pytest.raises(ValueError, match="user's own"):
        requests.post(server.url + "/json", data=produce(), timeout=5)
    assert server.hits == {}


def test_what_answers_is_no_http(pool: urllib3.PoolManager, path: Path) -> None:
    with MisbehavingServer() as server:
        server.sends = b"rest of the answer before HTTP/1.1 200 OK\r\n\r\n"
        for mode in ("once", "none"):
            with use_cassette(path, record_mode=mode), pytest.raises(urllib3.exceptions.ProtocolError):
                pool.request("POST", server.url, retries=False)
