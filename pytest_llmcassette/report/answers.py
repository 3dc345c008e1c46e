"""An exchange's answer, figures, cost and conversation. Imports the wire protocols and, for costs, the price list."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pytest_llmcassette.answers.accounting import recorded_at
from pytest_llmcassette.answers.prices import price, price_of, time_of
from pytest_llmcassette.answers.request_messages import request_lines
from pytest_llmcassette.answers.superseded import superseded
from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.transcript import (
    Media,
    Part,
    Reasoning,
    Refusal,
    ServerToolCall,
    Text,
    ToolCall,
    Transcript,
)
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.report.records import ExchangeRecord

_COUNTS = tuple(field.name for field in dataclasses.fields(Usage) if field.name.endswith("_tokens"))
_LONGEST = 20_000
"""No text on the page is longer than this many characters: a page of a large suite has to open."""


def add_answers(
    exchanges: Sequence[tuple[ExchangeRecord, Interaction]], recorder: Recorder, *, priced: bool, detailed: bool
) -> None:
    """Fill in what was answered, but for what a later answer took over.

    `priced` looks up costs and the time of the recording, `detailed` adds the words.
    """
    answered = [(interaction, registry.read(interaction)) for _, interaction in exchanges]
    gone = superseded(answered)
    for place, (exchange, (interaction, transcript)) in enumerate(
        zip((one for one, _ in exchanges), answered, strict=True)
    ):
        if place not in gone:
            _add_answer(exchange, interaction, transcript, recorder, priced=priced, detailed=detailed)


def _add_answer(
    exchange: ExchangeRecord,
    interaction: Interaction,
    transcript: Transcript | None,
    recorder: Recorder,
    *,
    priced: bool,
    detailed: bool,
) -> None:
    if transcript is not None:
        _add_figures(exchange, transcript)
        _add_time_and_cost(exchange, transcript, recorder, priced=priced or exchange.live)
    elif exchange.live:
        exchange.recorded_at = datetime.now(UTC).timestamp()
    elif priced:
        exchange.recorded_at = _committed(recorder)
    if detailed:
        _add_conversation(exchange, interaction, transcript)


def _add_figures(exchange: ExchangeRecord, transcript: Transcript) -> None:
    exchange.protocol = transcript.protocol
    exchange.provider = transcript.provider
    exchange.model = transcript.model or transcript.request_model
    exchange.stream = transcript.stream
    exchange.finish = transcript.finish_reason
    if transcript.usage is not None:
        exchange.usage = {name: count for name in _COUNTS if (count := getattr(transcript.usage, name)) is not None}
    if transcript.error is not None:
        words = (transcript.error.status, transcript.error.type, transcript.error.message)
        # Some name the status again as the type.
        exchange.error = " ".join(dict.fromkeys(str(word) for word in words if word is not None))


def _add_time_and_cost(exchange: ExchangeRecord, transcript: Transcript, recorder: Recorder, *, priced: bool) -> None:
    if exchange.live:
        exchange.recorded_at = datetime.now(UTC).timestamp()
    elif transcript.created is not None and time_of(transcript.created) is not None:
        exchange.recorded_at = transcript.created
    elif priced:
        exchange.recorded_at = _committed(recorder)
    if transcript.usage is None:
        exchange.cost_reason = "the answer reports no usage" if transcript.error is None else None
        return
    if not priced:
        if transcript.usage.cost is not None:
            exchange.cost = exchange.rerecord_cost = str(price(transcript.usage, None).cost)
        return
    now = datetime.now(UTC)
    when = now if exchange.live else None if exchange.recorded_at is None else time_of(exchange.recorded_at)
    found = price_of(transcript, when)
    today = price_of(dataclasses.replace(transcript, created=None), now)
    exchange.cost = None if found.cost is None else str(found.cost)
    exchange.rerecord_cost = None if today.cost is None else str(today.cost)
    if found.cost is None:
        exchange.cost_reason = found.reason


def _committed(recorder: Recorder) -> float | None:
    when = recorded_at(recorder.path)
    return None if when is None else when.timestamp()


def _add_conversation(exchange: ExchangeRecord, interaction: Interaction, transcript: Transcript | None) -> None:
    exchange.asked = [[role, _cut(text)] for role, text in request_lines(interaction.request.body)]
    exchange.chunks = [[arrival, size] for arrival, size in interaction.chunks]
    if interaction.response.duration_ns:
        exchange.wait_ms = interaction.response.duration_ns / 1e6
    if transcript is None:
        return
    for choice in transcript.choices:
        prefix = f"choice {choice.index + 1} " if len(transcript.choices) > 1 else ""
        for part in choice.parts:
            kind, title, text = _shown(part)
            exchange.answered.append([kind, (prefix + title).strip(), _cut(text)])
    exchange.answered += [["note", "note", _cut(note)] for note in transcript.notes]
    if not transcript.complete and transcript.error is None:
        exchange.answered.append(["note", "note", "The answer does not reach its end."])


def _shown(part: Part) -> tuple[str, str, str]:
    match part:
        case Text():
            sources = [f"[{source.title or source.url or 'source'}] {source.url or ''}" for source in part.citations]
            return "text", "", "\n".join([part.text, *sources])
        case Reasoning():
            hidden = len(part.encrypted or "")
            return "reasoning", "reasoning", part.text or (f"encrypted, {hidden:,} characters" if hidden else "signed")
        case Refusal():
            return "refusal", "refusal", part.text
        case ToolCall() | ServerToolCall():
            call = ToolCall(id=None, name=None, arguments=part.arguments)
            pretty = json.dumps(call.parsed, indent=2, ensure_ascii=False) if call.parsed else part.arguments
            where = "provider runs " if isinstance(part, ServerToolCall) else ""
            return "tool", f"{where}{part.name or 'tool'}", pretty
        case Media():
            size = "" if part.size is None else f", {part.size:,} bytes"
            return "media", part.kind, f"{part.media_type or ''}{size} {part.digest or part.url or ''}".strip(", ")
        case _:
            return "note", type(part).__name__, _any_text(getattr(part, "content", None) or getattr(part, "raw", None))


def _any_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, default=str)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text):,} characters)"
