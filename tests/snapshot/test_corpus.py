"""Every recorded conversation of the corpus has a snapshot, in values and in kinds, without made-up ids."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.errors import CassetteFileError
from pytest_llmcassette.recorder.requests import SentRequest
from snapshot.exchanges import cassette, text

MADE_UP = re.compile(
    r"chatcmpl-\w{8}|\bcall_\w{12,}|toolu_\w{8}|\bmsg_\w{12,}|\bresp_\w{12,}|\brs_\w{12,}|\bfc_\w{12,}|tooluse_\w{8}"
    r"|[A-Za-z0-9+/]{160,}"
)


def sent(interaction: Interaction) -> SentRequest:
    request = interaction.request
    return SentRequest(request.method, request.url, request.headers, request.body, interaction=interaction)


@pytest.mark.parametrize("folder", ["fantasy", "vcrpy"])
def test_every_conversation(corpus: Path, folder: str, every: int) -> None:
    read = 0
    for file in sorted((corpus / folder).rglob("*.yaml"))[::every]:
        try:
            conversation = cassette(*map(sent, load(file)))
        except CassetteFileError:
            continue
        shown = text(conversation)
        shown.encode("utf-8")
        assert not MADE_UP.search(shown), f"{file}: {MADE_UP.search(shown)}"
        assert shown == text(conversation)
        assert text(conversation, shape=True)
        read += 1
    assert read > 100 // every
