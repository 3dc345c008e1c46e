"""Asynchronous tests under pytest-asyncio and anyio, and unittest's: the cassette is in force in every task."""

from __future__ import annotations

import importlib.util

import pytest

from plugin.suite import Suite

ASYNC_ASK = """
import asyncio
import httpx

async def ask_async(text="hi"):
    async with httpx.AsyncClient(verify=False) as client:
        return (await client.post(os.environ["SERVER"] + "/ask", json={"say": text})).text
"""


def test_anyio_on_both_backends(suite: Suite) -> None:
    suite.test(
        ASYNC_ASK
        + """
import anyio

@pytest.fixture
async def uploaded(anyio_backend):
    answer = await ask_async("upload")
    yield answer
    await ask_async("delete")

@pytest.mark.anyio
@pytest.mark.cassette
async def test_ask(uploaded, llm_cassette):
    async with anyio.create_task_group() as group:
        for n in range(5):
            group.start_soon(ask_async, str(n))
    await anyio.to_thread.run_sync(ask, "thread")
    assert len(llm_cassette.requests) == 7
"""
    )
    suite.run("--record-mode=once", wanted=("anyio",)).assert_outcomes(passed=2)
    assert suite.server.calls == 8
    assert suite.cassettes() == ["cassettes/test_it/test_ask.yaml"]
    suite.run(wanted=("anyio",)).assert_outcomes(passed=2)
    assert suite.server.calls == 8


@pytest.mark.skipif(importlib.util.find_spec("pytest_asyncio") is None, reason="needs pytest-asyncio")
def test_pytest_asyncio(suite: Suite) -> None:
    suite.test(
        ASYNC_ASK
        + """
import pytest_asyncio

pytestmark = pytest.mark.asyncio(loop_scope="session")

@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def client():
    async with httpx.AsyncClient(base_url=os.environ["SERVER"], verify=False) as client:
        yield client

@pytest_asyncio.fixture(loop_scope="session")
async def uploaded(client):
    yield (await client.post("/upload")).text
    await client.delete("/upload")

@pytest.mark.cassette
@pytest.mark.parametrize("n", range(2))
async def test_ask(client, uploaded, llm_cassette, n):
    answers = await asyncio.gather(*(ask_async(f"{n}-{m}") for m in range(4)))
    assert len(set(answers)) == 4
    assert len(llm_cassette.requests) == 5
"""
    )
    wanted = ("asyncio",)
    suite.run("--record-mode=once", "-W", "ignore", wanted=wanted).assert_outcomes(passed=2)
    assert suite.server.calls == 12
    suite.run("-W", "ignore", wanted=wanted).assert_outcomes(passed=2)
    assert suite.server.calls == 12


def test_unittest(suite: Suite) -> None:
    suite.test(
        ASYNC_ASK
        + """
import unittest

@pytest.mark.cassette
class TestAsync(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self): await ask_async("set up")
    async def test_ask(self): self.assertTrue(await ask_async())
    async def test_more(self): self.assertTrue(await ask_async("more"))
"""
    )
    suite.run("--record-mode=once").assert_outcomes(passed=2)
    assert suite.server.calls == 4
    suite.run().assert_outcomes(passed=2)
    assert suite.server.calls == 4


@pytest.mark.skipif(importlib.util.find_spec("pytest_asyncio") is None, reason="needs pytest-asyncio")
def test_a_task_that_outlives_its_replaying_test_does_not_reach_the_network(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.file("pytest.ini", "[pytest]\nasyncio_mode = auto\nasyncio_default_test_loop_scope = session\n")
    suite.test(
        ASYNC_ASK
        + """
left = []

@pytest.fixture(scope="session")
async def application():
    started = []
    async def work():
        while not started:
            await asyncio.sleep(0.01)
        return await ask_async("application")
    yield started, asyncio.create_task(work())

async def late():
    await asyncio.sleep(0.05)
    await ask_async("late")

@pytest.mark.cassette
async def test_ask(application):
    await ask_async("own")
    left.append(asyncio.create_task(late()))

async def test_without_a_cassette(application):
    await asyncio.wait(left)
    if "REPLAYING" in os.environ:
        assert "test_it.py::test_ask left a task" in str(left[0].exception())
    started, worker = application
    started.append(True)
    await worker
    await ask_async("free")
"""
    )
    suite.run("--record-mode=once", "-W", "ignore", wanted=("asyncio",)).assert_outcomes(passed=2)
    assert suite.server.calls == 4
    monkeypatch.setenv("REPLAYING", "1")
    suite.run("-W", "ignore", wanted=("asyncio",)).assert_outcomes(passed=2)
    assert [asked.rpartition('":"')[2] for asked in suite.server.asked[4:]] == ['application"}', 'free"}']
