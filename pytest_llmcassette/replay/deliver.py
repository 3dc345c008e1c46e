"""From a recorded interaction to its delivery: the plan, its timing, and the changes that somebody asked for."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_llmcassette.cassette.model import Interaction, Outcome
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.errors import RecordingTruncated
from pytest_llmcassette.replay.head import head_of
from pytest_llmcassette.replay.pieces import by_event
from pytest_llmcassette.replay.plan import Change, Delivery, End
from pytest_llmcassette.replay.timing import as_recorded, at_once

__all__ = ["Change", "Delivery", "End", "deliver"]

GIVEN_UP_SECONDS = 60.0
"""How long a replayed request that its recording client gave up before an answer waits to be given up again."""

CANCELLED_SECONDS = 1.0
"""How long an async stream that its recording client closed waits at the cut: a task or a deadline may cancel it again,
as it did then, but a client that just reads on is to be told soon."""

_TIMINGS = {"instant": at_once, "recorded": as_recorded}


def deliver(interaction: Interaction, config: CassetteConfig, changes: Iterable[Change] = ()) -> Delivery:
    """How this answer is delivered under these switches, then changed by `changes`, in order."""
    delivery = _TIMINGS[config.timing](_plan(interaction))
    for change in changes:
        delivery = change(delivery)
    return delivery


def _plan(interaction: Interaction) -> Delivery:
    """The answer as it is stored, each event as soon as it is asked for, with the end that it had."""
    outcome = interaction.outcome
    if outcome is Outcome.GIVEN_UP:
        return Delivery(interaction, None, end=End(stop=_truncated(interaction), patience=GIVEN_UP_SECONDS))
    if not interaction.response.code:
        return Delivery(interaction, None, end=End(interaction.end, interaction.end_message))
    delivery = Delivery(interaction, head_of(interaction, outcome), by_event(interaction.response))
    if outcome is Outcome.COMPLETE:
        return delivery
    if outcome is Outcome.CLOSED:
        delivery.end = End(stop=_truncated(interaction), patience=CANCELLED_SECONDS)
    else:
        delivery.end = End(interaction.end, interaction.end_message)
    return delivery


def _truncated(interaction: Interaction) -> RecordingTruncated:
    """The error for a client that reads on past the point where the recording client closed the stream."""
    request = interaction.request
    if interaction.outcome is Outcome.GIVEN_UP:
        return RecordingTruncated(
            f"{request.method} {request.url} was given up by its client before an answer came when it was recorded; "
            "this run waits for an answer.\nRecord this cassette again, with the code as it is now."
        )
    return RecordingTruncated(
        f"The recording of {request.method} {request.url} ends after {len(interaction.response.body)} bytes, where "
        "its client closed the stream; this run reads on.\nRecord this cassette again, with the code as it is now."
    )
