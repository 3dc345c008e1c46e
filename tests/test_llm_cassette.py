"""What a test reads from its cassette."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.errors import CassetteError
from pytest_llmcassette.llm_cassette import LlmCassette, is_complete
from pytest_llmcassette.modes import RecordMode
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.recorder.requests import LiveRequest
from pytest_llmcassette.recorder.slot import RecordingSlot

CHAT = "https://api.openai.com/v1/chat/completions"


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    config = CassetteConfig(record_mode=RecordMode.ONCE)
    return Recorder(tmp_path / "it.yaml", config, how_to_record="", owner="test", is_complete=is_complete)


def stream(*events: dict[str, Any]) -> bytes:
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()


def exchange(recorder: Recorder, url: str, asked: Any, answered: Any, method: str = "POST") -> None:
    body = b"" if asked is None else json.dumps(asked).encode()
    slot = recorder.request(LiveRequest(method, url, [(b"content-type", b"application/json")], body))
    assert isinstance(slot, RecordingSlot)
    slot.headers(200, "OK", [(b"content-type", b"application/json")], "HTTP/1.1", 1)
    slot.data(answered if isinstance(answered, bytes) else json.dumps(answered).encode())
    slot.end("")


def chat(recorder: Recorder, model: str, text: str, **usage: int) -> None:
    answer = {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": usage,
    }
    exchange(recorder, CHAT, {"model": model, "messages": [{"role": "user", "content": text}]}, answer)


def test_one_exchange_among_other_traffic(recorder: Recorder) -> None:
    cassette = LlmCassette(recorder)
    exchange(recorder, "https://oauth2.googleapis.com/token", {"a": 1}, {"ok": True})
    chat(recorder, "gpt-4o", "hello", prompt_tokens=3, completion_tokens=4, total_tokens=7)
    assert cassette.transcript.text == "hello"
    assert len(cassette.transcripts) == 1
    assert len(cassette.requests) == len(cassette.interactions) == 2
    assert cassette.usage.input_tokens == 3


def test_usage_in_total_and_by_model(recorder: Recorder) -> None:
    for model, tokens in (("gpt-4o", 1), ("gpt-4o-mini", 10), ("gpt-4o", 100)):
        chat(recorder, model, f"{tokens}", prompt_tokens=tokens, completion_tokens=tokens, total_tokens=2 * tokens)
    cassette = LlmCassette(recorder)
    assert cassette.usage.total_tokens == 222
    assert {model: usage.total_tokens for model, usage in cassette.usage_by_model.items()} == {
        "gpt-4o": 202,
        "gpt-4o-mini": 20,
    }


def test_transcript_of_none_or_several_names_what_there_is(recorder: Recorder) -> None:
    cassette = LlmCassette(recorder)
    with pytest.raises(CassetteError, match="No request was made"):
        _ = cassette.transcript
    exchange(recorder, "https://api.openai.com/v1/files", {"a": 1}, {"id": "file"})
    with pytest.raises(CassetteError, match="v1/files"):
        _ = cassette.transcript
    chat(recorder, "gpt-4o", "one")
    chat(recorder, "gpt-4o", "two")
    with pytest.raises(CassetteError, match=r"(?s)2 LLM exchanges.*'one'.*'two'"):
        _ = cassette.transcript
    assert cassette.usage.total_tokens is None
    assert isinstance(cassette.usage, Usage)


def test_a_stream_that_was_cut_and_resumed_is_one_answer(recorder: Recorder) -> None:
    """https://platform.openai.com/docs/guides/background: GET with `starting_after`, from the middle to the end."""
    url = "https://api.openai.com/v1/responses"
    begun = {"id": "resp_1", "object": "response", "status": "in_progress", "model": "gpt-5", "output": []}
    words = {"type": "output_text", "text": "Hello", "annotations": []}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [words]}
    usage = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    ended = begun | {"status": "completed", "output": [item], "usage": usage}
    delta = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Hel"}
    asked = {"model": "gpt-5", "input": "hi", "stream": True, "background": True}
    exchange(recorder, url, asked, stream({"type": "response.created", "response": begun}, delta))
    cut = LlmCassette(recorder).transcript
    assert (cut.text, cut.complete) == ("Hel", False)
    rest = stream(delta | {"delta": "lo"}, {"type": "response.completed", "response": ended})
    exchange(recorder, f"{url}/resp_1?stream=true&starting_after=1", None, rest, "GET")
    cassette = LlmCassette(recorder)
    assert (cassette.transcript.text, cassette.transcript.complete) == ("Hello", True)
    assert (len(cassette.interactions), cassette.usage.total_tokens) == (2, 7)


def test_equality_leaves_the_answer_to_a_snapshot(recorder: Recorder) -> None:
    class Snapshot:
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    cassette = LlmCassette(recorder)
    assert cassette == Snapshot()
    assert cassette == LlmCassette(recorder)
    assert cassette != "something else"
    assert len({cassette, LlmCassette(recorder)}) == 1


def test_a_test_that_changes_an_interaction_spoils_neither_the_file_nor_its_next_replay(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(cassette: LlmCassette) -> None:
        [interaction] = cassette.interactions
        interaction.request.url = "https://elsewhere.test"
        interaction.request.headers.clear()
        interaction.response.body = b"{}"
        interaction.response.headers["Content-Type"][0] = "text/plain"
        assert cassette.interactions[0] is interaction, "a test finds its own change again"

    monkeypatch.setattr("pytest_llmcassette.cassette.loaded._SETTLED_NS", -10_000_000_000)
    chat(recorder, "gpt-4o", "hello")
    spoil(LlmCassette(recorder))
    recorder.save()
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}
    for _ in range(2):
        again = Recorder(recorder.path, CassetteConfig(), how_to_record="", owner="test")
        again.request(LiveRequest("POST", CHAT, [(b"content-type", b"application/json")], json.dumps(asked).encode()))
        assert LlmCassette(again).transcript.text == "hello"
        spoil(LlmCassette(again))


def test_the_one_transcript_is_what_was_said(recorder: Recorder) -> None:
    """What was made, ranked or checked beside a chat does not take its place."""
    cassette = LlmCassette(recorder)
    exchange(recorder, "https://api.openai.com/v1/moderations", {"input": "x"}, {"results": []})
    image = {"created": 1, "data": [{"url": "https://i/1"}]}
    exchange(recorder, "https://api.openai.com/v1/images/generations", {"model": "dall-e-3"}, image)
    assert cassette.transcript.kind == "image"
    chat(recorder, "gpt-4o", "hello", prompt_tokens=3, completion_tokens=4, total_tokens=7)
    assert cassette.transcript.text == "hello"
    assert [one.kind for one in cassette.transcripts] == ["image", "chat"]
    assert cassette.usage == Usage(input_tokens=3, output_tokens=4, total_tokens=7, billed_units={"images": 1})


def test_a_batch_and_the_file_of_its_answers_count_once(recorder: Recorder) -> None:
    cassette = LlmCassette(recorder)
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    batch = {"id": "batch_1", "object": "batch", "status": "completed", "output_file_id": "file-1", "usage": usage}
    exchange(recorder, "https://api.openai.com/v1/batches/batch_1", None, {**batch, "status": "in_progress"}, "GET")
    assert cassette.usage.total_tokens is None
    exchange(recorder, "https://api.openai.com/v1/batches/batch_1", None, batch, "GET")
    assert cassette.usage.total_tokens == 15
    answer = {
        "object": "chat.completion",
        "model": "gpt-4o",
        "choices": [{"index": 0, "message": {"content": "hello"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }
    line = json.dumps({"custom_id": "1", "response": {"status_code": 200, "body": answer}}).encode() + b"\n"
    exchange(recorder, "https://api.openai.com/v1/files/file-1/content", None, line, "GET")
    assert cassette.transcript.text == "hello"
    assert cassette.usage.total_tokens == 15
