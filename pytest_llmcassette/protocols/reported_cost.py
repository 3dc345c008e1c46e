"""What a host itself says that an answer cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pytest_llmcassette.protocols.wire_values import as_dict, as_float, as_int

_TICKS = 10**10
# Of what the provider charges, in chats and in responses.
_PARTS = ("prompt", "completions", "input", "output")


def reported_cost(wire: dict[str, Any]) -> float | None:
    """What a `usage` object says was paid, in US dollars; None when it does not say.

    xAI counts ticks. At OpenRouter, who brings a key (`is_byok`) pays the host's fee and, to the provider, its cost.
    """
    ticks = as_int(wire.get("cost_in_usd_ticks"))
    if ticks is not None:
        return ticks / _TICKS
    # DeepInfra calls it an estimate.
    value = wire.get("cost", wire.get("estimated_cost"))
    # A number at OpenRouter and Vercel, an object with a total at Perplexity.
    cost = as_float(value.get("total_cost")) if isinstance(value, dict) else as_float(value)
    if wire.get("is_byok") is not True:
        return cost
    details = as_dict(wire.get("cost_details"))
    upstream = [as_float(details.get("upstream_inference_cost"))]
    if upstream == [None]:
        upstream = [as_float(details.get(f"upstream_inference_{part}_cost")) for part in _PARTS]
    known = [Decimal(str(one)) for one in (cost, *upstream) if one is not None]
    return float(sum(known)) if known else None
