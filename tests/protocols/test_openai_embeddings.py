"""openai.embeddings: usage and model, no choices."""

from typing import Any

import pytest

from pytest_llmcassette.protocols import registry

from .made import interaction, read

URL = "https://api.openai.com/v1/embeddings"
VECTORS = {"object": "list", "data": [{"embedding": [0.1], "index": 0}], "model": "text-embedding-3-small-v1"}


@pytest.mark.parametrize(
    ("usage", "figures"),
    [
        ({"prompt_tokens": 9, "total_tokens": 9}, (9, None, 9)),
        ({"prompt_tokens": 9, "total_tokens": 9, "completion_tokens": 0}, (9, 0, 9)),
        ({"total_tokens": 18}, (None, None, 18)),
    ],
)
def test_usage(usage: Any, figures: Any) -> None:
    transcript = read(URL, {**VECTORS, "usage": usage}, request={"input": "x", "model": "text-embedding-3-small"})
    assert (transcript.model, transcript.request_model) == ("text-embedding-3-small-v1", "text-embedding-3-small")
    assert (transcript.protocol, transcript.complete, transcript.choices) == ("openai.embeddings", True, ())
    found = transcript.usage
    assert (found.input_tokens, found.output_tokens, found.total_tokens) == figures


def test_geminis_compatible_api_reports_no_output_either() -> None:
    """Its chat answers hide thoughts in the total; an embedding's total is its prompt, and output stays unknown."""
    url = "https://generativelanguage.googleapis.com/v1beta/openai/embeddings"
    found = read(url, {**VECTORS, "usage": {"prompt_tokens": 9, "total_tokens": 9}}, request={"input": "x"}).usage
    assert (found.input_tokens, found.output_tokens, found.total_tokens) == (9, None, 9)


def test_an_error_and_nonsense() -> None:
    refused = read(URL, {"error": {"code": "401", "message": "no key"}}, status=401, request={"input": "x"})
    assert (refused.complete, refused.error.type, refused.error.message) == (False, "401", "no key")
    assert read(URL, "Hello", request={"input": "x"}).error.type == "unreadable"


def test_not_every_url_of_that_name() -> None:
    assert registry.read(interaction("https://x.example/embeddings", {}, request={"nodes": []})) is None
    assert registry.read(interaction(URL, VECTORS, method="GET")) is None
