"""One request matched against n recorded ones, replayed in order."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.contenders import FLOOR, OURS, Job, client
from benchmarks.measure import Figure, alternate
from benchmarks.table import compared
from benchmarks.workload import MODEL, stream_body


def match(*, rounds: int, sizes: tuple[int, ...] = (10, 100, 1000)) -> str:
    """CPU time per request while n different recorded requests are asked for in order, with one shared client."""
    parts = []
    body = stream_body(7, 290)
    with tempfile.TemporaryDirectory() as scratch:
        for size in sizes:
            job = Job(folder=Path(scratch), base_url="http://127.0.0.1:9/v1", body=body, record=False)
            calls = _contenders(size, job)
            figures = alternate(calls, rounds=rounds, calls=1)
            each = {name: Figure(tuple(ms * 1000 / size for ms in figure.rounds)) for name, figure in figures.items()}
            parts.append(compared(f"Match against n = {size}, a request", each, OURS, unit="us"))
    return "\n".join(parts)


def _contenders(size: int, job: Job) -> dict[str, Callable[[], object]]:
    """The floor and ours through httpx2 itself (an SDK's own cost would hide the matching)."""
    import httpx2

    from pytest_llmcassette import use_cassette
    from pytest_llmcassette.cassette.files import save
    from pytest_llmcassette.cassette.model import Interaction, Request, Response

    url = job.base_url + "/chat/completions"
    asked = [
        b'{"model":"%s","messages":[{"role":"user","content":"question %d"}],"stream":true}' % (MODEL.encode(), number)
        for number in range(size)
    ]
    headers = {"Content-Type": "application/json"}
    answered = {"Content-Type": ["text/event-stream"]}
    path = job.folder / f"match-{size}.yaml"
    save(
        path,
        [
            Interaction(
                request=Request(
                    method="POST",
                    url=url,
                    headers={"Content-Type": ["application/json"]},
                    body=question,
                    host="127.0.0.1:9",
                    content_length=len(question),
                ),
                response=Response(headers=answered, body=job.body, duration_ns=1_234_567),
            )
            for question in asked
        ],
    )
    floor_client = client(FLOOR, job)._client
    real_client = httpx2.Client()

    def floor() -> None:
        for question in asked:
            floor_client.post(url, content=question, headers=headers)

    def ours() -> None:
        with use_cassette(path):
            for question in asked:
                real_client.post(url, content=question, headers=headers)

    calls: dict[str, Callable[[], object]] = {FLOOR: floor, OURS: ours}
    try:
        calls["cassetter YAML"] = _cassetter(size, asked, headers, url, job)
    except ImportError:
        pass
    return calls


def _cassetter(size: int, asked: list[bytes], headers: dict[str, str], url: str, job: Job) -> Callable[[], object]:
    import cassetter
    import httpx2

    path = job.folder / f"cassetter-{size}.yaml"
    written = cassetter.Cassette(path, record_mode=cassetter.RecordMode.REWRITE)
    written.load()
    listed = {name.lower(): [value] for name, value in headers.items()}
    for question in asked:
        written.record("POST", url, listed, question, 200, {"content-type": ["text/event-stream"]}, job.body)
    written.save()
    real_client = httpx2.Client()

    def replay() -> None:
        with cassetter.use_cassette(path, record_mode="none", match_on=["method", "uri", "body"]):
            for question in asked:
                real_client.post(url, content=question, headers=headers)

    return replay
