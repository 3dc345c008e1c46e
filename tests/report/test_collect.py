"""What a recorder's exchanges come to: live or replayed, answers, figures, times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from wire_exchanges import interaction, sse_event

from pytest_llmcassette.cassette.model import Interaction, Request, Response
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.errors import RequestNotRecorded
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.recorder.requests import SentRequest
from pytest_llmcassette.report.collect import collect
from pytest_llmcassette.report.records import ExchangeRecord, TestRecord

CHAT = "https://api.openai.com/v1/chat/completions"
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_700_000_000,
    "model": "gpt-4o-2024-08-06",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Oi!"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
}
ASKED = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Say hi"}]}


def sent(answered: Interaction, **fields: Any) -> SentRequest:
    request = answered.request
    return SentRequest(request.method, request.url, request.headers, request.body, interaction=answered, **fields)


def collected(*requests: SentRequest, read: bool = True, priced: bool = False, detailed: bool = False) -> TestRecord:
    recorder = Recorder(Path("none.yaml"), CassetteConfig(), how_to_record="", owner="test")
    recorder.sent.extend(requests)
    record = TestRecord(nodeid="t.py::test_a", module="t.py", scenario="a")
    return collect(record, recorder, read=read, priced=priced, detailed=detailed)


def test_an_answer_by_its_figures() -> None:
    [exchange] = collected(sent(interaction(CHAT, ANSWER, asked=ASKED))).exchanges
    assert (exchange.protocol, exchange.model, exchange.status, exchange.live) == (
        "openai.chat",
        "gpt-4o-2024-08-06",
        200,
        False,
    )
    assert exchange.usage == {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}
    assert exchange.recorded_at == 1_700_000_000
    assert exchange.asked == exchange.answered == []
    assert exchange.cost is None


def test_costs_are_looked_up_on_request_and_for_what_was_recorded_now() -> None:
    pytest.importorskip("genai_prices")
    priced = collected(sent(interaction(CHAT, ANSWER)), priced=True).exchanges[0]
    live = collected(sent(interaction(CHAT, ANSWER), live=True)).exchanges[0]
    # gpt-4o: $2.50 and $10 for a million tokens.
    for exchange in (priced, live):
        assert float(exchange.cost or 0) == float(exchange.rerecord_cost or 0) == 0.0035


def test_answers_that_nobody_looks_at_are_not_read_unless_just_recorded() -> None:
    record = collected(sent(interaction(CHAT, ANSWER)), sent(interaction(CHAT, ANSWER), live=True), read=False)
    assert [one.protocol for one in record.exchanges] == [None, "openai.chat"]
    assert (record.replayed, record.recorded, record.unread) == (1, 1, 1)


def test_a_time_that_is_none_is_unknown() -> None:
    [exchange] = collected(sent(interaction(CHAT, {**ANSWER, "created": 10**30})), priced=True).exchanges
    assert exchange.recorded_at is None


def test_dropped_retries_and_misses() -> None:
    answered = interaction(CHAT, ANSWER)
    recorder = Recorder(Path("none.yaml"), CassetteConfig(), how_to_record="", owner="test")
    recorder.sent += [sent(answered, dropped=True), sent(answered), SentRequest("POST", CHAT, {}, b"")]
    recorder.misses.append(RequestNotRecorded("no"))
    record = TestRecord(nodeid="t.py::test_a", module="t.py", scenario="a")
    collect(record, recorder, read=True)
    assert (record.replayed, record.recorded, record.missing) == (1, 0, True)


def test_the_conversation_for_the_page() -> None:
    answered = interaction(CHAT, ANSWER, asked=ASKED)
    answered.chunks = ((1.0, 20),)
    answered.response.duration_ns = 2_500_000
    [exchange] = collected(sent(answered), detailed=True).exchanges
    assert exchange.asked == [["user", "user", "Say hi"]]
    assert exchange.answered == [["text", "", "Oi!"]]
    assert (exchange.chunks, exchange.wait_ms) == ([[1.0, 20]], 2.5)


def test_of_what_was_polled_the_last_answer_counts() -> None:
    def poll() -> SentRequest:
        done = interaction("https://api.openai.com/v1/responses/resp_1", RESPONSE)
        done.request.method = "GET"
        return sent(done)

    assert [one.protocol for one in collected(poll(), poll()).exchanges] == [None, "openai.responses"]


def test_a_stream_that_was_cut_and_resumed_is_one_answer() -> None:
    def part(method: str, url: str, *events: dict[str, Any]) -> SentRequest:
        done = interaction(url, b"".join(map(sse_event, events)), content_type="text/event-stream")
        done.request.method = method
        return sent(done)

    url = "https://api.openai.com/v1/responses"
    usage = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    cut = part("POST", url, {"type": "response.created", "response": RESPONSE | {"status": "in_progress"}})
    rest = part(
        "GET", f"{url}/resp_1?stream=true", {"type": "response.completed", "response": RESPONSE | {"usage": usage}}
    )
    found = collected(cut, rest).exchanges
    assert [(one.method, one.protocol) for one in found] == [("POST", None), ("GET", "openai.responses")]
    assert [one.usage and one.usage["total_tokens"] for one in found] == [None, 7]


RESPONSE = {"id": "resp_1", "object": "response", "status": "completed", "model": "gpt-5", "output": []}


def test_traffic_that_is_no_llm_call_counts_as_an_exchange() -> None:
    upload = Interaction(request=Request(method="POST", url="https://x.test/upload?a=1"), response=Response(body=b"ok"))
    assert collected(sent(upload)).exchanges == [
        ExchangeRecord(method="POST", target="/upload?a=1", status=200, live=False, size=2)
    ]
