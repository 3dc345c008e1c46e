"""What it costs to hand a stream out piece by piece, as the provider did, instead of in one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.contenders import FLOOR, OURS, Job, client
from benchmarks.measure import Figure, alternate
from benchmarks.table import compared
from benchmarks.workload import BODIES, ask, stream_body

EVENTS = 400
BASE_URL = "http://127.0.0.1:9/v1"
URL = f"{BASE_URL}/chat/completions"


def chunk_cost(*, rounds: int) -> str:
    """The cost of an event of a 400-event stream read raw, and of the pieces of a stream that an SDK reads."""
    with tempfile.TemporaryDirectory() as scratch:
        return "\n".join((_raw(Path(scratch), rounds), *_by_sdk(Path(scratch), rounds)))


def _stored(path: Path, body: bytes, events: Iterable[bytes] = ()) -> Path:
    """A cassette of one answer; `events` are the pieces that it came in, 10 ms each."""
    from pytest_llmcassette.cassette.files import save
    from pytest_llmcassette.cassette.model import Interaction, Request, Response

    response = Response(headers={"Content-Type": ["text/event-stream"]}, body=body)
    chunks = tuple((10.0 * number, len(event)) for number, event in enumerate(events))
    save(path, [Interaction(request=Request(method="POST", url=URL), response=response, chunks=chunks)])
    return path


def _raw(folder: Path, rounds: int) -> str:
    """CPU time per event of a 400-event stream read raw through httpx2, in microseconds."""
    import httpx2

    from pytest_llmcassette import use_cassette

    body = stream_body(EVENTS, 100)
    path = _stored(folder / "chunks.yaml", body)
    floor_client = client(FLOOR, Job(folder=folder, base_url=BASE_URL, body=body, record=False))._client
    real_client = httpx2.Client()

    def read(http: httpx2.Client) -> None:
        with http.stream("POST", URL, content=b"{}") as response:
            for _ in response.iter_bytes():
                continue

    def ours() -> None:
        with use_cassette(path, match_on=["method", "url"]):
            read(real_client)

    figures = alternate({FLOOR: lambda: read(floor_client), OURS: ours}, rounds=rounds, calls=20)
    each = {name: Figure(tuple(ms * 1000 / EVENTS for ms in figure.rounds)) for name, figure in figures.items()}
    return compared(f"Handing out {EVENTS} events, each (the floor: one piece)", each, OURS, unit="us")


def _by_sdk(folder: Path, rounds: int) -> Iterable[str]:
    """The same stream through the openai SDK: in one body, as today, in the pieces that were recorded, by the byte."""
    import openai

    sdk = openai.OpenAI(base_url=BASE_URL, api_key="not-a-key", max_retries=0)
    for number, (title, body) in enumerate(BODIES.items()):
        events = [event + b"\n\n" for event in body.split(b"\n\n") if event]
        path = _stored(folder / f"sdk_{number}.yaml", body, events)
        calls: dict[str, Callable[[], object]] = {
            "recorded, an event each": partial(_replayed, sdk, path, "recorded"),
            "whole, one body": partial(_replayed, sdk, path, "whole"),
            "event, the default": partial(_replayed, sdk, path, "event"),
            "byte": partial(_replayed, sdk, path, "byte"),
        }
        figures = alternate(calls, rounds=rounds * 3, calls=10)
        yield compared(f"Chunking, openai SDK, {title}", figures, "recorded, an event each")


def _replayed(sdk: Any, path: Path, chunking: str) -> str:
    from pytest_llmcassette import use_cassette

    with use_cassette(path, chunking=chunking, match_on=("method", "url")):
        return ask(sdk)
