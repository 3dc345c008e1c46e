"""The same transcript for every way in which the network may have cut a body: the decoders under the protocols."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmcassette.framing.sse import ServerSentEvent, SSEDecoder, SSETail

from .test_cut_streams import STREAMS


def events_of(body: bytes, cuts: Iterable[int]) -> tuple[list[ServerSentEvent], SSETail | None]:
    decoder = SSEDecoder()
    places = sorted(place % (len(body) + 1) for place in cuts)
    pieces = [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]
    events = [found for piece in pieces for found in decoder.feed(piece)]
    return events, decoder.finish()


@pytest.mark.parametrize("name", STREAMS)
@given(st.lists(st.integers(0, 1_000_000), max_size=40))
def test_random_splits_of_made_up_streams(name: str, cuts: list[int]) -> None:
    body = STREAMS[name][1]
    assert events_of(body, cuts) == events_of(body, ())


@pytest.mark.parametrize(
    "ways", [pytest.param("one byte at a time", marks=pytest.mark.slow), "one event at a time", "in pieces of 7 bytes"]
)
def test_recorded_streams(corpus: Path, ways: str) -> None:
    from .test_expected import cached_load

    seen = 0
    for line in (corpus / "expected.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if not row["stream"] or not row["protocol"].startswith(("openai.", "mistral.", "anthropic.", "gemini.")):
            continue
        body = cached_load(corpus / row["file"])[row["index"]].response.body
        if ways == "one byte at a time":
            if len(body) > 30_000:
                continue
            cuts: Sequence[int] = range(len(body))
        elif ways == "one event at a time":
            cuts = [place for place in range(2, len(body)) if body[place - 1 : place] == b"\n"]
        else:
            cuts = range(0, len(body), 7)
        assert events_of(body, cuts) == events_of(body, ()), row["file"]
        seen += 1
    assert seen > 100
