"""What a test leaves running sends nothing into the next test's recording, and the run says whose it was."""

from __future__ import annotations

import pytest

from plugin.suite import Suite, outcomes, said

SUITE = """
import asyncio, concurrent.futures, threading
import httpx

LOOP = asyncio.new_event_loop()
RUNNER = asyncio.Runner()
POOL = concurrent.futures.ThreadPoolExecutor(1)
LEFT = []
GO = threading.Event()

def teardown_module():
    LOOP.close()
    RUNNER.close()
    POOL.shutdown()

async def post(what):
    async with httpx.AsyncClient(verify=False) as client:
        await client.post(os.environ["SERVER"] + "/ask", json={"say": what})

async def late(what):
    while not GO.is_set():
        await asyncio.sleep(0.001)
    await post("left by " + what)

async def leaving(what):
    GO.clear()
    LEFT.append(asyncio.create_task(late(what)))
    await post(what)

async def waiting(what):
    await post(what)
    GO.set()
    [refused] = await asyncio.gather(LEFT.pop(), return_exceptions=True)
    assert "left a task" in str(refused)

@pytest.mark.cassette
def test_a_loop(): LOOP.run_until_complete(leaving("a"))

@pytest.mark.cassette
def test_b_loop(): LOOP.run_until_complete(waiting("b"))

@pytest.mark.cassette
def test_c_runner(): RUNNER.run(leaving("c"))

@pytest.mark.cassette
def test_d_runner(): RUNNER.run(waiting("d"))

@pytest.mark.cassette
def test_e_pool():
    GO.clear()
    LEFT.append(POOL.submit(lambda: (GO.wait(), ask("left by e"))))
    ask("e")

@pytest.mark.cassette
def test_f_pool():
    GO.set()
    assert "left a task" in str(LEFT.pop().exception())
    POOL.submit(ask, "f").result()

@pytest.mark.anyio
class TestAnyio:
    @pytest.fixture(scope="class")
    def anyio_backend(self): return "asyncio"

    @pytest.fixture(scope="class", autouse=True)
    async def runner_of_all(self): yield

    @pytest.mark.cassette
    async def test_g(self): await leaving("g")

    @pytest.mark.cassette
    async def test_h(self): await waiting("h")
"""


@pytest.mark.parametrize("workers", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_no_recording_holds_what_another_test_left(suite: Suite, workers: int) -> None:
    suite.test(SUITE)
    options = ("-n", str(workers)) if workers else ()
    for arguments in (("--record-mode=once", *options), options):
        result = suite.run(*arguments, wanted=("anyio",))
        assert outcomes(result) == {"passed": 8}, said(result)
        for name in ("a_loop", "c_runner", "e_pool", "TestAnyio::test_g"):
            left = f"test_it.py::{name if '::' in name else 'test_' + name} left a task, callback or job running: "
            assert left + "the request that it sent after that test was refused" in said(result)
    assert suite.server.calls == 8
    assert not [asked for asked in suite.server.asked if "left by" in asked]
    recorded = [(suite.path / name).read_text() for name in suite.cassettes()]
    assert len(recorded) == 8
    assert not any("left by" in text for text in recorded)
