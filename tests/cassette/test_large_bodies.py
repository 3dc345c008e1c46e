"""What a large body costs: a few times its size, whatever it is made of."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_llmcassette.cassette.files import load, save
from pytest_llmcassette.cassette.model import Interaction, Request, Response

SIZE = 2_000_000
MADE_OF = {
    "events": b'data: {"id":"x","choices":[{"index":0,"delta":{"content":"word"}}]}\n\n',
    "events with CRLF": b'data: {"a":"b"}\r\n\r\n',
    "one line": b"{'a': \"b\"}, ",
    "other scripts": 'data: {"wörd": "世界"}\n\n'.encode(),
    "not text": bytes(range(256)),
}
MORE = [name for name in MADE_OF if name != "events"]


def peak(of: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        of()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "kind", ["events", *(pytest.param(kind, marks=pytest.mark.slow) for kind in list(MADE_OF)[1:])]
)
def test_memory_of_a_large_body(tmp_path: Path, kind: str) -> None:
    body = MADE_OF[kind] * (SIZE // len(MADE_OF[kind]))
    path = tmp_path / "x.yaml"
    made = [Interaction(request=Request(), response=Response(body=body))]
    load_from = tmp_path / "small.yaml"
    # Modules and caches are paid for by the first file.
    save(load_from, [Interaction(request=Request(), response=Response(body=MADE_OF[kind] * 3))])
    load(load_from)
    assert peak(lambda: save(path, made)) < 4 * len(body)
    assert peak(lambda: load(path)[0].response.body) < 4 * len(body)
    assert load(path)[0].response.body == body
