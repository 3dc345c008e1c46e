"""Which values snapshots know, and the tree of each: transcript, usage, requests, or a cassette as a whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from pytest_llmcassette.answers.read import poll_of, superseded, transcript_of
from pytest_llmcassette.cassette.model import Interaction, Outcome
from pytest_llmcassette.llm_cassette import LlmCassette
from pytest_llmcassette.protocols.conversations import message_of
from pytest_llmcassette.protocols.grpc_status import call_error, status_words
from pytest_llmcassette.protocols.transcript import Transcript
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.recorder.requests import SentRequest
from pytest_llmcassette.snapshot.nodes import Bare, Entry, Plain, Stack
from pytest_llmcassette.snapshot.ordinals import Ordinals
from pytest_llmcassette.snapshot.requests import RequestTrees
from pytest_llmcassette.snapshot.transcripts import describe, error_tree, transcript_tree, usage_tree


def is_known(data: object) -> bool:
    """Whether `tree` has a layout for this value; a list or tuple counts when all its items are of one known kind."""
    if isinstance(data, (list, tuple)):
        return bool(data) and any(all(isinstance(item, kind) for item in data) for kind in (Transcript, SentRequest))
    return isinstance(data, (Transcript, Usage, SentRequest, LlmCassette))


def tree(data: Any) -> Any:
    """The value's tree, ready for `layout.lines`. Ids are numbered anew for each call."""
    if isinstance(data, Usage):
        return usage_tree(data)
    if isinstance(data, Transcript):
        return transcript_tree(data, Ordinals(), f"answer: {describe(data)}")
    if isinstance(data, SentRequest):
        return RequestTrees(Ordinals()).tree(data)
    if isinstance(data, LlmCassette):
        return _cassette(data)
    if isinstance(data[0], Transcript):
        ids = Ordinals()
        return Stack(
            transcript_tree(transcript, ids, f"answer {number}: {describe(transcript)}")
            for number, transcript in enumerate(data, 1)
        )
    return _requests(data)


def _requests(requests: Sequence[SentRequest]) -> Stack:
    ids = Ordinals()
    trees = RequestTrees(ids)
    shown = Stack()
    for request in _without_early_polls(requests):
        shown.append(trees.tree(request))
        # Not shown, but its ids are numbered, so that their echoes carry the numbers that the cassette shows.
        _answer(0, request, ids)
    return shown


def _without_early_polls(requests: Sequence[SentRequest]) -> list[SentRequest]:
    """How often something was polled depends on the day; what was asked once is shown, whatever became of it."""
    gone = superseded(requests)
    return [request for request in requests if request not in gone or not poll_of(request)]


def _note_ids(interaction: Interaction, ids: Ordinals) -> None:
    with suppress(ValueError, RecursionError):
        ids.learn_from(json.loads(interaction.response.body))
    for message in filter(None, map(message_of, interaction.frames)):
        # By the names that xAI has for what is asked for again.
        ids.learn_from({"object": "request", "id": message.get("request_id", message.get("requestId"))})
        ids.learn_from(message)


def _cassette(cassette: LlmCassette) -> Bare:
    ids = Ordinals()
    trees = RequestTrees(ids)
    exchanges = Stack()
    for number, request in enumerate(_without_early_polls(cassette.requests), 1):
        asked = trees.tree(request)
        exchanges.append(Bare(request=asked, answer=_answer(number, request, ids)))
    return Bare(exchanges=exchanges)


def _answer(number: int, request: SentRequest, ids: Ordinals) -> Entry:
    interaction, transcript = request.interaction, transcript_of(request)
    if interaction is None:
        return Entry(f"answer {number}: none")
    status = status_words(interaction.response)
    _note_ids(interaction, ids)
    if transcript is None:
        shown = _unread_answer(f"answer {number}: {status if interaction.response.code else 'none'}", interaction, ids)
    else:
        shown = transcript_tree(transcript, ids, f"answer {number}: {status}, {describe(transcript)}")
    outcome = interaction.outcome
    if outcome is not Outcome.COMPLETE:
        # Without its message, which names addresses and ports.
        shown["connection"] = Plain(interaction.end if outcome is Outcome.FAILED else "closed by the client")
    return shown


def _unread_answer(heading: str, interaction: Interaction, ids: Ordinals) -> Entry:
    """What no protocol knows: of a conversation what its server said, of anything else the status alone."""
    shown = Entry(heading)
    if interaction.frames:
        # Imported here: most suites have no conversations.
        from pytest_llmcassette.snapshot.frames import heard_tree

        shown["heard"] = heard_tree(interaction.frames, ids)
    failed = call_error(interaction.response)
    if failed is not None:
        shown["error"] = error_tree(failed, ids)
    return shown
