"""Conversations in frames made up for the tests, as servers send them: over WebSockets, and xAI's gRPC."""

from __future__ import annotations

import base64
import json
from typing import Any

from pytest_llmcassette.cassette.model import CLIENT, SERVER, Frame, FrameKind, Interaction, Request, Response
from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.transcript import Media, Transcript

SOUND = b"\x00\x01\x02\x03"
SOUND64 = base64.b64encode(SOUND).decode()

OPENAI = "wss://api.openai.com/v1/realtime?model=gpt-realtime"
XAI = "wss://api.x.ai/v1/realtime?model=grok-voice-latest"
RESPONSES = "wss://api.openai.com/v1/responses"
GEMINI = (
    "wss://generativelanguage.googleapis.com/ws/google.ai.generativelanguage.v1beta.GenerativeService"
    ".BidiGenerateContent?key=REDACTED"
)
GRPC = "https://api.x.ai:443/xai_api."


def said(message: Any) -> Frame:
    """What the client sent: an object as its JSON, a text, bytes."""
    return _frame(CLIENT, message)


def heard(message: Any) -> Frame:
    """What the server sent."""
    return _frame(SERVER, message)


def closed(words: str) -> Frame:
    """The server's close."""
    return Frame(sender=SERVER, data=words.encode(), kind=FrameKind.CLOSE)


def _frame(sender: str, message: Any) -> Frame:
    if isinstance(message, bytes):
        return Frame(sender=sender, data=message, kind=FrameKind.BINARY)
    return Frame(sender=sender, data=(message if isinstance(message, str) else json.dumps(message)).encode())


def session(url: str, *frames: Frame) -> Interaction:
    """A recorded WebSocket."""
    request = Request(method="GET", url=url)
    return Interaction(request=request, response=Response(code=101, status="101 Switching Protocols"), frames=frames)


def call(method: str, asked: Any, *messages: Any, status: int = 0, words: str = "") -> Interaction:
    """A recorded gRPC call of one request: its answers as bytes, with their JSON beside them (bytes: without)."""
    trailer = {"Grpc-Status": [str(status)], **({"Grpc-Message": [words]} if words else {})}
    return Interaction(
        request=Request(
            method="POST",
            url=GRPC + method,
            headers={"Content-Type": ["application/grpc"]},
            body=json.dumps(asked).encode(),
        ),
        response=Response(headers={"Content-Type": ["application/grpc"]}, trailer=trailer),
        frames=tuple(
            Frame(
                sender=SERVER,
                data=one if isinstance(one, bytes) else b"\x0a\x00",
                kind=FrameKind.BINARY,
                json="" if isinstance(one, bytes) else json.dumps(one),
            )
            for one in messages
        ),
    )


def begun(model: str = "gpt-realtime", **fields: Any) -> Frame:
    """A session of the realtime API."""
    return heard({"type": "session.created", "event_id": "e0", "session": {"id": "sess_1", "model": model, **fields}})


def spoken(words: str, *, item: str = "item_1", response: str = "resp_1", beta: bool = False) -> list[Frame]:
    """The events of one message that is spoken, without those of the response."""
    name = "" if beta else "output_"
    place = {"response_id": response, "item_id": item, "output_index": 0, "content_index": 0}
    half = len(words) // 2
    message = {"id": item, "type": "message", "role": "assistant", "content": []}
    return [
        heard({"type": "response.output_item.added", "response_id": response, "output_index": 0, "item": message}),
        heard({"type": f"response.{name}audio_transcript.delta", **place, "delta": words[:half]}),
        heard({"type": f"response.{name}audio.delta", **place, "delta": SOUND64}),
        heard({"type": f"response.{name}audio_transcript.delta", **place, "delta": words[half:]}),
        heard({"type": f"response.{name}audio.delta", **place, "delta": SOUND64}),
        heard({"type": f"response.{name}audio.done", **place}),
        heard({"type": f"response.{name}audio_transcript.done", **place, "transcript": words}),
    ]


def created(response: str = "resp_1") -> Frame:
    """The begin of a response."""
    return heard({"type": "response.created", "response": {"id": response, "status": "in_progress", "output": []}})


def done(
    *output: Any, response: str = "resp_1", status: str = "completed", usage: Any = None, details: Any = None
) -> Frame:
    """Its end."""
    fields = {"id": response, "object": "realtime.response", "status": status, "status_details": details}
    return heard({"type": "response.done", "response": {**fields, "output": list(output), "usage": usage}})


def message(words: str, *, item: str = "item_1", kind: str = "output_audio") -> dict[str, Any]:
    """A message as the end of a response has it."""
    part = {"type": kind, ("transcript" if kind.endswith("audio") else "text"): words}
    return {"id": item, "type": "message", "status": "completed", "role": "assistant", "content": [part]}


USAGE = {
    "total_tokens": 253,
    "input_tokens": 132,
    "output_tokens": 121,
    "input_token_details": {
        "text_tokens": 119,
        "audio_tokens": 13,
        "image_tokens": 0,
        "cached_tokens": 64,
        "cached_tokens_details": {"text_tokens": 60, "audio_tokens": 4, "image_tokens": 0},
    },
    "output_token_details": {"text_tokens": 30, "audio_tokens": 91},
}


def read(interaction: Interaction) -> Transcript:
    transcript = registry.read(interaction)
    assert transcript is not None, "no protocol claimed the exchange"
    assert transcript.protocol != "unknown", transcript.notes
    return transcript


def media(transcript: Transcript) -> list[tuple[str, str | None, int | None]]:
    return [(part.kind, part.media_type, part.size) for part in transcript.parts if isinstance(part, Media)]
