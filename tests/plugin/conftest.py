"""A suite and a server for the tests of the plugin."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from servers.plain import PlainServer

from plugin.suite import Suite


@pytest.fixture(scope="session")
def one_server() -> Iterator[PlainServer]:
    with PlainServer() as server:
        yield server


@pytest.fixture
def server(one_server: PlainServer) -> PlainServer:
    one_server.reset()
    return one_server


@pytest.fixture
def transport(request: pytest.FixtureRequest) -> str:
    """The library that a suite asks through: see `suite.ANY_TRANSPORT`."""
    return str(getattr(request, "param", "httpx"))


@pytest.fixture
def suite(pytester: pytest.Pytester, server: PlainServer, monkeypatch: pytest.MonkeyPatch, transport: str) -> Suite:
    """A suite in an empty folder, in an environment without anybody's API keys."""
    for name in list(os.environ):
        if name.endswith(("_API_KEY", "_TOKEN", "_API_TOKEN")) or name.startswith(("AWS_", "GOOGLE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SERVER", server.url)
    if transport != "httpx":
        monkeypatch.setenv("ASK_THROUGH", transport)
    return Suite(pytester, server)
