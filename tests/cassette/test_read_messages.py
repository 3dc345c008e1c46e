"""Messages of WebSockets and gRPC calls as pydantic-ai's suite keeps them: connections and calls with their frames."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.cassette.formats import read
from pytest_llmcassette.cassette.go_vcr.writer import dumps
from pytest_llmcassette.cassette.model import Frame, FrameKind, Interaction
from pytest_llmcassette.errors import CassetteFileError
from pytest_llmcassette.protocols import registry


def loaded(tmp_path: Path, *items: Any) -> list[Interaction]:
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump({"version": 1, "interactions": list(items)}, sort_keys=False), "utf-8")
    interactions = load(path)
    assert read(path, dumps(interactions)) == interactions
    return interactions


def sent(data: Any) -> dict[str, Any]:
    return {"kind": "message", "direction": "sent", "data": data}


def received(data: Any) -> dict[str, Any]:
    return {"kind": "message", "direction": "received", "data": data}


def created(model: str) -> dict[str, Any]:
    return received({"type": "session.created", "session": {"id": "s", "model": model}})


def test_a_close_ends_a_connection(tmp_path: Path) -> None:
    close = {"kind": "close", "code": 1011, "reason": "test reconnect", "ok": False}
    first, second = loaded(
        tmp_path, created("gpt-realtime"), sent({"type": "response.create", "n": 1.5, "ok": True, "no": None}), close,
        created("gpt-realtime"), {"kind": "close", "direction": "sent"},
    )  # fmt: skip
    assert (first.request.method, first.request.url) == ("GET", "wss://api.openai.com/v1/realtime?model=gpt-realtime")
    assert (first.request.host, first.response.code) == ("api.openai.com", 101)
    assert [(frame.sender, frame.kind.value) for frame in first.frames] == [
        ("server", "text"), ("client", "text"), ("server", "close"),
    ]  # fmt: skip
    assert json.loads(first.frames[1].data) == {"type": "response.create", "n": 1.5, "ok": True, "no": None}
    assert first.frames[2].data == b"1011 test reconnect"
    assert second.frames[1] == Frame(sender="client", data=b"1005", kind=FrameKind.CLOSE)


LIVE = "wss://generativelanguage.googleapis.com/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"


@pytest.mark.parametrize(
    ("message", "url", "protocol"),
    [
        (created("grok-voice-latest"), "wss://api.x.ai/v1/realtime?model=grok-voice-latest", "openai.realtime"),
        (sent({"setup": {"model": "models/gemini-live"}}), LIVE, "gemini.live"),
        (
            sent({"setup": {"model": "projects/p/locations/l/publishers/google/models/gemini-live"}}),
            "wss://aiplatform.googleapis.com/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent",
            "gemini.live",
        ),
        (
            sent({"type": "response.create", "model": "gpt-5", "input": "x"}),
            "wss://api.openai.com/v1/responses",
            "openai.responses",
        ),
        (sent("hello"), "wss://not-recorded.invalid/", None),
        (received(b"\x00\xff"), "wss://not-recorded.invalid/", None),
        (received([1, {"a": 2}]), "wss://not-recorded.invalid/", None),
        (received(7), "wss://not-recorded.invalid/", None),
    ],
)
def test_where_a_session_was_is_told_by_its_messages(
    tmp_path: Path, message: Any, url: str, protocol: str | None
) -> None:
    [interaction] = loaded(tmp_path, message)
    transcript = registry.read(interaction)
    assert interaction.request.url == url
    assert (transcript and transcript.protocol) == protocol


CHUNK = {"id": "g", "outputs": [{"delta": {"content": "Hi"}, "finish_reason": "REASON_STOP"}]}
WHOLE = {"id": "g", "outputs": [{"message": {"content": "Hi"}, "finish_reason": "REASON_STOP"}]}
ASKED = {"json": {"model": "grok-4", "messages": [{"role": "ROLE_USER"}]}, "raw": b"\x01"}


@pytest.mark.parametrize(
    ("item", "method", "frames"),
    [
        (
            {
                "request_stream": ASKED,
                "response_stream": {"chunks_json": [{"chunk": CHUNK}, {"chunk": {}}], "chunks_raw": [b"\x01", b"\x02"]},
            },
            "GetCompletionChunk",
            [(b"\x01", CHUNK), (b"\x02", {})],
        ),
        (
            {"request_stream": ASKED, "response_stream": {"chunks_json": [{"chunk": CHUNK}]}},
            "GetCompletionChunk",
            [(b"", CHUNK)],
        ),
        (
            {"request_sample": ASKED, "response_sample": {"json": WHOLE, "raw": b"\x03"}},
            "GetCompletion",
            [(b"\x03", WHOLE)],
        ),
        ({"request_sample": {"raw": b"\x01"}, "response_sample": {"raw": b"\x03"}}, "GetCompletion", [(b"\x03", None)]),
    ],
)
def test_calls_of_xais_sdk(tmp_path: Path, item: Any, method: str, frames: list[tuple[bytes, Any]]) -> None:
    [interaction] = loaded(tmp_path, item)
    assert interaction.request.url == f"https://api.x.ai:443/xai_api.Chat/{method}"
    assert [(one.data, json.loads(one.json) if one.json else None) for one in interaction.frames] == frames
    assert {one.kind for one in interaction.frames} == {FrameKind.BINARY}
    transcript = registry.read(interaction)
    assert transcript is not None
    if frames[0][1] is not None:
        assert json.loads(interaction.request.body) == ASKED["json"]
        assert (transcript.text, transcript.complete, transcript.request_model) == ("Hi", True, "grok-4")


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"kind": "message", "direction": "up", "data": {}}, "interaction 0, direction: it is neither"),
        ({"kind": "message", "data": {}}, "interaction 0, direction: it is missing"),
        ({"kind": "message", "direction": "sent"}, "interaction 0, data: it is missing"),
        ({"kind": "close", "code": "soon"}, "interaction 0, code: it is no whole number"),
        ({"request_sample": [], "response_sample": {}}, "interaction 0, request_sample: it is no mapping"),
        ({"request_stream": {}, "response_stream": {"chunks_json": 1}}, "response_stream.chunks_json: it is no list"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, item: Any, words: str) -> None:
    with pytest.raises(CassetteFileError, match=words):
        loaded(tmp_path, item)
