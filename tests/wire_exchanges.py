"""Makes interactions for protocol tests: a request, and an answer that is an object, an array, or framed events."""

from __future__ import annotations

import json
from typing import Any

from pytest_llmcassette.cassette.model import Interaction, Request, Response

SSE = "text/event-stream"
AWS = "application/vnd.amazon.eventstream"


def interaction(
    url: str,
    body: bytes | dict[str, Any] | list[Any],
    *,
    asked: dict[str, Any] | None = None,
    status: int = 200,
    content_type: str = "application/json",
    headers: dict[str, str] | None = None,
) -> Interaction:
    """A POST to `url` with the JSON `asked`, answered with `body`."""
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    every = {"Content-Type": [content_type]} if content_type else {}
    every.update({name: [value] for name, value in (headers or {}).items()})
    return Interaction(
        request=Request(method="POST", url=url, body=json.dumps(asked or {}).encode()),
        response=Response(code=status, headers=every, body=raw),
    )


def sse_event(value: Any, name: str = "") -> bytes:
    """One server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {value if isinstance(value, str) else json.dumps(value)}\n\n".encode()


def cuts(frames: list[bytes]) -> dict[str, bytes]:
    """The ways in which a recorded stream may be cut: none of them is complete."""
    whole = b"".join(frames)
    return {
        "in mid-frame": whole[: -(len(frames[-1]) // 2)],
        "two frames before the end": b"".join(frames[:-2]),
        "in the middle": whole[: len(whole) // 2],
        "nothing came": b"",
    }
