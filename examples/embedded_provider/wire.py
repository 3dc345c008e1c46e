"""What a wire protocol of the embedded provider must do, and what several of them need."""

from __future__ import annotations

import base64
import json
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

from embedded_provider.brain import Answer, Prompt, ProviderError

Json = dict[str, Any]


class Wire(ABC):
    """One API's shape: how a request is read and an answer is dressed."""

    @abstractmethod
    def serves(self, path: str) -> bool:
        """Whether a POST to this path (no query) is a call of this API."""

    @abstractmethod
    def key(self, headers: Mapping[str, str]) -> str:
        """The API key that the request carries, or `""`. Header names are in lower case."""

    @abstractmethod
    def prompt(self, path: str, body: Json) -> Prompt:
        """The request in the brain's terms."""

    @abstractmethod
    def plain(self, prompt: Prompt, answer: Answer) -> Json:
        """The whole answer as one JSON document."""

    @abstractmethod
    def stream(self, prompt: Prompt, answer: Answer) -> Iterator[bytes]:
        """The answer as server-sent events, one item each."""

    @abstractmethod
    def error(self, error: ProviderError) -> Json:
        """An error as this API words it."""


_NO_WORDS = {"role", "type", "id", "tool_call_id", "call_id", "tool_use_id", "mimeType", "media_type", "data"}


def fresh(prefix: str) -> str:
    """A new id, as random as a real provider's."""
    return prefix + secrets.token_hex(12)


def sse(document: Json, *, event: str | None = None, end: str = "\n") -> bytes:
    """One server-sent event."""
    head = f"event: {event}{end}" if event else ""
    return f"{head}data: {json.dumps(document, ensure_ascii=False, separators=(',', ':'))}{end}{end}".encode()


def words(value: Any) -> int:
    """How many words the texts in a JSON value have."""
    if isinstance(value, str):
        return 0 if value.startswith("data:") else len(value.split())
    if isinstance(value, dict):
        return sum(words(item) for key, item in value.items() if key not in _NO_WORDS)
    return sum(words(item) for item in value) if isinstance(value, list) else 0


def data_uri(uri: str) -> bytes:
    """The bytes inside a base64 `data:` URI."""
    return base64.b64decode(uri.partition(",")[2])


def bearer(headers: Mapping[str, str]) -> str:
    """The key in `Authorization: Bearer ...`, or `""`."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key if scheme.lower() == "bearer" else ""
