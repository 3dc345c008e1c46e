"""An exchange's answer, figures, cost and conversation. Imports the wire protocols and, for costs, the price list."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime

from pytest_llmcassette.answers.accounting import recorded_at
from pytest_llmcassette.answers.parts import Shown, cut, error_words, remarks, shown
from pytest_llmcassette.answers.prices import price, price_of, time_of
from pytest_llmcassette.answers.read import is_unread, superseded, transcript_of
from pytest_llmcassette.answers.said import asked
from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.protocols.transcript import Choice, Transcript
from pytest_llmcassette.protocols.usage import COUNTS
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.recorder.requests import SentRequest
from pytest_llmcassette.report.records import ExchangeRecord

_LONGEST = 20_000
"""No text on the page is longer than this many characters: a page of a large suite has to open."""


def add_answers(
    exchanges: Sequence[tuple[ExchangeRecord, SentRequest]], recorder: Recorder, *, priced: bool, detailed: bool
) -> None:
    """Fill in what was answered, but for what a later answer took over.

    `priced` looks up costs and the time of the recording, `detailed` adds the words.
    """
    gone = superseded(sent for _, sent in exchanges)
    for exchange, sent in exchanges:
        if sent.interaction is not None and sent not in gone:
            transcript = transcript_of(sent)
            _add_answer(exchange, transcript, recorder, priced=priced)
            exchange.uncounted = is_unread(sent)
            if detailed:
                _add_conversation(exchange, sent.interaction, transcript)


def _add_answer(exchange: ExchangeRecord, transcript: Transcript | None, recorder: Recorder, *, priced: bool) -> None:
    created = None if transcript is None else transcript.created
    if exchange.live:
        exchange.recorded_at = datetime.now(UTC).timestamp()
    elif created is not None and time_of(created) is not None:
        exchange.recorded_at = created
    elif priced:
        when = recorded_at(recorder.path)
        exchange.recorded_at = None if when is None else when.timestamp()
    if transcript is not None and transcript.is_billed:
        _add_figures(exchange, transcript)
        _add_cost(exchange, transcript, priced=priced or exchange.live)


def _add_figures(exchange: ExchangeRecord, transcript: Transcript) -> None:
    exchange.protocol = transcript.protocol
    exchange.provider = transcript.provider
    exchange.model = transcript.model_name
    exchange.stream = transcript.stream
    exchange.finish = transcript.finish_reason
    if transcript.usage is not None:
        counts = {name: count for name in COUNTS if (count := getattr(transcript.usage, name)) is not None}
        units = dict(transcript.usage.billed_units)
        exchange.usage = {**counts, "billed_units": units} if units else counts
    if transcript.error is not None:
        exchange.error = error_words(transcript.error)


def _add_cost(exchange: ExchangeRecord, transcript: Transcript, *, priced: bool) -> None:
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
    today = price_of(_timeless(transcript), now)
    exchange.cost = None if found.cost is None else str(found.cost)
    exchange.rerecord_cost = None if today.cost is None else str(today.cost)
    if found.cost is None:
        exchange.cost_reason = found.reason


def _timeless(transcript: Transcript) -> Transcript:
    """The answer without the time at which it was made."""
    return dataclasses.replace(transcript, created=None, turns=tuple(map(_timeless, transcript.turns)))


def _add_conversation(exchange: ExchangeRecord, interaction: Interaction, transcript: Transcript | None) -> None:
    exchange.asked = _listed(asked(interaction))
    exchange.chunks = [[arrival, size] for arrival, size in interaction.chunks]
    if interaction.response.duration_ns:
        exchange.wait_ms = interaction.response.duration_ns / 1e6
    if transcript is None:
        return
    for title, choice in _titled(transcript):
        parts = [one for part in choice.parts for one in shown(part)]
        if title:
            parts = [one._replace(title=f"{title} {one.title}".rstrip()) for one in parts]
        exchange.answered += _listed(parts)
    exchange.answered += _listed(remarks(transcript))


def _titled(transcript: Transcript) -> list[tuple[str, Choice]]:
    """The alternatives, or the turns, of an answer; a title for each where there are several."""
    if transcript.turns:
        named = (
            f"turn {number}" if turn.kind == transcript.kind else turn.kind
            for number, turn in enumerate(transcript.turns, 1)
        )
        return [(name, choice) for name, turn in zip(named, transcript.turns, strict=True) for choice in turn.choices]
    several = len(transcript.choices) > 1
    return [(f"choice {choice.index + 1}" if several else "", choice) for choice in transcript.choices]


def _listed(parts: Sequence[Shown]) -> list[list[str]]:
    return [[kind, title, cut(text, _LONGEST)] for kind, title, text in parts]
