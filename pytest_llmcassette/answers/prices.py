"""What an answer cost in US dollars, by the price list of genai-prices (extra `[prices]`), or why that is unknown.

genai-prices is imported at the first question: it takes a fifth of a second. It prices offline, from the list it was
released with. Its `input_tokens` hold cached input and its `output_tokens` reasoning, as ours do: `decompose.py` there
takes the more specific counts out of the wider ones before it multiplies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pytest_llmcassette.protocols.usage import Usage

if TYPE_CHECKING:
    from pytest_llmcassette.protocols.transcript import Transcript

_INSTALL = "Install the price list: pip install 'pytest-llmcassette[prices]'"
_COUNTS = (
    ("input_tokens", "input_tokens"),
    ("output_tokens", "output_tokens"),
    ("cache_read_input_tokens", "cache_read_tokens"),
    ("cache_creation_input_tokens", "cache_write_tokens"),
    ("audio_input_tokens", "input_audio_tokens"),
    ("audio_output_tokens", "output_audio_tokens"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A cost in `currency`; None when it is unknown. `reason` says why it is unknown, or that the host reported it."""

    cost: Decimal | None
    currency: str = "USD"
    reason: str | None = None


def price(usage: Usage, model: str | None, provider: str | None = None, when: datetime | None = None) -> Price:
    """The cost of `usage`. A cost that the host reported wins over the price list.

    `model` is the response's model, else the request's (Converse and Cohere name none in the answer). `provider` is a
    `Transcript.provider`; without one the model's name decides. `when` is the time of the recording (UTC if it has no
    zone): without it a model whose price has changed has no price, because today's would change from day to day.
    """
    if usage.cost is not None:
        return Price(cost=Decimal(str(usage.cost)), reason="as the host reported it")
    if usage.input_tokens is None and usage.output_tokens is None:
        return _unknown("the answer reports no tokens; ask for usage (OpenAI: stream_options={'include_usage': True})")
    if not model:
        return _unknown("neither the answer nor the request names a model")
    try:
        import genai_prices
    except ImportError:
        return _unknown(f"genai-prices is not installed. {_INSTALL}")
    provider_id, model = _as_listed(provider, model)
    try:
        found = genai_prices.calc_price(
            _listed_usage(genai_prices.Usage, usage),
            model,
            provider_id=provider_id,
            genai_request_timestamp=_with_zone(when),
        )
    except LookupError:
        version = genai_prices.__version__
        return _unknown(
            f"genai-prices {version} has no price for model {model!r}"
            + (f" of {provider_id!r}" if provider_id else "")
            + "; a newer genai-prices may know it"
        )
    except ValueError as problem:
        return _unknown(f"the reported counts contradict each other ({problem}); see Usage.check()")
    if when is None and isinstance(found.model.prices, list):
        return _unknown(
            f"the price of {found.model.id!r} has changed over time and the time of the recording is unknown; "
            "commit the cassette, or pass the time"
        )
    return Price(cost=found.total_price)


def price_of(transcript: Transcript, when: datetime | None = None) -> Price:
    """The cost of one answer at the time its body says, else at `when`."""
    if transcript.usage is None:
        return _unknown("the answer reports no usage")
    if transcript.created is not None:
        when = time_of(transcript.created) or when
    first = price(transcript.usage, transcript.model_name, transcript.provider, when)
    if first.cost is None and transcript.model and transcript.request_model:
        # Bedrock lists models under the ids of its requests, not under the names in the answers.
        second = price(transcript.usage, transcript.request_model, transcript.provider, when)
        return first if second.cost is None else second
    return first


def time_of(seconds: float) -> datetime | None:
    """The time in UTC of seconds since 1970, None for a number that is no time: a recorded one may be any."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _unknown(reason: str) -> Price:
    return Price(cost=None, reason=reason)


def _listed_usage(make: Callable[..., Any], usage: Usage) -> Any:
    counts = _known({theirs: getattr(usage, ours) for ours, theirs in _COUNTS})
    extras: dict[str, int | None] = {"web_searches": usage.server_tool_calls.get("web_search")}
    # Anthropic charges more for what is kept an hour; the plain count holds both kinds.
    creation = usage.wire.get("cache_creation")
    if isinstance(creation, dict) and isinstance(creation.get("ephemeral_1h_input_tokens"), int):
        extras["cache_write_1h_tokens"] = creation["ephemeral_1h_input_tokens"]
    try:
        return make(**counts, **_known(extras))
    except TypeError:
        # The price lists of 2025 have no place for these.
        return make(**counts)


def _known(counts: Mapping[str, int | None]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count is not None}


def _as_listed(provider: str | None, model: str) -> tuple[str | None, str]:
    """Our provider and model under the names of genai-prices, which knows most of ours as aliases."""
    if provider == "huggingface":
        # The router takes `model:host` and each host has its own prices.
        name, separator, host = model.rpartition(":")
        return (f"huggingface_{host}", name) if separator else (provider, model)
    return provider or None, model


def _with_zone(when: datetime | None) -> datetime | None:
    return when if when is None or when.tzinfo else when.replace(tzinfo=UTC)
