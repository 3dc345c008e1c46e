"""What it costs to hand a stream out event by event, as the provider did, instead of in one piece."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.contenders import FLOOR, OURS, Job, client
from benchmarks.measure import Figure, alternate
from benchmarks.table import compared
from benchmarks.workload import stream_body

EVENTS = 400


def chunk_cost(*, rounds: int) -> str:
    """CPU time per event of a 400-event stream read raw through httpx2, in microseconds."""
    import httpx2

    from pytest_llmcassette import use_cassette
    from pytest_llmcassette.cassette.files import save
    from pytest_llmcassette.cassette.model import Interaction, Request, Response

    body = stream_body(EVENTS, 100)
    url = "http://127.0.0.1:9/v1/chat/completions"
    with tempfile.TemporaryDirectory() as scratch:
        job = Job(folder=Path(scratch), base_url="http://127.0.0.1:9/v1", body=body, record=False)
        path = job.folder / "chunks.yaml"
        save(
            path,
            [
                Interaction(
                    request=Request(method="POST", url=url, body=b"{}"),
                    response=Response(headers={"Content-Type": ["text/event-stream"]}, body=body),
                )
            ],
        )
        floor_client = client(FLOOR, job)._client
        real_client = httpx2.Client()

        def read(http: httpx2.Client) -> None:
            with http.stream("POST", url, content=b"{}") as response:
                for _ in response.iter_bytes():
                    continue

        def ours() -> None:
            with use_cassette(path):
                read(real_client)

        figures = alternate({FLOOR: lambda: read(floor_client), OURS: ours}, rounds=rounds, calls=20)
    each = {name: Figure(tuple(ms * 1000 / EVENTS for ms in figure.rounds)) for name, figure in figures.items()}
    return compared(f"Handing out {EVENTS} events, each (the floor: one piece)", each, OURS, unit="us")
