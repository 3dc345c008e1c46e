"""What an exchange cost in tokens, normalised over all wire protocols.

Names follow the OpenTelemetry GenAI conventions (`gen_ai.usage.*`). An absent figure is None, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

_Figure = TypeVar("_Figure", int, float)

# https://opentelemetry.io/docs/specs/semconv/registry/attributes/gen-ai/ ; figures it has no name for are left out.
_OTEL = {
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cache_read_input_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_creation_input_tokens": "gen_ai.usage.cache_creation.input_tokens",
    "reasoning_output_tokens": "gen_ai.usage.reasoning.output_tokens",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Token counts of one exchange, or of several added up (`+`).

    `input_tokens` counts all input, cached included; `output_tokens` all output, reasoning included;
    `total_tokens` is what the wire reported. `billed_units` counts what is paid for by other units, by their names:
    `{"search_units": 1, "pages": 2, "images": 1, "characters": 90, "seconds": 12.5}`. `cost` is what the host
    reported, in the host's currency (US dollars).
    `wire` is the provider's own usage object, unchanged (empty in a sum), with the one for tools
    beside it, if any.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    reasoning_output_tokens: int | None = None
    audio_input_tokens: int | None = None
    audio_output_tokens: int | None = None
    image_input_tokens: int | None = None
    image_output_tokens: int | None = None
    server_tool_calls: Mapping[str, int] = field(default_factory=dict)
    billed_units: Mapping[str, int | float] = field(default_factory=dict)
    cost: float | None = None
    wire: Mapping[str, Any] = field(default_factory=dict)

    def __add__(self, other: Usage) -> Usage:
        """Both together. A figure that only one side knows is that side's; one that neither knows stays None."""
        if not isinstance(other, Usage):
            return NotImplemented
        counts: dict[str, Any] = {name: _plus(getattr(self, name), getattr(other, name)) for name in COUNTS}
        tools = _merged(self.server_tool_calls, other.server_tool_calls)
        units = _merged(self.billed_units, other.billed_units)
        return Usage(**counts, server_tool_calls=tools, billed_units=units, cost=_plus(self.cost, other.cost))

    def __radd__(self, other: int) -> Usage:
        """Lets `sum(usages)` begin with its 0."""
        return self if other == 0 else NotImplemented

    def check(self) -> tuple[str, ...]:
        """The rules that these figures break, in words; empty when all hold. Only known figures are compared."""
        broken = [f"{name} is negative: {value}" for name in COUNTS if (value := getattr(self, name) or 0) < 0]
        cached = _plus(self.cache_read_input_tokens, self.cache_creation_input_tokens)
        if cached is not None and self.input_tokens is not None and cached > self.input_tokens:
            broken.append(f"cache read + creation ({cached}) exceed input_tokens ({self.input_tokens})")
        reasoning = self.reasoning_output_tokens
        if reasoning is not None and self.output_tokens is not None and reasoning > self.output_tokens:
            broken.append(f"reasoning_output_tokens ({reasoning}) exceed output_tokens ({self.output_tokens})")
        if None not in (self.total_tokens, self.input_tokens, self.output_tokens):
            parts = (self.input_tokens or 0) + (self.output_tokens or 0)
            if self.total_tokens != parts:
                broken.append(f"total_tokens ({self.total_tokens}) are not input + output ({parts})")
        return tuple(broken)

    def otel_attributes(self) -> dict[str, int]:
        """The known figures under their OpenTelemetry GenAI attribute names."""
        return {key: getattr(self, name) for name, key in _OTEL.items() if getattr(self, name) is not None}


COUNTS = tuple(one.name for one in fields(Usage) if one.name.endswith("_tokens"))
"""The names of the token counts, in the order of `Usage`."""


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


def _plus(one: _Figure | None, other: _Figure | None) -> _Figure | None:
    if one is None:
        return other
    return one if other is None else one + other
