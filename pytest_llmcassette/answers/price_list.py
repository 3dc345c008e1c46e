"""What genai-prices is told of an answer: counts by kind, and how it was served; and what of that it has no price for.

Where a list has no price for a kind of tokens or a tier, it takes that of the plain ones: wrong by factors up to 12.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, dict_list

_COUNTS = (
    ("input_tokens", "input_tokens"),
    ("output_tokens", "output_tokens"),
    ("cache_read_input_tokens", "cache_read_tokens"),
    ("cache_creation_input_tokens", "cache_write_tokens"),
    ("audio_input_tokens", "input_audio_tokens"),
    ("audio_output_tokens", "output_audio_tokens"),
    ("image_input_tokens", "input_image_tokens"),
    ("image_output_tokens", "output_image_tokens"),
)
_TOOLS = {"web_search": "web_searches", "file_search": "storage_searches"}
# A whole recording is input as well as audio: some models are listed by the one, some by the other.
_UNITS = {
    "search_units": ("rerank_searches",),
    "pages": ("input_document_pages",),
    "images": ("images",),
    "characters": ("input_characters",),
    "seconds": ("audio_seconds", "input_audio_seconds"),
    "text_messages": ("input_text_messages",),
}
# What has no price of a wider kind to fall back on, or one that is wrong.
_NEEDS = {
    "web_searches": ("web_searches_kcount", "web searches"),
    "storage_searches": ("storage_searches_kcount", "file searches"),
    "cache_write_1h_tokens": ("cache_write_1h_mtok", "what is cached for an hour"),
}
_UNIT_PRICES = {
    "search_units": "rerank_searches_kcount",
    "pages": "input_document_kpages",
    "characters": "input_mchars",
    "seconds": "audio_hours",
    "text_messages": "input_text_messages_kcount",
}
# Paid for beside tokens, not in their place.
_BESIDE = ("sources", "text_messages")
_PLAIN_TIERS = frozenset({"default", "standard", "auto", "on_demand", "unspecified", "traffic_type_unspecified"})
# Google's types of traffic.
_TIERS = {"on_demand_flex": "flex", "on_demand_priority": "priority"}
_GOOGLE_DETAILS = {
    "input": ("promptTokensDetails", "toolUsePromptTokensDetails"),
    "output": ("candidatesTokensDetails", "responseTokensDetails"),
    "cache": ("cacheTokensDetails",),
}
# Until its third generation Gemini was paid by prompts that were searched for, then by searches.
_PER_PROMPT = re.compile(r"gemini-[12]\b")
_GOOGLE_KINDS = {"AUDIO": "audio", "IMAGE": "image", "DOCUMENT": "image", "VIDEO": "video"}


def context_of(usage: Usage, tier: str | None) -> dict[str, str]:
    """How an answer was served, in the price list's words; empty for the plain way."""
    context = {}
    word = (tier or "default").lower()
    word = _TIERS.get(word, word)
    if word == "batch":
        context["processing"] = "batch"
    elif word not in _PLAIN_TIERS:
        context["service_tier"] = word
    speed = usage.wire.get("speed")
    if isinstance(speed, str) and speed not in ("", "standard"):
        context["speed"] = speed
    return context


def counts_of(usage: Usage, model: str) -> dict[str, int | float]:
    """The counts under the price list's names."""
    wire = usage.wire
    billed = as_dict(wire.get("billed_units"))
    if "input_tokens" in billed or "output_tokens" in billed:
        # Cohere counts what is paid for beside what it read: a template of its own is free.
        counts: dict[str, Any] = {name: as_int(billed.get(name)) for name in ("input_tokens", "output_tokens")}
    else:
        counts = {theirs: getattr(usage, ours) for ours, theirs in _COUNTS}
        counts["cache_write_1h_tokens"] = _kept_an_hour(wire)
        # Realtime sessions have the other name.
        inputs = as_dict(wire.get("prompt_tokens_details") or wire.get("input_token_details"))
        details = as_dict(inputs.get("cached_tokens_details"))
        counts["cache_audio_read_tokens"] = as_int(details.get("audio_tokens"))
        counts["cache_image_read_tokens"] = as_int(details.get("image_tokens"))
        counts.update(_by_modality(wire))
    counts.update({theirs: usage.server_tool_calls.get(ours) for ours, theirs in _TOOLS.items()})
    if counts["web_searches"] and _PER_PROMPT.match(model.rpartition("/")[2]):
        counts["web_searches"] = 1
    for unit, count in usage.billed_units.items():
        counts.update(dict.fromkeys(_UNITS.get(unit, ()), count))
    counts.pop("images", None)
    return {name: count for name, count in counts.items() if count is not None}


def _kept_an_hour(wire: Mapping[str, Any]) -> int | None:
    """Of what was written to a cache, what is kept an hour: at Anthropic, and in Converse."""
    hour = as_int(as_dict(wire.get("cache_creation")).get("ephemeral_1h_input_tokens"))
    if hour is not None:
        return hour
    return next(
        (as_int(one.get("inputTokens")) for one in dict_list(wire.get("cacheDetails")) if one.get("ttl") == "1h"), None
    )


def _by_modality(wire: Mapping[str, Any]) -> dict[str, int]:
    """Google's counts by modality; a document is seen page by page."""
    found: dict[str, int] = {}
    for way, names in _GOOGLE_DETAILS.items():
        for entry in (one for name in names for one in dict_list(wire.get(name))):
            kind, count = _GOOGLE_KINDS.get(str(entry.get("modality"))), as_int(entry.get("tokenCount"))
            if kind is not None and count is not None:
                name = f"cache_{kind}_read_tokens" if way == "cache" else f"{way}_{kind}_tokens"
                found[name] = found.get(name, 0) + count
    return found


def gap_in(
    found: Any, usage: Usage, counts: Mapping[str, int | float], context: Mapping[str, str], when: datetime | None
) -> str | None:
    """What the list has no price for, as the reason of an unknown cost; None when it has all. `found` is its answer."""
    model, prices = found.model.id, found.model_price
    gap = _no_variant(found, context, when)
    if gap is not None:
        return gap
    region = usage.wire.get("inference_geo")
    if isinstance(region, str) and region not in ("", "global", "not_available"):
        return f"the price list has no price of {model!r} for inference in {region!r} alone"
    for count, (price, words) in _NEEDS.items():
        if counts.get(count) and not _has(prices, price):
            return f"the price list has no price of {model!r} for {words}"
    # A voice that is paid for by the hour takes nothing for its tokens.
    by_hours = _has(prices, "audio_hours") and not _has(prices, "output_mtok")
    for kind in () if by_hours and usage.billed_units.get("seconds") else ("audio", "image"):
        for way in ("input", "output"):
            if _is_mispriced(prices, found.provider.id, counts, way, kind):
                return f"the price list has no price of {model!r} for {kind} {way}"
    has_tokens = counts.get("input_tokens") or counts.get("output_tokens")
    for unit, amount in usage.billed_units.items():
        if amount and (unit in _BESIDE or not has_tokens) and not _has(prices, _UNIT_PRICES.get(unit, "")):
            return f"the price list has no price of {model!r} for {unit.replace('_', ' ')}"
    return None


def _no_variant(found: Any, context: Mapping[str, str], when: datetime | None) -> str | None:
    if not context:
        return None
    how = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in context.items())
    # Of a model that it has from another provider the list uses plain prices only.
    own = any(one is found.model for one in found.provider.models)
    fitting = [one for one in getattr(found.model, "price_variants", None) or () if own and one.when == context]
    if not fitting:
        return f"the price list has no price of {found.model.id!r} for {how}"
    if any(one.constraint is None or (when is not None and one.constraint.active(when)) for one in fitting):
        return None
    return f"the price list does not know the price of {found.model.id!r} for {how} at the time of the recording"


def _is_mispriced(prices: Any, provider: str, counts: Mapping[str, int | float], way: str, kind: str) -> bool:
    """Whether the list would take the price of text for what costs more.

    Images that are read cost what text does, and so does, at Google, speech that is heard, unless the list says other.
    A model that writes nothing else has its price as that of its output.
    """
    count = counts.get(f"{way}_{kind}_tokens")
    if not count or _has(prices, f"{way}_{kind}_mtok") or (kind == "image" and way == "input"):
        return False
    if provider == "google" and kind == "audio":
        return False
    return (provider == "google" and way == "output") or count < counts.get(f"{way}_tokens", 0)


def _has(prices: Any, name: str) -> bool:
    return getattr(prices, name, None) is not None if name else False


def has_steps(prices: Any, tokens: int) -> bool:
    """Whether more than so many input tokens in one request cost more than fewer do."""
    steps = [step.start for price in vars(prices).values() for step in getattr(price, "tiers", ())]
    return bool(steps) and tokens > min(steps)
