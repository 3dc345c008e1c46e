"""Where pieces end and when they come, as a user asks for it, and what is said below a failure under other cuts."""

from __future__ import annotations

import re
import shlex
import time
from pathlib import Path

import pytest

from plugin.suite import Suite, outcomes, said
from pytest_llmcassette.cassette.files import save
from pytest_llmcassette.cassette.model import Interaction, Request, Response

URL = "http://127.0.0.1:1/stream"
STREAM = "".join(f'data: {{"text": "Olá, {number}"}}\n\n' for number in range(20)).encode()

CLIENTS = """
import asyncio
import json
import httpx

URL = "http://127.0.0.1:1/stream"

def read(kind, method, each=lambda piece: piece):
    if kind == "sync":
        with httpx.Client(verify=False) as client, client.stream("GET", URL) as response:
            return [each(piece) for piece in getattr(response, method)()]

    async def collect():
        async with httpx.AsyncClient(verify=False) as client, client.stream("GET", URL) as response:
            return [each(piece) async for piece in getattr(response, "a" + method)()]

    return asyncio.run(collect())

def events(text):
    return [json.loads(block[6:]) for block in text.split("\\n\\n") if block]

def splits(kind):
    return sum(read(kind, "iter_text", events), [])

def decodes(kind):
    return events("".join(read(kind, "iter_raw", bytes.decode)))

def reads(kind):
    return [json.loads(line[6:]) for line in read(kind, "iter_lines") if line]
"""

TEST = """
import clients

@pytest.mark.cassette("stream")
@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("client", ["splits", "decodes", "reads"])
def test_client(client, kind):
    assert [event["text"] for event in getattr(clients, client)(kind)] == [f"Olá, {number}" for number in range(20)]
"""


@pytest.fixture
def streaming(suite: Suite) -> Suite:
    """A suite of three clients, sync and async, and the cassette of one stream."""
    suite.file("clients.py", CLIENTS)
    _store(suite.path / "cassettes" / "stream.yaml")
    return suite


def _store(path: Path, *, duration_ns: int = 0) -> None:
    headers = {"Content-Type": ["text/event-stream"]}
    one = Interaction(
        request=Request(method="GET", url=URL), response=Response(body=STREAM, headers=headers, duration_ns=duration_ns)
    )
    save(path, [one])


def test_naive_clients_are_caught_and_a_correct_one_is_not(streaming: Suite) -> None:
    streaming.test(
        """
        import clients
        from pytest_llmcassette import use_cassette

        @pytest.mark.parametrize("kind", ["sync", "async"])
        @pytest.mark.parametrize("client", ["splits", "decodes", "reads"])
        @pytest.mark.parametrize("chunking", ["event", "recorded", "whole", "byte", "random:1", "random:2", "size:9"])
        def test_client(client, kind, chunking):
            with use_cassette("cassettes/stream.yaml", chunking=chunking):
                events = getattr(clients, client)(kind)
            assert [event["text"] for event in events] == [f"Olá, {number}" for number in range(20)]
        """
    )
    result = streaming.run("--tb=no")
    failed = set(re.findall(r"^FAILED \S+\[([\w:]+)-(\w+)-(\w+)\]", said(result), re.MULTILINE))
    assert failed == {
        (chunking, client, kind)
        for chunking in ("byte", "random:1", "random:2", "size:9")
        for client in ("splits", "decodes")
        for kind in ("sync", "async")
    }
    assert outcomes(result)["passed"] == 42 - len(failed)


def test_a_failure_names_the_cut_and_the_command_that_cuts_there_again(streaming: Suite) -> None:
    streaming.test(TEST)
    shown = said(streaming.run("--cassette-chunking=byte", "-k", "decodes and async"))
    assert "replayed with chunking byte" in shown
    at = STREAM.index("á".encode())
    assert f"{at + 1} of {len(STREAM)} bytes handed out, cut at 1, 2, 3, 4, 5, 6, ..., {at + 1}." in shown
    assert rf"""The last cut, at {at + 1}: b'data: {{"text": "Ol\xc3' | b'\xa1, 0"}}""" in shown
    [command] = re.findall("To repeat it: (pytest .*)", shown)
    again = said(streaming.run(*shlex.split(command)[1:]))
    assert f"The last cut, at {at + 1}:" in again
    streaming.test(
        "import clients\n\n@pytest.mark.cassette('stream')\ndef test_it(): assert not clients.reads('sync')\n"
    )
    assert "No answer of it was recorded with chunks" in said(streaming.run("--cassette-chunking=recorded"))
    assert "replayed with chunking" not in said(streaming.run("--cassette-chunking=event"))


def test_every_layer_has_the_switches(streaming: Suite) -> None:
    streaming.file("pytest.ini", "[pytest]\nllmcassette_chunking = size:7\n")
    streaming.test(
        """
        import clients
        from pytest_llmcassette import use_cassette

        def pieces():
            return len(clients.read("sync", "iter_raw"))

        @pytest.mark.cassette("stream")
        def test_ini():
            assert pieces() == 79

        @pytest.mark.cassette("stream", chunking="size:70")
        def test_mark():
            assert pieces() == 8

        class TestFixture:
            @pytest.fixture
            def llm_cassette_config(self):
                return {"chunking": "size:280"}

            @pytest.mark.cassette("stream")
            def test_fixture(self):
                assert pieces() == 2

        def test_block():
            with use_cassette("cassettes/stream.yaml", chunking="whole"):
                assert pieces() == 1
        """
    )
    assert len(STREAM) == 550
    streaming.run().assert_outcomes(passed=4)
    result = streaming.run("--cassette-chunking=byte")
    assert outcomes(result) == {"failed": 4}
    assert len(re.findall("^E +assert 550 == ", said(result), re.MULTILINE)) == 4


@pytest.mark.slow
def test_the_pace_of_a_run(streaming: Suite) -> None:
    """20 events, of which the first takes as long as the recorded head did, or as the model says."""
    _store(streaming.path / "cassettes" / "stream.yaml", duration_ns=10_000_000_000)
    streaming.test(TEST)
    asked = ("-k", "reads and async")
    for timing, least in (("x50", 0.2), ("ttft=0.1,tps=200", 0.19)):
        started = time.perf_counter()
        streaming.run(f"--cassette-timing={timing}", *asked).assert_outcomes(passed=1, deselected=5)
        assert time.perf_counter() - started >= least


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--cassette-chunking=random", ["--cassette-chunking", "'random'", "random:SEED", "size:N"]),
        ("--cassette-timing=10x", ["--cassette-timing", "'10x'", "x10", "ttft=0.4,tps=80"]),
    ],
)
def test_a_value_that_makes_no_sense(streaming: Suite, option: str, words: list[str]) -> None:
    streaming.test(TEST)
    result = streaming.run(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "Traceback" not in said(result)
    for word in words:
        assert word in said(result)
