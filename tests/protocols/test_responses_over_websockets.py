"""`openai.responses` over a WebSocket: the answers of its lanes."""

from __future__ import annotations

from typing import Any

from .spoken import (
    RESPONSES,
    heard,
    read,
    said,
    session,
)


def _response(number: int, words: str, lane: str = "") -> list[Any]:
    item = {"id": f"m{number}", "type": "message", "content": [{"type": "output_text", "text": words}]}
    head = {"id": f"resp_{number}", "object": "response", "model": "gpt-5-2025", "created_at": 1790000000}
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    end = {**head, "status": "completed", "output": [item], "usage": usage}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**head, "status": "in_progress", "output": []}},
        {"type": "response.output_text.delta", "item_id": f"m{number}", "output_index": 0, "delta": words},
        {"type": "response.completed", "response": end},
    ]
    return [heard({**event, **({"stream_id": lane} if lane else {})}) for event in events]


def _create(lane: str = "") -> Any:
    return said({"type": "response.create", "model": "gpt-5", "input": "Hi", **({"stream_id": lane} if lane else {})})


def test_responses_over_a_websocket() -> None:
    transcript = read(session(RESPONSES, _create(), *_response(1, "One"), _create(), *_response(2, "Two")))
    assert (transcript.protocol, transcript.model, transcript.request_model) == (
        *("openai.responses", "gpt-5-2025", "gpt-5"),
    )
    assert (transcript.text, [turn.id for turn in transcript.turns]) == ("One\nTwo", ["resp_1", "resp_2"])
    assert transcript.usage is not None
    assert transcript.usage.total_tokens == 30
    assert transcript.complete
    assert transcript.created == 1790000000

    one, two = _response(1, "One", "a"), _response(2, "Two", "b")
    mixed = [frame for pair in zip(one, two, strict=True) for frame in pair]
    lanes = read(session(RESPONSES, _create("a"), _create("b"), *mixed))
    assert (lanes.text, lanes.complete) == ("One\nTwo", True)
    assert not read(session(RESPONSES, _create("a"), _create("b"), *one)).complete
    assert not read(session(RESPONSES, _create(), *_response(1, "One")[:2])).complete


def test_an_error_of_a_response_over_a_websocket() -> None:
    error = {"type": "error", "status": 400, "error": {"type": "invalid_request_error", "message": "No such id."}}
    refused = read(session(RESPONSES, _create(), heard(error)))
    assert refused.error is not None
    assert (refused.error.status, refused.error.message, refused.turns) == (400, "No such id.", ())
    broken = read(session(RESPONSES, _create(), *_response(1, "One")[:2], heard(error)))
    assert broken.error is not None
    assert (broken.text, broken.complete) == ("One", False)
    mended = read(session(RESPONSES, _create(), heard(error), _create(), *_response(1, "One")))
    assert (mended.error, mended.complete, len(mended.notes)) == (None, True, 1)
