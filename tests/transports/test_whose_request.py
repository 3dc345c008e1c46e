"""Whose request is it? Every way to run code at one time, later, or elsewhere."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest
import trio

from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.errors import RequestRefused
from pytest_llmcassette.modes import RecordMode
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.recorder import Recorder


def recorder(name: str, mode: str = "none") -> Recorder:
    config = CassetteConfig(record_mode=RecordMode(mode))
    return Recorder(Path(f"/nowhere/{name}.yaml"), config, how_to_record="", owner=name)


def asked() -> str:
    """Whose a request would be that is sent here; `refused: NAME` where it would be an earlier one's."""
    try:
        what = in_force.current()
    except RequestRefused as stop:
        return f"refused: {str(stop).partition(' left')[0]}"
    return what.owner if isinstance(what, Recorder) else "nobody"


class Stage:
    """What serves several tests: a loop that runs when asked, a loop in a thread, pools, a runner."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.loop = asyncio.new_event_loop()
        self.busy = asyncio.new_event_loop()
        self.runner = asyncio.Runner()
        self.pool = ThreadPoolExecutor(1)
        self.threads = ThreadPool(1)
        self._thread = threading.Thread(target=self.busy.run_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.busy.call_soon_threadsafe(self.busy.stop)
        self._thread.join()
        self.runner.close()
        for loop in (self.loop, self.busy):
            loop.close()
        self.pool.shutdown()
        self.threads.terminate()

    def later(self) -> str:
        assert self.go.wait(5)
        return asked()

    async def later_async(self) -> str:
        while not self.go.is_set():
            await asyncio.sleep(0.001)
        return asked()


Way = Generator[None, None, str]
"""The first half runs in one test, the second in the next; it returns whose the request was."""


def a_task(stage: Stage, main: Callable[[], Awaitable[str]] | None = None) -> Way:
    async def start() -> asyncio.Task[str]:
        return asyncio.create_task((main or stage.later_async)())  # type: ignore[arg-type]

    task = stage.loop.run_until_complete(start())
    yield
    return stage.loop.run_until_complete(asyncio.wait_for(task, 5))


def a_task_of_a_task(stage: Stage) -> Way:
    async def outer() -> str:
        return await asyncio.create_task(stage.later_async())

    return (yield from a_task(stage, outer))


def gathered(stage: Stage) -> Way:
    async def outer() -> str:
        return (await asyncio.gather(stage.later_async()))[0]

    return (yield from a_task(stage, outer))


def a_task_group(stage: Stage) -> Way:
    async def outer() -> str:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(stage.later_async())
        return task.result()

    return (yield from a_task(stage, outer))


def anyios_task_group(stage: Stage) -> Way:
    async def outer() -> str:
        found: list[str] = []

        async def one() -> None:
            found.append(await stage.later_async())

        async with anyio.create_task_group() as group:
            group.start_soon(one)
        return found[0]

    return (yield from a_task(stage, outer))


def to_thread(stage: Stage) -> Way:
    return (yield from a_task(stage, lambda: asyncio.to_thread(stage.later)))


def anyios_to_thread(stage: Stage) -> Way:
    return (yield from a_task(stage, lambda: anyio.to_thread.run_sync(stage.later)))


def run_in_executor(stage: Stage) -> Way:
    return (yield from a_task(stage, lambda: _executed(stage, None)))


def run_in_own_executor(stage: Stage) -> Way:
    return (yield from a_task(stage, lambda: _executed(stage, stage.pool)))


async def _executed(stage: Stage, pool: ThreadPoolExecutor | None) -> str:
    return await stage.loop.run_in_executor(pool, stage.later)


def call_later(stage: Stage) -> Way:
    async def outer() -> str:
        found: asyncio.Future[str] = stage.loop.create_future()
        stage.loop.call_later(0.02, lambda: found.set_result(asked()))
        return await found

    return (yield from a_task(stage, outer))


def a_done_callback(stage: Stage) -> Way:
    async def outer() -> str:
        found: asyncio.Future[str] = stage.loop.create_future()
        task = asyncio.create_task(asyncio.sleep(0.02))
        task.add_done_callback(lambda _: found.set_result(asked()))
        return await found

    return (yield from a_task(stage, outer))


def an_asynchronous_generator(stage: Stage) -> Way:
    async def words() -> Any:
        yield await stage.later_async()

    async def outer() -> str:
        return str(await anext(words()))

    return (yield from a_task(stage, outer))


def run_coroutine_threadsafe(stage: Stage) -> Way:
    future = asyncio.run_coroutine_threadsafe(stage.later_async(), stage.busy)
    yield
    return future.result(5)


def call_soon_threadsafe(stage: Stage) -> Way:
    found: list[str] = []
    done = threading.Event()

    def call() -> None:
        found.append(asked())
        done.set()

    stage.busy.call_soon_threadsafe(lambda: stage.busy.call_later(0.05, call))
    yield
    assert done.wait(5)
    return found[0]


def submit(stage: Stage) -> Way:
    future = stage.pool.submit(stage.later)
    yield
    return future.result(5)


def submitted_and_waiting(stage: Stage) -> Way:
    """Behind another job: it has not begun when its test ends."""
    stage.pool.submit(stage.go.wait, 5)
    future = stage.pool.submit(asked)
    yield
    return future.result(5)


def mapped(stage: Stage) -> Way:
    results = stage.pool.map(lambda _: stage.later(), [1])
    yield
    return next(iter(results))


def apply_async(stage: Stage) -> Way:
    result = stage.threads.apply_async(stage.later)
    yield
    return str(result.get(5))


def map_async(stage: Stage) -> Way:
    result = stage.threads.map_async(lambda _: stage.later(), [1])
    yield
    return result.get(5)[0]


def imap_unordered(stage: Stage) -> Way:
    results = stage.threads.imap_unordered(lambda _: stage.later(), [1])
    yield
    return next(results)


def a_thread(stage: Stage, kind: Callable[..., threading.Thread] = threading.Thread) -> Way:
    found: list[str] = []
    thread = kind(target=lambda: found.append(stage.later()))
    thread.start()
    yield
    thread.join(5)
    return found[0]


def a_daemon(stage: Stage) -> Way:
    return (yield from a_thread(stage, lambda target: threading.Thread(target=target, daemon=True)))


def a_timer(stage: Stage) -> Way:
    return (yield from a_thread(stage, lambda target: threading.Timer(0.01, target)))


def a_loop_in_a_thread(stage: Stage) -> Way:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(asyncio.run(stage.later_async())))
    thread.start()
    yield
    thread.join(5)
    return found[0]


def a_loop_in_a_job(stage: Stage) -> Way:
    future = stage.pool.submit(lambda: asyncio.run(stage.later_async()))
    yield
    return future.result(5)


def trio_in_a_job(stage: Stage) -> Way:
    async def main() -> str:
        return await trio.to_thread.run_sync(stage.later)

    future = stage.pool.submit(trio.run, main)
    yield
    return future.result(5)


def a_runners_task(stage: Stage) -> Way:
    async def start() -> asyncio.Task[str]:
        return asyncio.create_task(stage.later_async())

    task = stage.runner.run(start())
    yield

    async def end() -> str:
        return await task

    return stage.runner.run(end())


WAYS = [
    a_task, a_task_of_a_task, gathered, a_task_group, anyios_task_group, to_thread, anyios_to_thread, run_in_executor,
    run_in_own_executor, call_later, a_done_callback, an_asynchronous_generator, run_coroutine_threadsafe,
    call_soon_threadsafe, submit, submitted_and_waiting, mapped, apply_async, map_async, imap_unordered, a_thread,
    a_daemon, a_timer, a_loop_in_a_thread, a_loop_in_a_job, trio_in_a_job, a_runners_task,
]  # fmt: skip


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.close()


def ended(way: Way) -> str:
    try:
        next(way)
    except StopIteration as end:
        return str(end.value)
    raise AssertionError("it goes on")


@pytest.mark.parametrize("way", WAYS)
def test_within_its_test_it_is_the_tests_and_later_it_is_refused(way: Callable[[Stage], Way], stage: Stage) -> None:
    with in_force.activate(recorder("test_a")):
        own = way(stage)
        next(own)
        stage.go.set()
        assert ended(own) == "test_a"
    stage.go.clear()
    with in_force.activate(recorder("test_b", "rewrite")):
        left = way(stage)
        next(left)
    with in_force.activate(recorder("test_c", "rewrite")):
        stage.go.set()
        assert ended(left) == "refused: test_b"
        assert asked() == "test_c"
        stage.go.clear()
        # What serves many tests is this one's now.
        own = way(stage)
        next(own)
        stage.go.set()
        assert ended(own) == "test_c"


TWO: dict[str, Callable[[Stage], Awaitable[str]]] = {
    "by themselves": lambda stage: _directly(),
    "a task": lambda stage: asyncio.create_task(_directly()),
    "to_thread": lambda stage: asyncio.to_thread(asked),
    "anyio's to_thread": lambda stage: anyio.to_thread.run_sync(asked),
    "run_in_executor": lambda stage: asyncio.get_running_loop().run_in_executor(None, asked),
    "a pool": lambda stage: asyncio.wrap_future(stage.pool.submit(asked)),
}


async def _directly() -> str:
    await asyncio.sleep(0.001)
    return asked()


@pytest.mark.parametrize("by", TWO)
def test_tasks_at_one_time_each_have_their_own(by: str, stage: Stage) -> None:
    async def one(name: str) -> bool:
        with in_force.activate(recorder(name), for_task=True):
            await asyncio.sleep(0.001)
            with in_force.activate(recorder(f"within {name}"), for_task=True):
                inner = await TWO[by](stage)
            await asyncio.sleep(0.001)
            return (inner, await TWO[by](stage)) == (f"within {name}", name)

    async def main() -> list[bool]:
        return await asyncio.gather(*(one(str(number)) for number in range(8)))

    assert all(asyncio.run(main()))


def test_a_block_that_is_over_and_the_next_one(stage: Stage) -> None:
    """Without a mark, where no test is in force: `use_cassette` twice, and a task of the first."""
    with in_force.activate(recorder("first"), for_task=True):
        left = a_task(stage)
        next(left)
    with in_force.activate(recorder("second"), for_task=True):
        stage.go.set()
        assert ended(left) == "refused: first"
        assert asked() == "second"
