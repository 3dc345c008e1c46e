"""Usage of the chat completions family, and of all who count alike: one shape on paper, many readings in practice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytest_llmcassette.protocols.reported_cost import reported_cost
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, counts_anything, counts_in, first_int, sum_known

_INPUT_DETAILS = ("prompt_tokens_details", "prompt_token_details", "input_tokens_details", "input_token_details")
_OUTPUT_DETAILS = ("completion_tokens_details", "output_tokens_details", "output_token_details")


def chat_usage(wire: Any, provider: str = "") -> Usage | None:
    """A `usage` object of chat completions, legacy completions, embeddings or responses; None when there is none.

    `prompt_tokens` include cached ones nearly everywhere, see `_input`; whether `completion_tokens` include reasoning
    depends on the host, see `_output`.
    """
    if not isinstance(wire, dict) or not wire:
        return None
    prompt, completion = _details(wire, _INPUT_DETAILS), _details(wire, _OUTPUT_DETAILS)
    reasoning = first_int(completion.get("reasoning_tokens"), wire.get("reasoning_tokens"))
    # DeepSeek says prompt_cache_hit_tokens, Mistral num_cached_tokens, Moonshot cached_tokens.
    cache_read = first_int(
        prompt.get("cached_tokens"),
        wire.get("prompt_cache_hit_tokens"),
        wire.get("num_cached_tokens"),
        wire.get("cached_tokens"),
        wire.get("cache_read_input_tokens"),
    )
    tools = counts_in(wire.get("server_tool_use")) | counts_in(wire.get("server_side_tool_usage_details"))
    if (searches := as_int(wire.get("num_search_queries"))) is not None:
        # Perplexity's count.
        tools["web_search"] = searches
    cache_creation = first_int(
        prompt.get("cache_write_tokens"), prompt.get("cache_creation_tokens"), wire.get("cache_creation_input_tokens")
    )
    asked = first_int(wire.get("prompt_tokens"), wire.get("input_tokens"))
    made = first_int(wire.get("completion_tokens"), wire.get("output_tokens"))
    total = as_int(wire.get("total_tokens"))
    return Usage(
        input_tokens=_input(asked, made, total, sum_known(cache_read, cache_creation)),
        output_tokens=_output(asked, made, total, reasoning, provider),
        total_tokens=total,
        cache_read_input_tokens=cache_read,
        cache_creation_input_tokens=cache_creation,
        reasoning_output_tokens=reasoning,
        audio_input_tokens=as_int(prompt.get("audio_tokens")),
        audio_output_tokens=as_int(completion.get("audio_tokens")),
        image_input_tokens=as_int(prompt.get("image_tokens")),
        image_output_tokens=as_int(completion.get("image_tokens")),
        server_tool_calls={name.removesuffix("_requests"): count for name, count in tools.items()},
        cost=reported_cost(wire),
        wire=wire,
    )


def _details(wire: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    for name in names:
        if wire.get(name):
            return as_dict(wire[name])
    return {}


def _input(asked: int | None, made: int | None, total: int | None, cached: int | None) -> int | None:
    if not cached or asked is None:
        return asked
    # Gateways that pass Anthropic's count on leave the cached ones out: the total says so, or their number.
    beside = cached > asked or total == asked + cached + (made or 0)
    return asked + cached if beside else asked


def _output(asked: int | None, made: int | None, total: int | None, reasoning: int | None, provider: str) -> int | None:
    if provider in ("gemini", "vertex") and total is not None and asked is not None and total >= asked:
        # Gemini's compatible API leaves thoughts out of completion_tokens and names them nowhere, but in the total.
        # An embedding has no completion, which is not one of 0 tokens.
        return total - asked if made is not None or total > asked else None
    if made is None or not reasoning:
        return made
    # xAI counts reasoning beside the completion, and so does whoever passes its numbers on: the total gives it away.
    beside = total == (asked or 0) + made + reasoning if total is not None else provider == "xai"
    # Vercel's gateway does so for Gemini models; it shows when there is more reasoning than completion.
    return made + reasoning if beside or (provider == "vercel" and reasoning > made) else made


def response_usage(wire: Any, tool_usage: Any, output: list[dict[str, Any]]) -> Usage | None:
    """The `usage` object of a response; None when there is none.

    `tool_usage` stands beside it at OpenAI and counts what is billed beside the model: searches, and the tokens of an
    image model, which are added. It has zeros for tools that were not used: those are left out. Where it does not count
    searches, those that the `output` lists count.
    """
    usage = chat_usage(wire)
    if usage is None:
        return None
    tools = dict(usage.server_tool_calls)
    counted = as_int(as_dict(as_dict(tool_usage).get("web_search")).get("num_requests"))
    searches = sum(map(_is_search, output)) if counted is None and not tools else counted
    if searches:
        tools["web_search"] = searches
    if files := sum(item.get("type") == "file_search_call" for item in output):
        tools.setdefault("file_search", files)
    if tools != usage.server_tool_calls:
        usage = replace(usage, server_tool_calls=tools)
    images = as_dict(as_dict(tool_usage).get("image_gen"))
    read_and_made = chat_usage(images) if counts_anything(images) else None
    return replace(usage + read_and_made, wire=wire | {"tool_usage": tool_usage}) if read_and_made else usage


def _is_search(item: dict[str, Any]) -> bool:
    """Whether an item is a search that is paid for: opening a page that was found, or looking through it, is not."""
    return item.get("type") == "web_search_call" and as_dict(item.get("action")).get("type") in (None, "search")
