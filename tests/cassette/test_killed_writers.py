"""Processes that are killed while they write, and processes that write one file at one time."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from recorder_calls import live, recorder

from pytest_llmcassette.cassette.files import load, save
from pytest_llmcassette.cassette.go_vcr.writer import pieces
from pytest_llmcassette.cassette.model import Interaction, Request, Response
from pytest_llmcassette.errors import CassetteFileError
from pytest_llmcassette.recorder.recorder import Recorder

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def made(answer: bytes) -> list[Interaction]:
    return [Interaction(request=Request(url="https://api.example.com/v1"), response=Response(body=answer))] * 3


def in_child(work: Callable[[], None]) -> int:
    """Its process id. Its exit status is 1 where `work` raises."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def slowly(interactions: Iterable[Interaction]) -> Iterator[bytes]:
    for piece in pieces(interactions):
        time.sleep(0.0005)
        yield piece


def save_for_ever(path: Path) -> NoReturn:
    number = 0
    while True:
        number += 1
        save(path, made(b"%d" % number), slowly)


@pytest.mark.parametrize("kills", [12, pytest.param(200, marks=pytest.mark.slow)])
def test_killed_in_the_middle_of_a_save(tmp_path: Path, kills: int) -> None:
    path, dice = tmp_path / "it.yaml", random.Random(kills)
    save(path, made(b"0"))
    interrupted = 0
    for _ in range(kills):
        child = in_child(lambda: save_for_ever(path))
        time.sleep(dice.uniform(0.002, 0.02))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert len(load(path)) == 3, "neither the old file nor the new one"
        interrupted += len(os.listdir(tmp_path)) > 1
    assert interrupted > kills / 5, "hardly ever in the middle: this test shows nothing"
    save(path, made(b"next"))
    assert os.listdir(tmp_path) == ["it.yaml"]
    assert load(path) == made(b"next")


def test_the_file_of_a_process_that_is_still_writing_stays(tmp_path: Path) -> None:
    other, begun, go = tmp_path / "other.yaml", tmp_path / "begun", tmp_path / "go"

    def slow(interactions: Iterable[Interaction]) -> Iterator[bytes]:
        begun.touch()
        while not go.exists():
            time.sleep(0.001)
        yield from pieces(interactions)

    child = in_child(lambda: save(other, made(b"other"), slow))
    while not begun.exists():
        time.sleep(0.005)
    (tmp_path / ".llmcassette-of-an-earlier-version.tmp").touch()
    save(tmp_path / "it.yaml", made(b"mine"))
    go.touch()
    assert os.waitpid(child, 0)[1] == 0
    assert load(other) == made(b"other")
    assert sorted(os.listdir(tmp_path)) == ["begun", "go", "it.yaml", "other.yaml"]


def test_a_new_file_that_a_rival_takes_for_a_dead_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between its making and its lock: the rival has it locked, and removes it then."""
    fcntl = pytest.importorskip("fcntl")
    flock, rivals = fcntl.flock, list[threading.Timer]()

    def with_a_rival(descriptor: int, operation: int) -> None:
        if not rivals:
            [new] = tmp_path.glob(".llmcassette-*")
            stream = new.open("rb")
            flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            rivals.append(threading.Timer(0.05, lambda: (new.unlink(), stream.close())))
            rivals[0].start()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", with_a_rival)
    save(tmp_path / "it.yaml", made(b"mine"))
    rivals[0].join()
    assert load(tmp_path / "it.yaml") == made(b"mine")
    assert os.listdir(tmp_path) == ["it.yaml"]


@pytest.mark.parametrize("rounds", [1, pytest.param(8, marks=pytest.mark.slow)])
@pytest.mark.parametrize("exists", [False, True])
def test_of_four_processes_that_record_one_file_all_but_one_are_told(tmp_path: Path, exists: bool, rounds: int) -> None:
    for round_ in range(rounds):
        path, go = tmp_path / f"{round_}.yaml", tmp_path / f"go {round_}"
        if exists:
            save(path, made(b"old"))

        # Opened before they start: who opens the file when another has written it replaces that rightly.
        opened = [recorder(path, "rewrite") for _ in range(4)]

        def record(number: int, opened: list[Recorder] = opened, go: Path = go) -> None:
            under = opened[number]
            live(under, f"question {number}")
            while not go.exists():
                time.sleep(0.0005)
            try:
                under.save()
            except CassetteFileError as error:
                os._exit(3 if "something else wrote this cassette" in str(error) else 1)

        children = [in_child(lambda number=number: record(number)) for number in range(4)]  # type: ignore[misc]
        time.sleep(0.05)
        go.touch()
        assert sorted(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children) == [0, 3, 3, 3]
        assert len(load(path)) == 1
