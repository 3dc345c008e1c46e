"""Prices: hand-computed ones, and every reason for which a cost is unknown."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pytest_llmcassette.answers.prices import Price, price, price_of
from pytest_llmcassette.protocols.anthropic_usage import message_usage
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


def test_the_total_alone_is_the_input_of_vectors_only() -> None:
    # Voyage AI's voyage-3: 0.06 per million.
    answers = [
        Transcript(protocol="any", provider=host, stream=False, kind=kind, model=model, usage=Usage(total_tokens=1000))
        for host, kind, model in (("api.voyageai.com", "embedding", "voyage-3"), ("openai", "chat", "gpt-4o"))
    ]
    assert [price_of(answer, WHEN).cost for answer in answers] == [Decimal("0.00006"), None]


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


def _knows_tiers() -> bool:
    from genai_prices import types

    return hasattr(types, "PriceVariant")


AUTUMN = datetime(2026, 11, 1, tzinfo=UTC)
LONG = {"input_tokens": 180_000, "output_tokens": 3500}
SHORT = {"input_tokens": 23_000, "output_tokens": 1000}
# Answers and what they cost, by hand: dollars per million tokens as the providers list them, each with its count.
PRICED: dict[str, tuple[str, str, str | None, Usage, Decimal]] = {
    "no tier": (
        *("openai", "gpt-5", None),
        Usage(input_tokens=1000, cache_read_input_tokens=400, output_tokens=10),
        600 * Decimal("1.25") + 400 * Decimal("0.125") + 10 * Decimal(10),
    ),
    "the default tier": ("openai", "gpt-5", "default", USAGE, 1000 * Decimal("1.25") + 10 * Decimal(10)),
    "flex": (
        *("openai", "gpt-5", "flex"),
        Usage(input_tokens=1000, cache_read_input_tokens=400, output_tokens=10),
        600 * Decimal("0.625") + 400 * Decimal("0.0625") + 10 * Decimal(5),
    ),
    "priority": ("openai", "gpt-5", "priority", USAGE, 1000 * Decimal("2.5") + 10 * Decimal(20)),
    "a batch": ("anthropic", "claude-haiku-4-5", "batch", USAGE, 1000 * Decimal("0.5") + 10 * Decimal("2.5")),
    "a fast answer": (
        *("anthropic", "claude-opus-4-8", "standard"),
        Usage(input_tokens=1000, output_tokens=10, wire={"speed": "fast"}),
        1000 * Decimal(10) + 10 * Decimal(50),
    ),
    "a long context": (
        *("anthropic", "claude-sonnet-4-5", None),
        Usage(input_tokens=250_000, output_tokens=1000),
        250_000 * Decimal(6) + 1000 * Decimal("22.5"),
    ),
    "two passes, each below the step": (
        *("anthropic", "claude-sonnet-4-5", None),
        message_usage(SHORT | {"iterations": [{"type": "compaction", **LONG}, {"type": "message", **SHORT}]}),
        203_000 * Decimal(3) + 4500 * Decimal(15),
    ),
    "a model that another one advised": (
        *("anthropic", "claude-sonnet-4-5", None),
        message_usage(
            {"input_tokens": 1000, "output_tokens": 10}
            | {"iterations": [{"type": "advisor_message", "model": "claude-opus-4-8", **SHORT}]}
        ),
        1000 * Decimal(3) + 10 * Decimal(15) + 23_000 * Decimal(5) + 1000 * Decimal(25),
    ),
    "what Converse caches for an hour": (
        *("bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", "default"),
        Usage(
            input_tokens=1000,
            cache_creation_input_tokens=400,
            output_tokens=10,
            wire={"cacheDetails": [{"ttl": "5m", "inputTokens": 100}, {"ttl": "1h", "inputTokens": 300}]},
        ),
        600 * Decimal(3) + 100 * Decimal("3.75") + 300 * Decimal(6) + 10 * Decimal(15),
    ),
    "images from Gemini": (
        *("gemini", "gemini-2.5-flash-image", None),
        Usage(input_tokens=10, output_tokens=1300, image_output_tokens=1290),
        10 * Decimal("0.3") + 10 * Decimal("2.5") + 1290 * Decimal(30),
    ),
    "speech to Gemini": (
        *("vertex", "gemini-2.5-flash", "ON_DEMAND"),
        Usage(input_tokens=1000, audio_input_tokens=400, output_tokens=10),
        600 * Decimal("0.3") + 400 * Decimal(1) + 10 * Decimal("2.5"),
    ),
    "a search of Gemini, by the prompt": (
        *("gemini", "gemini-2.5-flash", None),
        Usage(input_tokens=1000, output_tokens=10, server_tool_calls={"web_search": 3}),
        1000 * Decimal("0.3") + 10 * Decimal("2.5") + Decimal(35_000),
    ),
    "speech both ways": (
        *("openai", "gpt-audio", "default"),
        Usage(input_tokens=100, audio_input_tokens=40, output_tokens=50, audio_output_tokens=40),
        60 * Decimal("2.5") + 40 * Decimal(32) + 10 * Decimal(10) + 40 * Decimal(64),
    ),
    "an image from an image": (
        *("openai", "gpt-image-1", None),
        Usage(input_tokens=50, image_input_tokens=40, output_tokens=272, image_output_tokens=272),
        10 * Decimal(5) + 40 * Decimal(10) + 272 * Decimal(40),
    ),
    "Cohere's billed units": (
        *("cohere", "command-a-03-2025", None),
        Usage(input_tokens=69, output_tokens=13, wire={"billed_units": {"input_tokens": 7, "output_tokens": 3}}),
        7 * Decimal("2.5") + 3 * Decimal(10),
    ),
    "an hour of speech": (
        *("groq", "whisper-large-v3", None),
        Usage(billed_units={"seconds": 3600}),
        Decimal(111_000),
    ),
}


@pytest.mark.skipif(not _knows_tiers(), reason="this genai-prices has one price for all tiers")
@pytest.mark.parametrize("kind", PRICED)
def test_by_hand(kind: str) -> None:
    provider, model, tier, usage, millionths = PRICED[kind]
    assert price(usage, model, provider, AUTUMN, tier=tier) == Price(cost=millionths / 1_000_000)


@pytest.mark.skipif(not _knows_tiers(), reason="this genai-prices has one price for all tiers")
@pytest.mark.parametrize(
    ("provider", "model", "tier", "usage", "words"),
    [
        ("openai", "gpt-5-pro", "priority", USAGE, "no price of 'gpt-5-pro' for service tier priority"),
        ("openai", "gpt-5", "scale", USAGE, "for service tier scale"),
        ("azure", "gpt-5", "priority", USAGE, "for service tier priority"),
        ("vertex", "gemini-2.5-pro", "PROVISIONED_THROUGHPUT", USAGE, "for service tier provisioned_throughput"),
        ("anthropic", "claude-sonnet-4-0", None, Usage(input_tokens=1, wire={"speed": "fast"}), "for speed fast"),
        (
            "anthropic",
            "claude-opus-4-8",
            None,
            Usage(input_tokens=1, wire={"inference_geo": "us"}),
            "inference in 'us'",
        ),
        (
            *("openai", "gpt-4o-audio-preview", None),
            Usage(input_tokens=9, output_tokens=50, audio_output_tokens=40),
            "for audio output",
        ),
        (
            *("gemini", "gemini-2.5-pro", None),
            Usage(input_tokens=9, output_tokens=1290, image_output_tokens=1290),
            "for image output",
        ),
        (
            *("bedrock", "global.anthropic.claude-sonnet-4-20250514-v1:0", None),
            Usage(
                input_tokens=9,
                cache_creation_input_tokens=5,
                output_tokens=1,
                wire={"cacheDetails": [{"ttl": "1h", "inputTokens": 5}]},
            ),
            "cached for an hour",
        ),
        (
            *("bedrock", "amazon.nova-lite-v1:0", None),
            Usage(input_tokens=9, output_tokens=1, server_tool_calls={"web_search": 1}),
            "for web searches",
        ),
        ("cohere", "command-a-03-2025", None, Usage(billed_units={"search_units": 1}), "for search units"),
        ("openai", "gpt-5", None, Usage(input_tokens=9, wire={"tool_usage": {}}), "an image model"),
        ("anthropic", "claude-sonnet-4-5", "batch", Usage(input_tokens=250_000), "a batch tells but the sum"),
    ],
)
def test_what_the_list_has_no_price_for(provider: str, model: str, tier: str | None, usage: Usage, words: str) -> None:
    found = price(usage, model, provider, AUTUMN, tier=tier)
    assert found.cost is None
    assert words in (found.reason or "")


@pytest.mark.skipif(not _knows_tiers(), reason="this genai-prices has one price for all tiers")
def test_a_tier_has_a_price_from_the_day_on_which_the_list_has_it() -> None:
    for when in (datetime(2026, 9, 1, tzinfo=UTC), None):
        found = price(USAGE, "gpt-5", "openai", when, tier="flex")
        assert found.cost is None
        assert "at the time of the recording" in (found.reason or "")


def test_lists_of_one_price_price_no_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = genai_prices.calc_price

    def calc_price_of_2025(
        usage: object, model: str, *, provider_id: object, genai_request_timestamp: object
    ) -> object:
        return whole(usage, model, provider_id=provider_id, genai_request_timestamp=genai_request_timestamp)

    monkeypatch.setattr(genai_prices, "calc_price", calc_price_of_2025)
    assert price(USAGE, "gpt-5", "openai", AUTUMN, tier="default").cost == Decimal("0.00135")
    assert "one price for all tiers" in (price(USAGE, "gpt-5", "openai", AUTUMN, tier="flex").reason or "")
