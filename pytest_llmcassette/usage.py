"""What an exchange cost in tokens, normalised over all wire protocols.

Names follow the OpenTelemetry GenAI conventions (`gen_ai.usage.*`). An absent figure is None, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Token counts of one exchange, or of several added up (`+`).

    `input_tokens` counts all input, cached included; `output_tokens` all output, reasoning included;
    `total_tokens` is what the wire reported. `cost` is what the host reported, in `cost_currency` units.
    `wire` is the provider's own usage object, unchanged (empty in a sum).
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
    cost: float | None = None
    wire: Mapping[str, Any] = field(default_factory=dict)
