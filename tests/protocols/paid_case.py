"""One answer that is paid for, as its host sends it, and what it says."""

from __future__ import annotations

import base64
import json
from typing import Any, NamedTuple

from pytest_llmcassette.cassette.model import Interaction

from .made import as_bytes, interaction, sse

PNG = b"\x89PNG made up"
PNG64 = base64.b64encode(PNG).decode()
MP3 = b"ID3 made up \xff\xfb"
MP364 = base64.b64encode(MP3).decode()
SSE = "text/event-stream"
RANKED = [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}]
ASKED_RANKING = {"model": "rerank-v3.5", "query": "x", "documents": ["a", "b"]}

CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1790000000,
    "model": "m-1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
}


class Paid(NamedTuple):
    """An exchange, and what a transcript says of it: `says` are its fields, those of its usage as `usage.NAME`.

    `media` are the size and kind of each medium.
    """

    protocol: str
    kind: str
    url: str
    answer: bytes
    says: dict[str, Any]
    asked: Any = None
    content_type: str = "application/json"

    def recorded(self) -> Interaction:
        """As a cassette has it; the URL may name a method other than POST before itself."""
        method, _, url = self.url.rpartition(" ")
        return interaction(
            url, self.answer, request=self.asked, method=method or "POST", content_type=self.content_type
        )


def plain(protocol: str, kind: str, url: str, answer: Any, says: dict[str, Any], asked: Any = None) -> Paid:
    return Paid(protocol, kind, url, as_bytes(answer), says, asked)


def streamed(protocol: str, kind: str, url: str, events: list[Any], says: dict[str, Any], asked: Any = None) -> Paid:
    named = [(event.get("type", ""), event) if isinstance(event, dict) else event for event in events]
    return Paid(protocol, kind, url, sse(*named, done=False), {"stream": True, **says}, asked, SSE)


def counts(given: int | None, made: int | None, total: int | None = None, **units: float) -> dict[str, Any]:
    found: dict[str, Any] = {"usage.input_tokens": given, "usage.output_tokens": made}
    if total is not None:
        found["usage.total_tokens"] = total
    return {**found, "usage.billed_units": units} if units else found


def line(number: int, **fields: Any) -> bytes:
    return json.dumps({"id": f"b{number}", "custom_id": str(number), **fields}).encode() + b"\n"
