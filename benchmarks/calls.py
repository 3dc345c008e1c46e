"""What one test's call costs: in process, with a client that all tests share and with a fresh one each."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks.contenders import CONTENDERS, FLOOR, OURS, Job, Session, client, http_client
from benchmarks.measure import Figure, alternate
from benchmarks.table import compared, table
from benchmarks.workload import BODIES, ask, ask_plainly, serve

TESTS = 40
"""How many cassettes there are of the same content: as in a suite, each test has its own."""


@contextmanager
def recorded(body: bytes, record: Callable[[str, Job], object]) -> Iterator[tuple[Job, dict[str, Session], list[str]]]:
    """Every installed contender with its own cassettes of the workload; also the names of those not installed.

    `record` makes the call that goes into them. Each time a session is asked for, it is one with the next of `TESTS`
    cassettes.
    """
    sessions: dict[str, Session] = {}
    missing: list[str] = []
    with tempfile.TemporaryDirectory() as folder, serve(body) as base_url:
        job = Job(folder=Path(folder, "0"), base_url=base_url, body=body, record=True)
        job.folder.mkdir()
        for name, build in CONTENDERS.items():
            try:
                with build(job)():
                    record(name, job)
            except ImportError:
                missing.append(name)
                continue
            sessions[name] = _in_turn(build, job)
        for number in range(1, TESTS):
            shutil.copytree(job.folder, Path(folder, str(number)))
        yield job, sessions, missing


def _in_turn(build: Callable[[Job], Session], job: Job) -> Session:
    folders = [job.folder.parent / str(number) for number in range(TESTS)]
    each = cycle([build(replace(job, folder=folder, record=False)) for folder in folders])

    def session() -> AbstractContextManager[Any]:
        return next(each)()

    return session


def _plain(name: str, job: Job) -> bytes:
    with http_client(name, job) as plain:
        return ask_plainly(plain, job.base_url)


def _with_sdk(name: str, job: Job) -> str:
    with client(name, job) as fresh:
        return ask(fresh)


def _shared(name: str, job: Job, session: Session) -> Callable[[], object]:
    shared = http_client(name, job)

    def call() -> bytes:
        with session():
            return ask_plainly(shared, job.base_url)

    return call


def _fresh(name: str, job: Job, session: Session) -> Callable[[], object]:
    def call() -> str:
        with session():
            return _with_sdk(name, job)

    return call


def _over_floor(title: str, figures: dict[str, Figure]) -> str:
    base = figures[FLOOR]
    mine = figures[OURS].over(base)
    rows = []
    for name, figure in figures.items():
        if name == FLOOR:
            rows.append((name, f"{base.median:.3f}", "-", "-"))
            continue
        extra = figure.over(base)
        lower, upper = extra.quartiles
        ratio = "1" if name == OURS else f"{mine.median / extra.median:.2f}"
        rows.append((name, f"{extra.median:+.3f}", f"{lower:.3f} - {upper:.3f}", ratio))
    return table(title, ("contender", "ms over the floor", "quartiles", "ours / it"), rows)


def overhead(*, rounds: int) -> str:
    """Overhead of one test above the floor, with an httpx2 client that all tests share.

    Medians of the differences to the floor's call of the same turn: through an SDK they would drown in its own noise.
    """
    parts = []
    for title, body in BODIES.items():
        with recorded(body, _plain) as (job, sessions, missing):
            calls = {name: _shared(name, job, session) for name, session in sessions.items()}
            figures = alternate(calls, rounds=rounds, calls=1)
        parts.append(_over_floor(f"Overhead per test, shared httpx2 client, {title}", figures) + _left_out(missing))
    return "\n".join(parts)


def fresh_client(*, rounds: int) -> str:
    """A whole test that makes its own client."""
    title, body = next(iter(BODIES.items()))
    with recorded(body, _with_sdk) as (job, sessions, missing):
        calls = {name: _fresh(name, job, session) for name, session in sessions.items()}
        figures = alternate(calls, rounds=rounds, calls=5)
    return compared(f"Whole test, fresh client, {title}", figures, OURS) + _left_out(missing)


def _left_out(missing: list[str]) -> str:
    return f"\nNot installed, so left out: {', '.join(missing)}.\n" if missing else ""
