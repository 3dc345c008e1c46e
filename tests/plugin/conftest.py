"""A suite and a server for the tests of the plugin."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from zlib import crc32

import pytest
from servers.plain import PlainServer

from plugin.suite import IN_TURN, OTHERS, SHOWS_HTTP, TRANSPORTS, Suite


@pytest.fixture(scope="session")
def one_server() -> Iterator[PlainServer]:
    with PlainServer() as server:
        yield server


@pytest.fixture
def server(one_server: PlainServer) -> PlainServer:
    one_server.reset()
    return one_server


@pytest.fixture(scope="session")
def openai() -> None:
    """Imported once for all suites that use it, which takes a second: pytester forgets what its runs import."""
    import_module("openai")


@pytest.fixture(scope="session")
def over_websockets(one_server: PlainServer) -> Iterator[str]:
    """A server that hands each message to `one_server`: its URL."""
    from servers import asked

    with asked.by_messages(one_server) as url:
        yield url


@pytest.fixture(scope="session")
def over_grpc(one_server: PlainServer) -> Iterator[str]:
    """A server that hands each call to `one_server`: its target."""
    pytest.importorskip("grpc")
    from servers import asked

    with asked.by_calls(one_server) as target:
        yield target


@pytest.fixture
def transport(request: pytest.FixtureRequest) -> str:
    """The libraries that a suite asks through, call by call: see `suite.ANY_TRANSPORT`."""
    name = str(getattr(request, "param", "httpx"))
    if name in OTHERS and request.function.__name__ in SHOWS_HTTP:
        pytest.skip("looks at the words of an HTTP request")
    if name != IN_TURN:
        return name
    # Many suites ask only once: each begins with another.
    first = crc32(request.node.name.encode()) % len(TRANSPORTS)
    return " ".join([*TRANSPORTS[first:], *TRANSPORTS[:first]])


@pytest.fixture
def suite(
    pytester: pytest.Pytester,
    server: PlainServer,
    monkeypatch: pytest.MonkeyPatch,
    transport: str,
    request: pytest.FixtureRequest,
) -> Suite:
    """A suite in an empty folder, in an environment without anybody's API keys."""
    for name in list(os.environ):
        if name.endswith(("_API_KEY", "_TOKEN", "_API_TOKEN")) or name.startswith(("AWS_", "GOOGLE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SERVER", server.url)
    monkeypatch.setenv("ASK_THROUGH", transport)
    if transport in OTHERS:
        monkeypatch.setenv(OTHERS[transport], request.getfixturevalue(f"over_{transport}"))
    return Suite(pytester, server)
