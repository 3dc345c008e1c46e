"""Anthropic's `usage` object, normalised: the message's own tokens, and those of other passes beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_llmcassette.protocols.reported_cost import reported_cost
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, as_str, counts_in, dict_list, sum_known


def message_usage(wire: dict[str, Any]) -> Usage:
    """All that is billed of the message's model. Cached input is reported beside `input_tokens` and added here.

    So are the passes that shortened the context: the top level leaves them out (`BetaUsage.iterations` of the anthropic
    SDK). It leaves out a model that was asked for advice as well, which has other prices: see `apart`.
    """
    server_tools = counts_in(wire.get("server_tool_use"))
    own = _tokens(
        wire,
        reasoning_output_tokens=as_int(as_dict(wire.get("output_tokens_details")).get("thinking_tokens")),
        server_tool_calls={name.removesuffix("_requests"): count for name, count in server_tools.items()},
        cost=reported_cost(wire),
        wire=wire,
    )
    passes = _passes(wire, ("compaction",))
    return replace(sum(map(_tokens, passes), own), wire=wire) if passes else own


def apart(usage: Usage) -> list[tuple[str | None, Usage]]:
    """A usage by passes, each with its model's name where that is not the answer's: what a price has to go by.

    The message's own first; a model that was asked for advice is here, though not in the usage. One that is not
    Anthropic's, or has no other passes, stays as it is.
    """
    beside = _passes(usage.wire, ("compaction", "advisor_message"))
    if not beside:
        return [(None, usage)]
    own = {name: value for name, value in usage.wire.items() if name != "iterations"}
    # Served alike: at one tier, with one speed, in one place.
    served = {name: value for name, value in own.items() if name in ("speed", "inference_geo")}
    passes = [(as_str(one.get("model")), replace(_tokens(one), wire=served | one)) for one in beside]
    return [(None, message_usage(own)), *passes]


def _passes(wire: Mapping[str, Any], kinds: tuple[str, ...]) -> list[dict[str, Any]]:
    return [entry for entry in dict_list(wire.get("iterations")) if entry.get("type") in kinds]


def _tokens(counts: dict[str, Any], **more: Any) -> Usage:
    read = as_int(counts.get("cache_read_input_tokens"))
    created = as_int(counts.get("cache_creation_input_tokens"))
    return Usage(
        input_tokens=sum_known(as_int(counts.get("input_tokens")), read, created),
        output_tokens=as_int(counts.get("output_tokens")),
        cache_read_input_tokens=read,
        cache_creation_input_tokens=created,
        **more,
    )
