"""Async requests while a thread decides on one of its own: the loop goes on, and each is answered in its turn."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pytest_llmcassette.cassette.files import save
from pytest_llmcassette.cassette.model import Interaction, Request, Response
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.recorder import Recorder
from transports.clients import library_of, run_async

URL = "http://127.0.0.1:9/answer"
TASKS = 20


@pytest.mark.parametrize("kind", ["httpx-asyncio", "httpx2-trio"])
def test_the_loop_goes_on_while_another_thread_holds_the_lock(kind: str, path: Path) -> None:
    anyio = pytest.importorskip("anyio")
    answers = [str(number).encode() for number in range(TASKS)]
    save(path, [Interaction(request=Request(url=URL), response=Response(body=answer)) for answer in answers])
    under = Recorder(path, CassetteConfig(), how_to_record="", owner="test")
    held, free = threading.Event(), threading.Event()
    seen: list[bytes] = []

    def hold() -> None:
        with under.lock:
            held.set()
            free.wait(10)

    async def main() -> None:
        async with library_of(kind).AsyncClient(verify=False) as client:

            async def ask() -> None:
                seen.append((await client.get(URL)).content)

            async with anyio.create_task_group() as group:
                for _ in range(TASKS):
                    group.start_soon(ask)
                for _ in range(50):
                    await anyio.sleep(0)
                assert not seen
                free.set()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    with in_force.activate(under):
        run_async(kind, main)
    thread.join()
    assert sorted(seen) == sorted(answers)
