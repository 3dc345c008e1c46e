"""Whatever a cassette holds, reading it gives a transcript or None: nothing raises."""

import json
from typing import Any

import pytest
from characters import CHARACTERS
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.transcript import Transcript

from .made import OPENAI, interaction
from .test_cut_streams import STREAMS

URLS = (
    OPENAI,
    "https://api.openai.com/v1/responses",
    "https://api.openai.com/v1/completions",
    "https://api.openai.com/v1/embeddings",
    "https://api.mistral.ai/v1/chat/completions",
    "https://api.anthropic.com/v1/messages",
    "https://generativelanguage.googleapis.com/v1beta/models/g:generateContent",
    "https://generativelanguage.googleapis.com/v1beta/models/g:streamGenerateContent?alt=sse",
    "https://generativelanguage.googleapis.com/v1beta/models/g:embedContent",
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse",
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse-stream",
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude/invoke",
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/invoke-with-response-stream",
    "https://api.cohere.com/v2/chat",
    "https://api.cohere.com/v2/embed",
    "http://localhost:11434/api/chat",
    "http://localhost:11434/api/generate",
)
# The words of the protocols, so that garbage gets past the first look.
_WORDS = """
    id model choices index delta message content text type role tool_calls function name arguments finish_reason usage
    prompt_tokens completion_tokens prompt_tokens_details error response output item output_index summary status parts
    candidates functionCall usageMetadata input_tokens tokens stop_reason content_block eval_count reasoning_details
    annotations images audio executed_tools object data citations created done metrics messageStop output_text
"""
KEYS = st.sampled_from(_WORDS.split())
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(CHARACTERS, max_size=5)
    | st.sampled_from(["message", "text", "thinking", "response.completed", "message_start", "content_block_delta"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=5)


def harmless(url: str, body: bytes | str, *, status: int = 200, method: str = "POST", request: Any = b"") -> None:
    found = registry.read(interaction(url, body, status=status, method=method, request=request))
    assert found is None or isinstance(found, Transcript)
    if found is not None:
        # Everything that is computed on access must hold as well.
        assert isinstance(found.text, str)
        json.dumps([found.reasoning, found.refusal, [call.arguments for call in found.tool_calls], found.finish_reason])
        assert found.usage is None or isinstance(found.usage.check(), tuple)


@given(st.sampled_from(URLS), st.binary(max_size=300), st.sampled_from([0, 200, 400, 500]))
def test_random_bytes(url: str, body: bytes, status: int) -> None:
    harmless(url, body, status=status, request=body)


@settings(max_examples=300)
@given(st.sampled_from(URLS), OBJECTS, st.sampled_from([200, 429]))
@pytest.mark.slow
def test_documents_of_the_right_words_in_the_wrong_places(url: str, document: Any, status: int) -> None:
    harmless(url, json.dumps(document), status=status, request=json.dumps(document))


@settings(max_examples=300)
@given(st.sampled_from(URLS), st.lists(OBJECTS, max_size=5))
@pytest.mark.slow
def test_streams_of_the_right_words_in_the_wrong_places(url: str, documents: list[Any]) -> None:
    written = "".join(f"data: {json.dumps(document)}\n\n" for document in documents)
    harmless(url, written)
    harmless(url, "".join(f"{json.dumps(document)}\n" for document in documents))


@given(st.sampled_from(sorted(STREAMS)), st.data())
def test_streams_with_damaged_bytes(name: str, data: st.DataObject) -> None:
    url, body = STREAMS[name]
    damaged = bytearray(body)
    for place in data.draw(st.lists(st.integers(0, len(body) - 1), min_size=1, max_size=5)):
        damaged[place] = data.draw(st.integers(0, 255))
    start = data.draw(st.integers(0, len(body)))
    harmless(url, bytes(damaged[start:]))


@pytest.mark.parametrize(
    "body",
    ["[" * 100_000, '{"a":' * 100_000, "1" * 5000, '"\\ud83d"', "data: " + "[" * 100_000 + "\n\n", "data: NaN\n\n"],
    ids=["deep list", "deep object", "long number", "lone surrogate", "deep event", "NaN"],
)
def test_what_breaks_a_json_reader(body: str) -> None:
    for url in URLS:
        harmless(url, body, request=body)


@pytest.mark.parametrize("url", ["", "http://[", "https://api.openai.com:port/v1/chat/completions", "::", "\udcff"])
def test_strange_urls(url: str) -> None:
    harmless(url, b"{}")


def test_a_protocol_that_raises_becomes_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object, protocol: str) -> None:
        raise RuntimeError("bug")

    monkeypatch.setattr("pytest_llmcassette.protocols.chat_completions.ChatAnswer.read", broken)
    transcript = registry.read(interaction(OPENAI, b"{}"))
    assert (transcript.protocol, transcript.error.type, transcript.complete) == ("openai.chat", "unreadable", False)
    assert "RuntimeError: bug" in transcript.notes[0]
