"""What was said in a conversation of frames, message by message, sound that came in pieces as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from pytest_llmcassette.answers.parts import Shown
from pytest_llmcassette.answers.request_messages import messages, shown_lines
from pytest_llmcassette.cassette.model import CLIENT, Frame, FrameKind, Interaction
from pytest_llmcassette.protocols.conversations import message_of
from pytest_llmcassette.protocols.media import decoded
from pytest_llmcassette.protocols.wire_values import as_dict, as_list, as_str, dict_list

_INPUT = ("realtimeInput", "realtime_input")


class Said(NamedTuple):
    """A message of one side, or a run of those that only bring more sound.

    `name` is what it is called, `message` its JSON object, None where it has none or is sound. Then `data` is what was
    said, of `media_type` (`""`: words), in so many messages (`pieces`).
    """

    name: str
    message: dict[str, Any] | None
    data: bytes = b""
    media_type: str = ""
    pieces: int = 1


def said(frames: Iterable[Frame], sender: str = CLIENT) -> list[Said]:
    """The messages of one side in order."""
    each = [_said(frame) for frame in frames if frame.sender == sender and frame.kind is not FrameKind.CLOSE]
    found: list[Said] = []
    # What has no media type stands by itself.
    for (_, media_type), run in groupby(enumerate(each), key=lambda at: (at[1].name, at[1].media_type or at[0])):
        run_of = [one for _, one in run]
        if isinstance(media_type, str):
            data = b"".join(one.data for one in run_of)
            found.append(run_of[0]._replace(data=data, pieces=len(run_of)))
        else:
            found += run_of
    return found


def _said(frame: Frame) -> Said:
    message = message_of(frame)
    if message is None:
        is_text = frame.kind is FrameKind.TEXT
        return Said("text" if is_text else "binary", None, frame.data, "" if is_text else "application/octet-stream")
    kind = as_str(message.get("type")) or next(iter(message), "message")
    sound = _sound(kind, message)
    return Said(kind, message) if sound is None else Said(kind, None, sound[1], sound[0])


def _sound(kind: str, message: dict[str, Any]) -> tuple[str, bytes] | None:
    """The type and the bytes of a message that holds nothing but sound (or pictures) for the buffer of a session."""
    if kind.endswith("input_audio_buffer.append"):
        return "audio", decoded(as_str(message.get("audio")) or "") or b""
    given = as_dict(message.get(kind)) if kind in _INPUT and len(message) == 1 else {}
    blobs = [as_dict(blob) for value in given.values() for blob in (value if isinstance(value, list) else [value])]
    types = {as_str(blob.get("mimeType", blob.get("mime_type"))) for blob in blobs}
    if len(types) != 1 or None in types or not all(isinstance(blob.get("data"), str) for blob in blobs):
        return None
    return types.pop() or "", b"".join(decoded(blob["data"]) or b"" for blob in blobs)


def asked(interaction: Interaction) -> list[Shown]:
    """What was asked, for human eyes: by the request's body, and by what its client said in frames."""
    return messages(interaction.request.body) + [line for one in said(interaction.frames) for line in _lines(one)]


def _lines(one: Said) -> Sequence[Shown]:
    if one.message is not None:
        return shown_lines(_as_request(one.name, one.message))
    if not one.media_type:
        return [Shown("user", "user", one.data.decode(errors="replace"))]
    times = "" if one.pieces == 1 else f" in {one.pieces:,} messages"
    return [Shown("user", "user", f"[{one.media_type}, {len(one.data):,} bytes{times}]")]


def _as_request(kind: str, message: dict[str, Any]) -> dict[str, Any]:
    """A message with the names that requests have for the same: of other kinds none is to be read out."""
    inner = as_dict(message.get(kind))
    if kind in ("setup", "session.update", "response.create"):
        return inner or as_dict(message.get(kind.partition(".")[0])) or message
    if kind == "conversation.item.create":
        return {"input": [message.get("item")]}
    if kind in ("clientContent", "client_content"):
        return {"contents": as_list(inner.get("turns"))}
    if kind in _INPUT:
        return {"input": inner.get("text")}
    results = dict_list(inner.get("functionResponses", inner.get("function_responses")))
    return {"contents": [{"role": "tool", "parts": [{"functionResponse": result}]} for result in results]}
