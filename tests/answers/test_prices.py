"""Prices: hand-computed ones, and every reason for which a cost is unknown."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pytest_llmcassette.answers.prices import Price, price, price_of
from pytest_llmcassette.protocols.transcript import Transcript
from pytest_llmcassette.protocols.usage import Usage

genai_prices = pytest.importorskip("genai_prices", reason="needs the extra [prices]")

USAGE = Usage(input_tokens=1000, output_tokens=10)
# A day on which the prices below held, so that no later change of a price changes a test.
WHEN = datetime(2025, 8, 1, tzinfo=UTC)


def _knows_extras() -> bool:
    try:
        genai_prices.Usage(web_searches=1)
    except TypeError:
        return False
    return True


def test_cached_input_is_part_of_the_input_and_priced_by_itself() -> None:
    # gpt-4o: 2.50 in, 1.25 cached, 10 out per million tokens. 600 fresh + 400 cached + 10 out.
    usage = Usage(input_tokens=1000, cache_read_input_tokens=400, output_tokens=10)
    cost = (600 * Decimal("2.5") + 400 * Decimal("1.25") + 10 * Decimal(10)) / 1_000_000
    assert price(usage, "gpt-4o", "openai", WHEN) == Price(cost=cost)


@pytest.mark.skipif(not _knows_extras(), reason="this genai-prices has no place for these counts")
def test_cache_writes_of_both_kinds_and_web_searches() -> None:
    # claude-sonnet-4: 3 in, 0.30 read, 3.75 written for 5 minutes, 6 for an hour, 15 out; 10 per 1000 searches.
    usage = Usage(
        input_tokens=1000,
        cache_read_input_tokens=400,
        cache_creation_input_tokens=150,
        output_tokens=10,
        server_tool_calls={"web_search": 2, "web_fetch": 5},
        wire={"cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 50}},
    )
    tokens = 450 * 3 + 400 * Decimal("0.3") + 100 * Decimal("3.75") + 50 * 6 + 10 * 15
    found = price(usage, "claude-sonnet-4-20250514", "anthropic", WHEN)
    assert found == Price(cost=tokens / 1_000_000 + Decimal(2) * 10 / 1000)


def test_reasoning_is_part_of_the_output() -> None:
    # gemini-2.5-flash: 0.30 in, 2.50 out per million.
    usage = Usage(input_tokens=1000, output_tokens=300, reasoning_output_tokens=200)
    cost = (1000 * Decimal("0.3") + 300 * Decimal("2.5")) / 1_000_000
    for provider in ("gemini", "vertex", None):
        assert price(usage, "gemini-2.5-flash", provider, WHEN) == Price(cost=cost)


def test_the_price_is_that_of_the_recordings_day() -> None:
    # o3 cost 10 and 40 per million until 2025-06-10, then 2 and 8.
    before, after = datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 7, 1)
    assert price(USAGE, "o3", "openai", before).cost == Decimal("0.0104")
    assert price(USAGE, "o3", "openai", after).cost == Decimal("0.00208")
    unknown = price(USAGE, "o3", "openai")
    assert unknown.cost is None
    assert "changed over time" in (unknown.reason or "")
    assert "commit the cassette" in (unknown.reason or "")


def test_a_reported_cost_wins_and_needs_no_price_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    found = price(Usage(cost=0.1), "no-such-model", "nowhere")
    assert found == Price(cost=Decimal("0.1"), reason="as the host reported it")


def test_without_the_package_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    found = price(USAGE, "gpt-4o", "openai")
    assert found.cost is None
    assert "pip install 'pytest-llmcassette[prices]'" in (found.reason or "")


@pytest.mark.parametrize(
    ("usage", "model", "provider", "words"),
    [
        (USAGE, "no-such-model", "openai", "no price for model 'no-such-model' of 'openai'"),
        (USAGE, "llama3", "ollama", "no price for model 'llama3' of 'ollama'"),
        (USAGE, None, "openai", "names a model"),
        (Usage(), "gpt-4o", "openai", "reports no tokens"),
        (Usage(input_tokens=1, cache_read_input_tokens=2), "gpt-4o", "openai", "contradict each other"),
    ],
)
def test_reasons(usage: Usage, model: str | None, provider: str, words: str) -> None:
    found = price(usage, model, provider)
    assert found.cost is None
    assert words in (found.reason or "")


def test_an_answer_is_priced_by_the_requests_model_where_it_names_none() -> None:
    # Amazon Nova Lite: 0.06 in, 0.24 out per million.
    transcript = Transcript(
        protocol="bedrock.converse",
        provider="bedrock",
        stream=False,
        request_model="us.amazon.nova-lite-v1:0",
        usage=USAGE,
    )
    assert price_of(transcript, WHEN).cost == Decimal("0.0000624")


def test_an_answer_is_priced_at_its_own_time() -> None:
    transcript = Transcript(
        protocol="openai.chat",
        provider="openai",
        stream=False,
        model="o3-2025-04-16",
        usage=USAGE,
        created=datetime(2025, 5, 1, tzinfo=UTC).timestamp(),
    )
    assert price_of(transcript, datetime(2026, 1, 1, tzinfo=UTC)).cost == Decimal("0.0104")
    assert price_of(Transcript(protocol="openai.chat", provider="openai", stream=False)).reason == (
        "the answer reports no usage"
    )


def test_the_hugging_face_router_is_priced_by_the_host_it_names() -> None:
    found = price(USAGE, "openai/gpt-oss-120b:groq", "huggingface", WHEN)
    assert found.cost == price(USAGE, "openai/gpt-oss-120b", "huggingface_groq", WHEN).cost
    assert found.cost is not None
    assert price(USAGE, "openai/gpt-oss-120b", "huggingface", WHEN).cost is None


def test_lists_without_a_place_for_what_was_used_price_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = genai_prices.Usage

    def usage_of_2025(**counts: int) -> object:
        if counts.keys() - {"input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"}:
            raise TypeError("unexpected keyword argument")
        return whole(**counts)

    monkeypatch.setattr(genai_prices, "Usage", usage_of_2025)
    usage = Usage(input_tokens=1000, output_tokens=10, image_input_tokens=5, server_tool_calls={"web_search": 3})
    assert "no place for web_searches" in (price(usage, "claude-sonnet-4-20250514", "anthropic", WHEN).reason or "")
    usage = Usage(input_tokens=1000, output_tokens=10, image_input_tokens=5, server_tool_calls={"web_search": 0})
    assert price(usage, "claude-sonnet-4-20250514", "anthropic", WHEN).cost == Decimal("0.00315")
