"""What is paid for beside chats: each API's answer, plain and streamed, as one transcript with what it is billed by."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.free import free_kind
from pytest_llmcassette.protocols.transcript import Media, Transcript

from .made import interaction
from .paid import CASES, Paid


def said(transcript: Transcript, name: str) -> Any:
    """A field by its name in `Paid.says`."""
    if name == "calls":
        return [(call.id, call.name, call.arguments) for call in transcript.tool_calls]
    if name == "media":
        return [(part.size, part.kind) for part in transcript.parts if isinstance(part, Media)]
    if name.startswith("usage."):
        return getattr(transcript.usage, name.removeprefix("usage."))
    return getattr(transcript, name)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_it_says(case: Paid) -> None:
    transcript = registry.read(case.recorded())
    assert transcript is not None, "no protocol claimed the exchange"
    assert (transcript.protocol, transcript.kind) == (case.protocol, case.kind)
    assert {name: said(transcript, name) for name in case.says} == case.says
    assert transcript.complete
    assert transcript.error is None
    assert transcript.usage is None or transcript.usage.check() == ()


STREAMED = {name: case for name, case in CASES.items() if case.says.get("stream")}


@pytest.mark.parametrize("case", STREAMED.values(), ids=STREAMED)
def test_a_cut_stream_is_not_complete(case: Paid) -> None:
    whole = case.answer
    for end in (len(whole) // 2, whole.rstrip().rindex(b"\n", 0, -2)):
        transcript = registry.read(case._replace(answer=whole[:end]).recorded())
        assert transcript is None or not transcript.complete


def test_garbage_is_read_without_a_fault() -> None:
    garbage = (
        b"",
        b"{",
        b"[]",
        b"{}",
        b"[[1]]",
        b"null",
        b"\xff",
        b"7",
        b"data: 7\n\n",
        b'{"error": {"message": 5}}',
    )
    for (name, case), body in product(CASES.items(), garbage):
        transcript = registry.read(case._replace(answer=body).recorded())
        notes = () if transcript is None else transcript.notes
        assert not [note for note in notes if note.startswith("could not be read")], (name, body)


# An answer of Databricks is known by its look alone.
POSTED = {name: case for name, case in CASES.items() if not case.url.startswith("GET") and "databricks" not in name}


@pytest.mark.parametrize("case", POSTED.values(), ids=POSTED)
def test_a_refusal_says_why(case: Paid) -> None:
    refused = case.recorded()
    refused.response = replace(
        refused.response,
        code=429,
        body=b'{"error": {"message": "Slow down.", "type": "rate_limit"}}',
        headers={"Content-Type": ["application/json"]},
    )
    transcript = registry.read(refused)
    assert transcript is not None
    assert (transcript.error.status, transcript.error.message) == (429, "Slow down.")
    assert transcript.usage is None


@pytest.mark.parametrize(
    ("url", "body", "kind"),
    [
        ("https://api.openai.com/v1/moderations", {"results": [{"flagged": False}]}, "moderation"),
        ("https://api.openai.com/v1/responses/input_tokens", {"input_tokens": 5}, "count_tokens"),
        ("https://api.anthropic.com/v1/messages/count_tokens", {"input_tokens": 5}, "count_tokens"),
        ("https://api.cohere.com/v1/tokenize", {"tokens": [1]}, "count_tokens"),
        ("https://api.openai.com/v1/realtime/client_secrets", {"value": "ek"}, "session"),
        ("https://api.openai.com/v1/realtime/calls/c1/accept", {}, "session"),
        ("https://api.openai.com/v1/files", {"id": "file-1"}, "upload"),
        ("https://api.openai.com/v1/batches", {"id": "batch_1", "status": "validating"}, "batch_request"),
        ("https://api.openai.com/v1/threads/t/messages", {"id": "m"}, "thread"),
        ("https://oauth2.googleapis.com/token", {"access_token": "x"}, "auth"),
        ("https://api.openai.com/v1/threads/t/runs", {"id": "r", "status": "queued"}, "waiting"),
        ("https://api.openai.com/v1/videos", {"id": "v", "status": "queued"}, "waiting"),
        ("https://api.replicate.com/v1/predictions", {"id": "p", "status": "starting"}, "waiting"),
        (
            "https://generativelanguage.googleapis.com/v1beta/models/veo:predictLongRunning",
            {"name": "models/veo/operations/o1"},
            "waiting",
        ),
        ("https://api.openai.com/v1/something/new", {"id": "x", "status": "completed"}, None),
        ("https://api.openai.com/v1/fine_tuning/jobs", {"id": "x"}, None),
    ],
)
def test_what_is_free_is_known(url: str, body: Any, kind: str | None) -> None:
    made = interaction(url, body)
    assert registry.read(made) is None
    assert free_kind(Exchange(made)) == kind
