"""A job of a thread pool that outlives its test sends nothing, however late it starts."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.errors import RequestRefused
from pytest_llmcassette.modes import RecordMode
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.transports import install, uninstall


def recorder(mode: str = "none") -> Recorder:
    config = CassetteConfig(record_mode=RecordMode(mode))
    return Recorder(Path("/nowhere/a.yaml"), config, how_to_record="", owner="test_a")


@pytest.mark.parametrize(("mode", "refused"), [("none", True), ("rewrite", False)])
def test_a_job_of_a_replaying_test_sends_nothing_afterwards(mode: str, refused: bool) -> None:
    over = threading.Event()

    def late() -> Any:
        over.wait(5)
        return in_force.current()

    with ThreadPoolExecutor(1) as pool:
        with in_force.activate(recorder(mode)):
            jobs = [pool.submit(late), pool.submit(in_force.current)]
        over.set()
        assert ["test_a left a task, callback or job" in str(job.exception()) for job in jobs] == [refused, refused]
        assert all(not refused or isinstance(job.exception(), RequestRefused) for job in jobs)
        assert pool.submit(in_force.current).result() is None, "the thread itself serves whoever comes next"


def test_arguments_and_the_cassette_in_force_reach_a_job() -> None:
    def job(*args: int, **kwargs: int) -> tuple[object, ...]:
        return args, kwargs, in_force.current()

    now = recorder()
    with ThreadPoolExecutor(1) as pool, in_force.activate(now):
        assert pool.submit(job, 1, self=2, fn=3).result() == ((1,), {"self": 2, "fn": 3}, now)


def test_installed_again_and_taken_back() -> None:
    patched = ThreadPoolExecutor.submit
    install()
    assert ThreadPoolExecutor.submit is patched
    uninstall()
    assert ThreadPoolExecutor.submit is not patched
    with ThreadPoolExecutor(1) as pool, in_force.activate(recorder()):
        job = pool.submit(lambda: in_force.current())
    assert not isinstance(job.exception(), RequestRefused)
    install()
