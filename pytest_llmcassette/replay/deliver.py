"""From a recorded interaction to its delivery: the plan, its timing, and the changes that somebody asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pytest_llmcassette.cassette.model import Interaction, Outcome, Response
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.errors import RecordingTruncated
from pytest_llmcassette.replay.chunking import cut, sizes_of
from pytest_llmcassette.replay.head import head_of
from pytest_llmcassette.replay.pieces import Piece, by_event, each_message, in_one
from pytest_llmcassette.replay.plan import Change, Delivery, End
from pytest_llmcassette.replay.timing import at_once, timing

__all__ = ["Change", "Delivery", "End", "deliver"]

GIVEN_UP_SECONDS = 60.0
"""How long a replayed request that its recording client gave up before an answer waits to be given up again."""

CANCELLED_SECONDS = 1.0
"""How long an async stream that its recording client closed waits at the cut: a task or a deadline may cancel it again,
as it did then, but a client that just reads on is to be told soon."""


def deliver(interaction: Interaction, config: CassetteConfig, changes: Iterable[Change] = ()) -> Delivery:
    """How this answer is delivered under these switches: timed, then changed by `changes`, in order, then cut."""
    sizes = None if config.chunking == "event" else sizes_of(interaction, config.chunking)
    is_instant = config.timing == "instant"
    # What is cut elsewhere needs no events, unless a change or the timing goes by them.
    split = by_event if sizes is None or changes or not is_instant else in_one
    delivery = (at_once if is_instant else timing(config.timing))(_plan(interaction, split))
    for change in changes:
        delivery = change(delivery)
    return delivery if sizes is None or interaction.frames else cut(delivery, sizes)


def _plan(interaction: Interaction, split: Callable[[Response], Iterable[Piece]]) -> Delivery:
    """The answer as it is stored, each piece as soon as it is asked for, with the end that it had."""
    outcome = interaction.outcome
    if outcome is Outcome.GIVEN_UP:
        return Delivery(interaction, None, end=End(stop=_truncated(interaction), patience=GIVEN_UP_SECONDS))
    if not interaction.response.code:
        return Delivery(interaction, None, end=End(interaction.end, interaction.end_message))
    pieces = each_message(interaction) if interaction.frames else split(interaction.response)
    delivery = Delivery(interaction, head_of(interaction, outcome), pieces)
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
    frames, body = interaction.frames, interaction.response.body
    extent = f"{len(frames)} messages" if frames else f"{len(body)} bytes"
    return RecordingTruncated(
        f"The recording of {request.method} {request.url} ends after {extent}, where "
        "its client closed the stream; this run reads on.\nRecord this cassette again, with the code as it is now."
    )
