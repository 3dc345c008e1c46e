"""Which live requests are retries, and what of them the recording does without."""

from __future__ import annotations

import asyncio
import threading

import pytest

from pytest_llmcassette.cassette.model import Interaction, Request, Response
from pytest_llmcassette.recorder.requests import SentRequest
from pytest_llmcassette.recorder.retries import Retries, retry_count


class Run:
    """Live requests by what is asked: each a `SentRequest`, answered with a status."""

    def __init__(self) -> None:
        self.retries = Retries(lambda request: request.body)
        self.sent: list[SentRequest] = []

    def start(self, question: str = "q", count: int | None = None) -> SentRequest:
        sent = SentRequest("POST", "https://a.test/", {}, question.encode())
        headers = [] if count is None else [(b"X-Stainless-Retry-Count", b"%d" % count)]
        self.retries.started(Request(body=sent.body), sent, headers)
        self.sent.append(sent)
        return sent

    def end(self, sent: SentRequest, status: int) -> None:
        sent.interaction = Interaction(request=Request(), response=Response(code=status))
        if status >= 429:
            self.retries.failed()

    def ask(self, status: int, question: str = "q", count: int | None = None) -> None:
        self.end(self.start(question, count), status)

    @property
    def kept(self) -> list[int]:
        return [one.interaction.response.code for one in self.sent if one.interaction and not one.dropped]


ONE_AFTER_THE_OTHER = {
    "no client says so: an equal request after a failure": ([(503, None), (200, None)], [200]),
    "given up": ([(503, None), (503, None)], [503]),
    "an SDK's retry": ([(503, 0), (429, 1), (200, 2)], [200]),
    "an SDK's last attempt": ([(503, 0), (503, 1), (503, 2)], [503]),
    "a loop that tolerates a failure": ([(200, 0), (503, 0), (200, 0)], [200, 503, 200]),
    "retries given up, and the loop goes on": ([(503, 0), (503, 1), (200, 0)], [503, 503, 200]),
    "the same with a retry that helps": ([(503, 0), (200, 1), (503, 0), (200, 1)], [200, 200]),
    "a retry of the team's own around the SDK": ([(503, 0), (503, 1), (503, 0), (200, 1)], [503, 503, 200]),
    "a count without a failure": ([(200, 0), (200, 1)], [200, 200]),
}


@pytest.mark.parametrize(("asked", "kept"), ONE_AFTER_THE_OTHER.values(), ids=ONE_AFTER_THE_OTHER)
def test_one_after_the_other(asked: list[tuple[int, int | None]], kept: list[int]) -> None:
    run = Run()
    for status, count in asked:
        run.ask(status, count=count)
    assert run.kept == kept


def test_another_question_is_no_retry() -> None:
    run = Run()
    run.ask(503, "one")
    run.ask(200, "two")
    assert run.kept == [503, 200]


def test_what_has_started_before_the_failure_is_no_retry() -> None:
    run = Run()
    first, second = run.start(), run.start()
    run.end(first, 503)
    run.end(second, 200)
    assert run.kept == [503, 200]


def test_a_later_call_keeps_all_attempts_of_one_that_ends_after_it() -> None:
    """Its last attempt is not the last of its equals then: a replay would serve the later answer to a retry."""
    run = Run()
    run.ask(503, count=0)
    last = run.start(count=1)
    run.ask(200, count=0)
    assert run.kept == [200]
    run.end(last, 503)
    assert run.kept == [503, 503, 200]


def test_another_thread_or_task_is_no_retry_unless_the_client_says_so() -> None:
    run = Run()
    run.ask(503)
    thread = threading.Thread(target=run.ask, args=(200,))
    thread.start()
    thread.join()

    async def main() -> None:
        await asyncio.gather(*(asyncio.create_task(asyncio.to_thread(run.ask, 200)) for _ in range(2)))
        run.ask(200)

    asyncio.run(main())
    assert run.kept == [503, 200, 200, 200, 200]
    run.ask(200, count=1)
    assert run.kept == [200, 200, 200, 200, 200]


def test_each_task_retries_its_own() -> None:
    run = Run()

    async def call(second: int) -> None:
        first = run.start(count=0)
        await asyncio.sleep(0)
        run.end(first, 503)
        await asyncio.sleep(0)
        run.ask(second, count=1)

    async def main() -> None:
        await asyncio.gather(call(200), call(503))

    asyncio.run(main())
    assert run.kept == [200, 503]


@pytest.mark.parametrize(("value", "count"), [(b"0", 0), (b"12", 12), (b"", None), (b"two", None)])
def test_counts(value: bytes, count: int | None) -> None:
    assert retry_count([(b"Accept", b"*/*"), (b"x-stainless-retry-count", value)]) == count
    assert retry_count([]) is None
