"""What an answer cost in US dollars, by the price list of genai-prices (extra `[prices]`), or why that is unknown.

genai-prices is imported at the first question: it takes a fifth of a second. It prices offline, from the list it was
released with. Its `input_tokens` hold cached input and its `output_tokens` reasoning, as ours do: `decompose.py` there
takes the more specific counts out of the wider ones before it multiplies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pytest_llmcassette.answers.price_list import context_of, counts_of, gap_in, has_steps
from pytest_llmcassette.protocols.anthropic_usage import apart
from pytest_llmcassette.protocols.usage import Usage

if TYPE_CHECKING:
    from pytest_llmcassette.protocols.transcript import Transcript

_INSTALL = "Install the price list: pip install 'pytest-llmcassette[prices]'"
_ASK = "the answer reports no tokens; ask for usage (OpenAI: stream_options={'include_usage': True})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A cost in `currency`; None when it is unknown. `reason` says why it is unknown, or that the host reported it."""

    cost: Decimal | None
    currency: str = "USD"
    reason: str | None = None


def price(
    usage: Usage,
    model: str | None,
    provider: str | None = None,
    when: datetime | None = None,
    *,
    tier: str | None = None,
) -> Price:
    """The cost of `usage`. A cost that the host reported wins over the price list.

    `model` is the response's model, else the request's (Converse and Cohere name none in the answer). `provider` is a
    `Transcript.provider`; without one the model's name decides. `when` is the time of the recording (UTC if it has no
    zone): without it a model whose price has changed has no price, because today's would change from day to day. `tier`
    is a `Transcript.service_tier`.
    """
    if usage.cost is not None:
        return Price(cost=Decimal(str(usage.cost)), reason="as the host reported it")
    if "tool_usage" in usage.wire:
        return _unknown("an image model worked for the answer, which does not name it")
    # Each pass is a request of its own, which steps of a price go by.
    passes = [(one_model or model, one) for one_model, one in apart(usage)]
    return _sum(_listed_price(one, name, provider, _with_zone(when), tier) for name, one in passes)


def _sum(parts: Iterable[Price]) -> Price:
    """All together; unknown where one of them is."""
    prices = list(parts)
    unknown = next((one for one in prices if one.cost is None), None)
    return unknown or Price(cost=sum((one.cost for one in prices if one.cost is not None), Decimal(0)))


def _listed_price(
    usage: Usage, model: str | None, provider: str | None, when: datetime | None, tier: str | None
) -> Price:
    if usage.input_tokens is None and usage.output_tokens is None and not any(usage.billed_units.values()):
        return _unknown(_ASK)
    if not model:
        return _unknown("neither the answer nor the request names a model")
    try:
        import genai_prices
    except ImportError:
        return _unknown(f"genai-prices is not installed. {_INSTALL}")
    provider_id, model = _as_listed(provider, model)
    counts, context = counts_of(usage, model), context_of(usage, tier)
    version = genai_prices.__version__
    try:
        listed, left_out = _listed_usage(genai_prices.Usage, counts)
        served = {"price_context": context} if context else {}
        found = genai_prices.calc_price(listed, model, provider_id=provider_id, genai_request_timestamp=when, **served)
    except LookupError:
        return _unknown(
            f"genai-prices {version} has no price for model {model!r}"
            + (f" of {provider_id!r}" if provider_id else "")
            + "; a newer genai-prices may know it"
        )
    except ValueError as problem:
        return _unknown(f"the reported counts contradict each other ({problem}); see Usage.check()")
    except TypeError:
        return _unknown(f"genai-prices {version} has one price for all tiers and speeds; a newer one has more")
    if when is None and isinstance(found.model.prices, list):
        return _unknown(
            f"the price of {found.model.id!r} has changed over time and the time of the recording is unknown; "
            "commit the cassette, or pass the time"
        )
    if left_out:
        return _unknown(f"genai-prices {version} has no place for {', '.join(left_out)}; a newer one has")
    gap = gap_in(found, usage, counts, context, when)
    if gap is None and tier == "batch" and has_steps(found.model_price, usage.input_tokens or 0):
        gap = f"the price of {found.model.id!r} goes by the size of each request, and a batch tells but the sum"
    return Price(cost=found.total_price) if gap is None else _unknown(f"{gap} (genai-prices {version})")


def price_of(transcript: Transcript, when: datetime | None = None) -> Price:
    """The cost of one answer at the time its body says, else at `when`."""
    if transcript.turns:
        # Each is a request of its own, perhaps of another model.
        return _sum(price_of(turn, when) for turn in transcript.turns if turn.is_billed)
    if transcript.usage is None:
        return _unknown("the answer reports no usage")
    if transcript.created is not None:
        when = time_of(transcript.created) or when
    provider, tier, usage = transcript.provider, transcript.service_tier, transcript.usage
    if usage.input_tokens is None and transcript.kind == "embedding":
        # Voyage AI names the total alone, which is input.
        usage = replace(usage, input_tokens=usage.total_tokens)
    first = price(usage, transcript.model_name, provider, when, tier=tier)
    if first.cost is None and transcript.model and transcript.request_model:
        # Bedrock lists models under the ids of its requests, not under the names in the answers.
        second = price(usage, transcript.request_model, provider, when, tier=tier)
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


_EVERY_LIST_HAS = frozenset({"input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"})
# As parts of those they cost what those do, but for few models.
_FINE_PARTS = ("input_image", "input_video", "cache_image", "cache_audio", "cache_video")


def _listed_usage(make: Callable[..., Any], counts: Mapping[str, int | float]) -> tuple[Any, list[str]]:
    """The counts as the list wants them, and the names of those that it has no place for."""
    try:
        return make(**counts), []
    except TypeError:
        # The price lists of 2025.
        known = {name: count for name, count in counts.items() if name in _EVERY_LIST_HAS or "audio_tokens" in name}
        missing = [name for name, count in counts.items() if count and name not in known]
        return make(**known), [name for name in missing if not name.startswith(_FINE_PARTS)]


def _as_listed(provider: str | None, model: str) -> tuple[str | None, str]:
    """Our provider and model under the names of genai-prices, which knows most of ours as aliases."""
    if provider == "huggingface":
        # The router takes `model:host` and each host has its own prices.
        name, separator, host = model.rpartition(":")
        return (f"huggingface_{host}", name) if separator else (provider, model)
    return "voyageai" if provider == "api.voyageai.com" else provider or None, model


def _with_zone(when: datetime | None) -> datetime | None:
    return when if when is None or when.tzinfo else when.replace(tzinfo=UTC)
