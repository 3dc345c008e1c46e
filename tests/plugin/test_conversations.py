"""WebSockets in a suite: what is kept of them, and what a test is told that says less, more, or something else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from servers.sockets import SocketServer, sockets

from plugin.suite import Suite, outcomes, said

TESTS = """
import os, pytest
from websockets.sync.client import connect

SAYS = os.environ.get("SAYS", "a b").split()

def talk(*words):
    with connect(os.environ["SOCKETS"] + "/echo") as ws:
        found = [ws.recv()]
        for word in words:
            ws.send(word)
            found += [ws.recv(), ws.recv()]
    return found

@pytest.mark.cassette
def test_says(llm_cassette):
    assert len(talk(*SAYS)) == 1 + 2 * len(SAYS)
    assert [request.url for request in llm_cassette.requests] == [os.environ["SOCKETS"] + "/echo"]

@pytest.mark.cassette
def test_swallows():
    try:
        talk(*SAYS)
    except BaseException:
        pass

@pytest.mark.cassette
@pytest.mark.xfail(strict=True)
def test_xfail():
    talk(*SAYS)
    assert 0

@pytest.mark.cassette
def test_fails():
    talk("a")
    assert 0
"""


@pytest.fixture
def talking(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Iterator[SocketServer]:
    with sockets() as server:
        monkeypatch.setenv("SOCKETS", server.url)
        suite.file("test_it.py", TESTS)
        assert outcomes(suite.run("--record-mode=once")) == {"passed": 2, "xfailed": 1, "failed": 1}
        server.heard.clear()
        yield server


def test_a_suite_that_talks(suite: Suite, talking: SocketServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert suite.cassettes() == [f"cassettes/test_it/test_{name}.yaml" for name in ("says", "swallows", "xfail")]
    assert outcomes(suite.run("--deselect=test_it.py::test_fails")) == {"passed": 2, "xfailed": 1, "deselected": 1}
    monkeypatch.setenv("SAYS", "a")
    less = suite.run("--deselect=test_it.py::test_fails")
    assert outcomes(less) == {"failed": 2, "xfailed": 1, "deselected": 1}
    assert f"GET {talking.url}/echo: message 2 of its client was not sent" in said(less)
    monkeypatch.setenv("SAYS", "a c")
    other = suite.run("--deselect=test_it.py::test_fails")
    # What was refused is never an expected failure.
    assert outcomes(other) == {"failed": 3, "deselected": 1}
    for words in ("The code under test swallowed this", "The client's message 2 of recording id 0", 'sent: "c"'):
        assert words in said(other)
    assert talking.heard == []


def test_no_fault_is_made_of_a_conversation(suite: Suite, talking: SocketServer) -> None:
    marked = '@pytest.mark.llm_fault("http_429")\n@pytest.mark.cassette\ndef test_says'
    suite.file("test_it.py", TESTS.replace("@pytest.mark.cassette\ndef test_says", marked))
    result = suite.run("-k", "says")
    assert outcomes(result)["failed"] == 1
    assert "does not fit" in said(result)
    assert "it is a conversation (a WebSocket, a gRPC call)" in said(result)
