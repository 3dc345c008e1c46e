"""A stream that was cut is never `complete`, wherever the cut is; and no cut makes a reader raise."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from recorded import loaded

from pytest_llmcassette.protocols import registry

from .made import OPENAI, call, chunk, interaction, sse
from .test_openai_responses import ADDED, COMPLETED, CREATED, DELTAS, DONE
from .test_openai_responses import URL as RESPONSES

USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
TOOLS = (chunk(call(0, "a", "add", "")), chunk(call(0, None, None, '{"x":1}')), chunk(None, "tool_calls"))
TEXT = (chunk({"role": "assistant", "content": ""}), chunk({"content": "Hé"}), chunk(None, "stop"), chunk(usage=USAGE))
LEGACY = {"id": "cmpl-1", "object": "text_completion", "model": "m"}

STREAMS = {
    "openai.chat": (OPENAI, sse(*TEXT)),
    "openai.chat, CRLF": (OPENAI, sse(*TEXT, end="\r\n\r\n")),
    "openai.chat, tools": (OPENAI, sse(*TOOLS)),
    "openai.responses": (RESPONSES, sse(CREATED, ADDED, *DELTAS, DONE, COMPLETED, done=False)),
    "mistral.chat": ("https://api.mistral.ai/v1/chat/completions", sse(chunk({"content": "x"}, "stop", usage=USAGE))),
    "openai.completions": (
        "https://api.openai.com/v1/completions",
        sse(LEGACY | {"choices": [{"text": "a", "index": 0, "finish_reason": "length"}]}),
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_cut_after_any_byte(name: str, every: int) -> None:
    """Any where every one is tried; else those around a line's end, and some."""
    url, body = STREAMS[name]
    whole = registry.read(interaction(url, body, request={"stream": True}))
    assert whole.complete
    assert whole.protocol == name.partition(",")[0]
    # Nothing can follow a `[DONE]`: it needs no line end.
    last = body.index(b"[DONE]") + len(b"[DONE]") if b"[DONE]" in body else len(body)
    # mistralai takes a last chunk that lacks its line end, finish reason and all.
    taken = body.index(b"\n\n") if name == "mistral.chat" else None
    for length in (length for length in range(last) if length != taken and length - 1 != taken):
        if length % every and b"\n" not in body[max(0, length - 2) : length + 3]:
            continue
        transcript = registry.read(interaction(url, body[:length], request={"stream": True}))
        assert not transcript.complete, body[:length][-40:]
        assert transcript.stream
        assert transcript.error is None


def streams_of(corpus: Path, wanted: Any) -> Any:
    for line in (corpus / "expected.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["stream"] and row.get("complete") and wanted(row["protocol"]):
            yield row, loaded(corpus / row["file"])[row["index"]]


def cut(original: Any, body: bytes) -> Any:
    made = interaction(original.request.url, body, method=original.request.method, request=original.request.body)
    made.response.headers = original.response.headers
    return made


def sse_cuts(body: bytes) -> Any:
    """The cuts that the rules name: in mid-frame, two frames before the end, without the final blank line."""
    frames = re.split(rb"(?<=\n\n)|(?<=\r\n\r\n)", body.rstrip(b"\r\n") + re.search(rb"[\r\n]*\Z", body).group())
    frames = [frame for frame in frames if frame]
    yield "in mid-frame", b"".join(frames[:-1]) + frames[-1][: len(frames[-1].rstrip()) // 2]
    yield "in an early frame", b"".join(frames[: len(frames) // 2]) + frames[len(frames) // 2][:7]
    yield "two frames before the end", b"".join(frames[:-2])
    if b"[DONE]" not in frames[-1]:
        yield "without the final blank line", body.rstrip(b"\r\n") + b"\n"
        yield "without the final line end", body.rstrip(b"\r\n")


def test_recorded_streams(corpus: Path, every: int) -> None:
    """All of them, or the first of each provider."""
    wrong, seen, providers = [], 0, set()
    for row, original in streams_of(corpus, lambda protocol: protocol.startswith(("openai.", "mistral."))):
        if every > 1 and (row["protocol"], row["provider"]) in providers:
            continue
        providers.add((row["protocol"], row["provider"]))
        for where, body in sse_cuts(original.response.body):
            seen += 1
            if registry.read(cut(original, body)).complete:
                wrong.append(f"{where}: {row['file']} #{row['index']}")
    assert len(providers) > 10
    assert seen > (300 if every == 1 else 40)
    assert wrong == []
