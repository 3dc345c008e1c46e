"""What costs nothing: all else at a provider's host, if no protocol reads it, may have been paid for."""

from __future__ import annotations

from typing import Any

import pytest
from wire_exchanges import interaction

from pytest_llmcassette.answers.read import unread_of
from pytest_llmcassette.recorder.requests import SentRequest

OPENAI = "https://api.openai.com/v1"
PAID = [
    ("POST", f"{OPENAI}/fine_tuning/jobs", {"status": "queued"}),
    ("POST", f"{OPENAI}/containers", {"status": "running"}),
    ("POST", "https://generativelanguage.googleapis.com/v1beta/cachedContents", {"name": "cachedContents/1"}),
    ("POST", "https://api.groq.com/openai/v1/paint", {}),
    ("POST", "https://bedrock-runtime.us-east-1.amazonaws.com/async-invoke", {"invocationArn": "arn:1"}),
    ("POST", "https://api.x.ai/v1/documents/search", {"matches": []}),
]
FREE = [
    ("GET", f"{OPENAI}/models", {"data": []}),
    ("POST", f"{OPENAI}/files", {"id": "file-1", "status": "processed"}),
    ("POST", f"{OPENAI}/uploads/upload_1/parts", {"id": "part_1"}),
    ("DELETE", f"{OPENAI}/files/file-1", {"deleted": True}),
    ("GET", f"{OPENAI}/files/file-1/content", {"some": "document"}),
    ("POST", f"{OPENAI}/responses", {"object": "response", "status": "queued", "output": []}),
    ("GET", f"{OPENAI}/responses/resp_1", {"object": "response", "status": "in_progress", "output": []}),
    ("POST", f"{OPENAI}/responses/input_tokens", {"object": "response.input_tokens", "input_tokens": 11}),
    ("POST", f"{OPENAI}/moderations", {"results": []}),
    ("POST", f"{OPENAI}/batches", {"object": "batch", "status": "validating"}),
    ("POST", "https://api.anthropic.com/v1/messages/count_tokens", {"input_tokens": 14}),
    ("POST", "https://generativelanguage.googleapis.com/v1beta/models/g:countTokens", {"totalTokens": 31}),
    ("POST", "https://api.x.ai/v1/chat/completions", {"request_id": "r-1"}),
    ("GET", "https://api.x.ai/v1/chat/deferred-completion/r-1", {}),
    ("POST", "https://api.mistral.ai/v1/files", {"id": "f"}),
    # A server of one's own, and somebody who is no provider.
    ("POST", "http://127.0.0.1:8000/v1/paint", {}),
    ("POST", "https://api.example.com/v1/paint", {}),
]


def sent(method: str, url: str, body: Any, status: int = 200) -> SentRequest:
    asked = {"deferred": True} if "chat/completions" in url else {}
    made = interaction(url, body, asked=asked, status=status)
    made.request.method = method
    return SentRequest(method=method, url=url, headers={}, body=b"", interaction=made)


@pytest.mark.parametrize(("method", "url", "body"), PAID)
def test_what_may_have_been_paid_for_is_told(method: str, url: str, body: object) -> None:
    request = sent(method, url, body)
    assert unread_of([request]) == (request,)
    # An error costs nothing.
    assert unread_of([sent(method, url, body, status=400)]) == ()


@pytest.mark.parametrize(("method", "url", "body"), FREE)
def test_what_is_free_is_not(method: str, url: str, body: object) -> None:
    assert unread_of([sent(method, url, body)]) == ()
