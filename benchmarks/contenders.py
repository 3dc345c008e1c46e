"""Who is compared. A new contender is one function: it is given a `Job` and returns a context manager for one test.

A contender whose package is not installed is left out, and the report says so.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OURS = "pytest-llmcassette"
FLOOR = "floor (MockTransport)"

Session = Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True, slots=True)
class Job:
    """One workload: where to keep a cassette, the server to record from, and the bytes it answers with."""

    folder: Path
    base_url: str
    body: bytes
    record: bool


CONTENDERS: dict[str, Callable[[Job], Session]] = {}


def contender(name: str) -> Callable[[Callable[[Job], Session]], Callable[[Job], Session]]:
    """Register a contender under `name`; raises ValueError on a name that is taken."""

    def register(function: Callable[[Job], Session]) -> Callable[[Job], Session]:
        if name in CONTENDERS:
            raise ValueError(f"there are two contenders named {name!r}")
        CONTENDERS[name] = function
        return function

    return register


@contender(FLOOR)
def floor(job: Job) -> Session:
    """No interception at all: the client itself is built on MockTransport (see `client`)."""
    return nullcontext


@contender(OURS)
def ours(job: Job) -> Session:
    # A suite reads each of its cassettes once; here they come round again, and what was parsed would be remembered.
    return _ours(job, room=0)


@contender(OURS + ", file read before")
def ours_read_before(job: Job) -> Session:
    """With a cassette that another test of the run has read: one that several tests share."""
    return nullcontext if job.record else _ours(job, room=8 << 20)


def _ours(job: Job, *, room: int) -> Session:
    from pytest_llmcassette import use_cassette
    from pytest_llmcassette.cassette import loaded

    mode = "rewrite" if job.record else "none"
    kept = loaded.Kept(room)

    def session() -> AbstractContextManager[Any]:
        loaded._kept = kept
        return use_cassette(job.folder / "ours.yaml", record_mode=mode)

    return session


@contender("cassetter YAML")
def cassetter_yaml(job: Job) -> Session:
    return _cassetter(job, "cassetter.yaml")


@contender("cassetter TOML")
def cassetter_toml(job: Job) -> Session:
    return _cassetter(job, "cassetter.toml")


def _cassetter(job: Job, name: str) -> Session:
    import cassetter

    mode = "rewrite" if job.record else "none"
    return lambda: cassetter.use_cassette(
        job.folder / name, record_mode=mode, match_on=["method", "uri", "body"], ignore_localhost=False
    )


@contender("VCR.py")
def vcr_py(job: Job) -> Session:
    import vcr

    machine = vcr.VCR(match_on=["method", "scheme", "host", "port", "path", "query", "body"])
    mode = "all" if job.record else "none"
    return lambda: machine.use_cassette(str(job.folder / "vcr.yaml"), record_mode=mode)


@contender("pytest-httpx2 (canned)")
def pytest_httpx2(job: Job) -> Session:
    import httpx2  # noqa: F401 - the plugin below patches it
    import pytest_httpx2  # noqa: F401 - registers the httpcore2 mocker
    import respx

    def session() -> AbstractContextManager[Any]:
        router = respx.mock(using="httpcore2", assert_all_called=False)
        router.post(job.base_url + "/chat/completions").respond(
            200, content=job.body, headers={"Content-Type": "text/event-stream"}
        )
        return router

    return session


def http_client(name: str, job: Job) -> Any:
    """A new httpx2 client as a test of that contender would make it."""
    import httpx2

    if name != FLOOR:
        return httpx2.Client()

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, content=job.body)

    return httpx2.Client(transport=httpx2.MockTransport(answer))


def client(name: str, job: Job) -> Any:
    """A new openai client as a test of that contender would make it."""
    import openai

    options: dict[str, Any] = {"base_url": job.base_url, "api_key": "not-a-key", "max_retries": 0}
    if name == FLOOR:
        options["http_client"] = http_client(name, job)
    return openai.OpenAI(**options)
