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
def suite(pytester: pytest.Pytester, server: PlainServer, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A suite in an empty folder, in an environment without anybody's API keys."""
    for name in list(os.environ):
        if name.endswith(("_API_KEY", "_TOKEN", "_API_TOKEN")) or name.startswith(("AWS_", "GOOGLE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SERVER", server.url)
    return Suite(pytester, server)
