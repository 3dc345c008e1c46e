"""What those who count, compare and report make of a conversation: each of its turns is an answer."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from protocols.spoken import GEMINI, OPENAI, USAGE, XAI, begun, call, created, done, heard, message, said, session
from snapshot.exchanges import cassette

from pytest_llmcassette.answers.accounting import Budget, over_budget
from pytest_llmcassette.answers.equivalence import assert_equivalent, differences
from pytest_llmcassette.answers.prices import price_of
from pytest_llmcassette.answers.read import transcripts_of, unread_of
from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.free import free_kind
from pytest_llmcassette.protocols.transcript import Transcript
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.recorder.requests import SentRequest
from pytest_llmcassette.report.collect import collect
from pytest_llmcassette.report.records import TestRecord

WHEN = datetime(2026, 9, 1, tzinfo=UTC)
HEARD = {"type": "conversation.item.input_audio_transcription.completed", "item_id": "u", "transcript": "Hey"}
TOKENS = {"type": "tokens", "input_tokens": 14, "output_tokens": 6, "total_tokens": 20}


def realtime(heard_usage: Any = TOKENS, *, answers: int = 2, url: str = OPENAI) -> Interaction:
    turns = []
    for number in range(answers):
        words = message(f"Answer {number}.", item=f"i{number}")
        turns += [created(f"r{number}"), done(words, response=f"r{number}", usage=USAGE)]
    setup = begun(audio={"input": {"transcription": {"model": "gpt-4o-transcribe"}}})
    return session(url, setup, heard({**HEARD, "usage": heard_usage}), *turns)


def read(interaction: Interaction) -> Transcript:
    transcript = registry.read(interaction)
    assert transcript is not None
    return transcript


def sent(interaction: Interaction) -> SentRequest:
    request = interaction.request
    return SentRequest(request.method, request.url, request.headers, request.body, interaction=interaction)


def test_two_sessions_at_one_url_are_two_and_usage_goes_by_model() -> None:
    both = cassette(sent(realtime()), sent(realtime()))
    assert len(both.transcripts) == 2
    assert both.usage.total_tokens == 4 * 253 + 2 * 20
    by_model = {model: usage.total_tokens for model, usage in both.usage_by_model.items()}
    assert by_model == {"gpt-4o-transcribe": 40, "gpt-realtime": 4 * 253}


def test_each_turn_has_its_price() -> None:
    pytest.importorskip("genai_prices")
    # gpt-realtime per million: text 4 in, 0.40 cached, 16 out; audio 32 in, 0.40 cached, 64 out.
    turn = (55 + 4) * 4 + 64 * Decimal("0.4") + 9 * 32 + 30 * 16 + 91 * 64
    # gpt-4o-transcribe: 2.50 in, 10 out; its audio is not told from text here.
    heard_ = 14 * Decimal("2.5") + 6 * 10
    assert price_of(read(realtime()), WHEN).cost == (2 * turn + heard_) / 1_000_000
    # By the minute.
    seconds = price_of(read(realtime({"type": "duration", "seconds": 60})), WHEN)
    assert seconds.cost is None
    assert "gpt-4o-transcribe" in (seconds.reason or "")
    unknown = price_of(read(realtime(None)), WHEN)
    assert (unknown.cost, unknown.reason) == (None, "the answer reports no usage")


def test_a_voice_by_time_and_a_session_of_gemini_have_prices() -> None:
    pytest.importorskip("genai_prices")
    words = said({"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": []}})
    details = {"output_token_details": {"text_tokens": 8, "audio_tokens": 105}}
    usage = {"input_tokens": 13, "output_tokens": 113, "total_tokens": 126, "billable_audio_seconds": 3, **details}
    end = heard({"type": "response.done", "response": {"id": "r", "status": "completed"}, "usage": usage})
    voice = session(XAI, begun("grok-voice-latest"), words, end)
    # 4.80 an hour, and 4 for a thousand messages.
    assert price_of(read(voice), WHEN).cost == Decimal(3) * Decimal("4.8") / 3600 + Decimal("0.004")
    counted = {
        "promptTokenCount": 30,
        "responseTokenCount": 12,
        "totalTokenCount": 42,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 20}, {"modality": "AUDIO", "tokenCount": 10}],
        "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 12}],
    }
    live = session(
        GEMINI,
        said({"setup": {"model": "models/gemini-live-2.5-flash"}}),
        heard({"serverContent": {"turnComplete": True}, "usageMetadata": counted}),
    )
    cost = (20 * Decimal("0.5") + 10 * 3 + 12 * 12) / 1_000_000
    assert price_of(read(live), WHEN).cost == cost


def test_what_has_no_price_in_xais_chat_is_said() -> None:
    pytest.importorskip("genai_prices")
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "num_sources_used": 3}
    searched = call("Chat/GetCompletion", {}, {"model": "grok-4", "outputs": [], "usage": usage})
    found = price_of(read(searched), WHEN)
    assert found.cost is None
    assert "for sources" in (found.reason or "")


@pytest.mark.parametrize(
    ("heard_usage", "budget", "said_"),
    [
        (TOKENS, Budget(total_tokens=2 * 253 + 20), ""),
        (TOKENS, Budget(total_tokens=2 * 253 + 19), "526 tokens spent, 525 allowed."),
        ({"type": "duration", "seconds": 2}, Budget(total_tokens=2 * 253), ""),
        (None, Budget(total_tokens=9999), "cannot be checked: an answer reports no tokens."),
    ],
    ids=["kept", "spent", "what is paid for by time takes no tokens", "a turn that is not counted"],
)
def test_a_budget_is_for_all_turns(heard_usage: Any, budget: Budget, said_: str) -> None:
    found = over_budget([read(realtime(heard_usage))], budget)
    assert len(found) == bool(said_)
    assert said_ in "".join(found)


def test_a_session_is_the_same_as_so_many_answers() -> None:
    transcript = read(realtime())
    first, second = (turn for turn in transcript.turns if turn.kind == "chat")
    assert_equivalent(transcript, [first, second])
    assert differences(transcript, read(realtime(answers=1))) == ["2 answer(s) in the first, 1 in the second"]


@pytest.mark.parametrize(
    ("interaction", "unread"),
    [
        (session("wss://api.deepgram.com/v1/listen", heard({"channel": 1})), True),
        (session("wss://example.com/chat", heard("hi")), False),
        (realtime(), False),
        (call("Documents/Search", {}, {"matches": []}), True),
        (call("BatchMgmt/ListBatchResults", {}, {"results": []}), True),
        (call("BatchMgmt/CreateBatch", {}, {}), False),
        (call("Documents/Search", {}, status=16), False),
    ],
)
def test_what_nobody_reads_may_have_been_paid_for(interaction: Interaction, unread: bool) -> None:
    assert bool(unread_of([sent(interaction)])) is unread


@pytest.mark.parametrize(
    ("interaction", "kind"),
    [
        (call("Tokenize/TokenizeText", {}, {"tokens": []}), "count_tokens"),
        (call("Models/ListLanguageModels", {}, {}), "model"),
        (call("Auth/get_api_key_info", {}, {}), "auth"),
        (call("Files/UploadFile", {}, {}), "upload"),
        (call("Chat/GetStoredCompletion", {}, {"outputs": []}), "fetch"),
        (call("Chat/StartDeferredCompletion", {}, {"request_id": "r"}), "waiting"),
        (call("Chat/GetDeferredCompletion", {}, {"status": "PENDING"}), "waiting"),
        (call("Video/GenerateVideo", {}, {"request_id": "r"}), "waiting"),
    ],
)
def test_what_is_free_at_xai_is_known(interaction: Interaction, kind: str) -> None:
    assert registry.read(interaction) is None
    assert free_kind(Exchange(interaction)) == kind


def test_a_session_in_the_report() -> None:
    recorder = Recorder(Path("none.yaml"), CassetteConfig(), how_to_record="", owner="test")
    asked = said({"type": "conversation.item.create", "item": {"role": "user", "content": [{"text": "Hi"}]}})
    recorder.sent.append(sent(session(OPENAI, asked, *realtime().frames)))
    record = TestRecord(nodeid="t.py::test_a", module="t.py", scenario="a")
    [exchange] = collect(record, recorder, read=True, detailed=True).exchanges
    assert (exchange.protocol, exchange.model, exchange.status) == ("openai.realtime", "gpt-realtime", 101)
    assert exchange.usage is not None
    assert exchange.usage["total_tokens"] == 2 * 253 + 20
    assert exchange.asked == [["user", "user", "Hi"]]
    assert exchange.answered == [
        ["text", "transcription", "Hey"],
        ["text", "turn 2", "Answer 0."],
        ["text", "turn 3", "Answer 1."],
    ]
    assert exchange.size > 500
    assert len(transcripts_of(recorder.sent)) == 1
