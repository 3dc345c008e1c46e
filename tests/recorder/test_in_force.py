"""Which cassette is in force: nesting, tasks, threads, suspended fixtures."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.errors import RequestRefused
from pytest_llmcassette.modes import RecordMode
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.recorder import Recorder


def recorder(name: str) -> Recorder:
    return Recorder(Path(f"/nowhere/{name}.yaml"), CassetteConfig(), how_to_record="", owner=name)


def test_nesting() -> None:
    outer, inner = recorder("outer"), recorder("inner")
    assert in_force.current() is None
    with in_force.activate(outer):
        with in_force.activate(inner, for_task=True):
            assert in_force.current() is inner
        assert in_force.current() is outer
    assert in_force.current() is None


def test_closing_in_another_order() -> None:
    first, second = recorder("first"), recorder("second")
    one = in_force.push(first)
    two = in_force.push(second)
    in_force.pop(one)
    assert in_force.current() is second
    in_force.pop(two)
    assert in_force.current() is None


def test_suspension_hides_what_was_in_force_and_gives_way_to_its_own() -> None:
    test, fixture = recorder("test"), recorder("fixture")
    with in_force.activate(test, for_task=True):
        with in_force.Suspension("a session fixture is being set up") as suspension:
            assert in_force.current() is suspension
            with in_force.activate(fixture, for_task=True):
                assert in_force.current() is fixture
            assert in_force.current() is suspension
        assert in_force.current() is test


def test_cassette_of_a_session_fixture_is_in_force_only_while_the_fixture_runs() -> None:
    """A generator fixture that enters `use_cassette` and yields inside it."""
    test, fixture = recorder("test"), recorder("fixture")
    suspension = in_force.Suspension("a session fixture")
    with in_force.activate(test):
        with suspension:
            entered = in_force.push(fixture, for_task=True)
            assert in_force.current() is fixture
        assert in_force.current() is test
    assert in_force.current() is None
    with in_force.activate(recorder("last test")), suspension:
        assert in_force.current() is fixture
        in_force.pop(entered)
        assert in_force.current() is suspension
    assert in_force.current() is None


def test_concurrent_tasks_each_see_their_own() -> None:
    seen: list[tuple[str, str]] = []

    async def task(name: str) -> None:
        with in_force.activate(recorder(name), for_task=True):
            await asyncio.sleep(0.01)
            what = await asyncio.to_thread(in_force.current)
            assert isinstance(what, Recorder)
            seen.append((name, what.owner))

    async def main() -> None:
        await asyncio.gather(*(task(str(number)) for number in range(20)))

    asyncio.run(main())
    assert len(seen) == 20
    assert all(own == found for own, found in seen)


def test_a_context_captured_under_a_closed_cassette() -> None:
    """What still runs in it is of the earlier one, unless it joins the test that runs now."""
    with in_force.activate(recorder("earlier"), for_task=True):
        kept = contextvars.copy_context()
    assert kept.run(in_force.current) is None
    now = recorder("now")
    with in_force.activate(now):
        with pytest.raises(RequestRefused, match="earlier left a task"):
            kept.run(in_force.current)
        kept.run(in_force.join_test)
        assert kept.run(in_force.current) is now


def test_threads_and_executors_see_the_process_wide_one() -> None:
    now = recorder("now")
    with ThreadPoolExecutor(1) as pool, in_force.activate(now):
        assert pool.submit(in_force.current).result() is now


def test_bare_thread_that_outlives_its_test_is_refused_by_name() -> None:
    go = threading.Event()
    outcome: list[object] = []

    def work() -> None:
        go.wait(5)
        try:
            outcome.append(in_force.current())
        except RequestRefused as refused:
            outcome.append(str(refused))

    with in_force.activate(recorder("test_a")):
        thread = threading.Thread(target=work, name="uploader")
        thread.start()
    with in_force.activate(recorder("test_b")):
        go.set()
        thread.join()
    [said] = outcome
    assert "test_a left the thread 'uploader' running" in str(said)


@pytest.mark.parametrize(
    ("mode", "for_task", "refused"), [("none", False, True), ("rewrite", False, False), ("none", True, False)]
)
def test_bare_thread_of_a_replaying_test_sends_nothing_afterwards(mode: str, for_task: bool, refused: bool) -> None:
    """Between tests no cassette is in force, and the request would go to the network. A script's threads may go on."""
    go = threading.Event()
    outcome: list[object] = []

    def work() -> None:
        go.wait(5)
        try:
            outcome.append(in_force.current())
        except RequestRefused as error:
            outcome.append(error)

    test = Recorder(Path("/nowhere/a"), CassetteConfig(record_mode=RecordMode(mode)), how_to_record="", owner="test_a")
    with in_force.activate(test, for_task=for_task):
        thread = threading.Thread(target=work)
        thread.start()
    go.set()
    thread.join()
    assert [isinstance(one, RequestRefused) for one in outcome] == [refused]


def test_thread_of_a_wider_fixture_serves_every_test() -> None:
    """An application's worker, started by a session fixture while the first test is set up."""
    go = threading.Event()
    outcome: list[object] = []

    def work() -> None:
        go.wait(5)
        outcome.append(in_force.current())

    later = recorder("test_b")
    with in_force.activate(recorder("test_a")), in_force.Suspension("a session fixture"):
        thread = threading.Thread(target=work)
        thread.start()
    with in_force.activate(later):
        go.set()
        thread.join()
    assert outcome == [later]


def test_executor_started_in_one_test_serves_the_next() -> None:
    with ThreadPoolExecutor(1) as pool:
        with in_force.activate(recorder("test_a")):
            pool.submit(in_force.current).result()
        later = recorder("test_b")
        with in_force.activate(later):
            assert pool.submit(in_force.current).result() is later


def test_event_loop_thread_started_in_one_test_serves_the_next() -> None:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)

    async def ask() -> object:
        return in_force.current()

    with in_force.activate(recorder("test_a")):
        thread.start()
        asyncio.run_coroutine_threadsafe(ask(), loop).result(5)
    later = recorder("test_b")
    with in_force.activate(later):
        assert asyncio.run_coroutine_threadsafe(ask(), loop).result(5) is later
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.mark.parametrize(("mode", "refused"), [("none", True), ("rewrite", False)])
def test_a_task_of_a_replaying_test_sends_nothing_afterwards(mode: str, refused: bool) -> None:
    """On an event loop that serves several tests it goes on, and its request would go to the network."""
    test = Recorder(Path("/nowhere/a"), CassetteConfig(record_mode=RecordMode(mode)), how_to_record="", owner="test_a")

    async def late() -> object:
        await asyncio.sleep(0)
        return in_force.current()

    async def body() -> asyncio.Task[object]:
        return asyncio.create_task(late())

    loop = asyncio.new_event_loop()
    with in_force.activate(test):
        task = loop.run_until_complete(body())
    [said] = loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    assert ("test_a left a task" in str(said)) == refused
    assert loop.run_until_complete(late()) is None, "what comes later is not this test's"
    loop.close()


def test_a_task_of_a_wider_fixture_may_go_on() -> None:
    """An application's worker, started by a session fixture while the first test is set up."""
    tests_are_over = asyncio.Event()

    async def late() -> object:
        await tests_are_over.wait()
        return in_force.current()

    async def start() -> asyncio.Task[object]:
        return asyncio.create_task(late())

    loop = asyncio.new_event_loop()
    with in_force.activate(recorder("test_a")):
        with in_force.Suspension("a session fixture"):
            worker = loop.run_until_complete(start())
        own = loop.run_until_complete(start())
    tests_are_over.set()
    assert loop.run_until_complete(worker) is None
    with pytest.raises(RequestRefused, match="test_a left"):
        loop.run_until_complete(own)
    loop.close()


def test_nothing_goes_live() -> None:
    assert not in_force.nothing_goes_live()
    with in_force.activate(recorder("replay only")):
        assert in_force.nothing_goes_live()
        with in_force.Suspension("no matter"):
            assert in_force.nothing_goes_live()
    recording = Recorder(
        Path("/nowhere/new.yaml"), CassetteConfig(record_mode=RecordMode.ONCE), how_to_record="", owner=""
    )
    with in_force.activate(recording):
        assert not in_force.nothing_goes_live()
