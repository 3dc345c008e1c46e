"""freezegun and time-machine: what is measured of a live answer is real, and a timed replay comes to its end."""

from __future__ import annotations

import pytest
from frozen import others

from plugin.suite import ANY_TRANSPORT, Suite

pytestmark = ANY_TRANSPORT

FROZEN = """
import asyncio
import httpx
{imports}

async def read():
    async with httpx.AsyncClient(verify=False) as client:
        async with client.stream("POST", os.environ["SERVER"] + "/stream", json={{"say": "hi"}}) as response:
            return [piece async for piece in response.aiter_raw()]

@pytest.mark.cassette(record_timing=True, timing="recorded")
def test_ask(llm_cassette):
    with {frozen}:
        ask()
        assert asyncio.run(read())
    asked, streamed = llm_cassette.interactions
    assert 0 < asked.response.duration_ns < 10**10
    assert 0 < streamed.response.duration_ns < 10**10
    assert streamed.chunks[-1][0] > 0
"""

CLIENTS = {"httpx", "httpcore", "requests", "urllib3", "aiohttp", "websockets", "anyio"}
CLOCKS = [
    pytest.param(
        "from freezegun import freeze_time",
        'freeze_time("2020-01-01", ignore=OTHERS)',
        marks=pytest.mark.slow,
        id="freezegun",
    ),
    pytest.param("import time_machine", "time_machine.travel(0, tick=False)", id="time-machine"),
]


@pytest.mark.parametrize(("imports", "frozen"), CLOCKS)
def test_durations_and_timings_are_real(suite: Suite, imports: str, frozen: str) -> None:
    suite.test(f"OTHERS = {others(CLIENTS)}\n" + FROZEN.format(imports=imports, frozen=frozen))
    suite.run("--record-mode=once").assert_outcomes(passed=1)
    suite.run().assert_outcomes(passed=1)
    assert suite.server.calls == 2
