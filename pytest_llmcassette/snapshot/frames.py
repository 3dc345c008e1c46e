"""What the client of a conversation said, message by message; what its server said, where no protocol reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from pytest_llmcassette.answers.said import Said, said
from pytest_llmcassette.cassette.model import SERVER, Frame, FrameKind
from pytest_llmcassette.protocols.conversations import PEACEFUL
from pytest_llmcassette.protocols.media import decoded, media_of_bytes
from pytest_llmcassette.protocols.wire_values import as_dict, as_str
from pytest_llmcassette.snapshot import blobs, json_values
from pytest_llmcassette.snapshot.layout import lines
from pytest_llmcassette.snapshot.nodes import Blob, Entry, Plain, Stack, Words
from pytest_llmcassette.snapshot.ordinals import Ordinals

# What a session is set up with: the code's own, where nothing is an id that is made anew each time.
_SETUPS = ("session.update", "transcription_session.update", "setup")
_IDS = {"event_id": "event", "item_id": "item", "previous_item_id": "item"}
_RESUMED = ("sessionResumption", "session_resumption")
_FIRST = "root"
"""Where a conversation begins; no id."""

_MOST_SHOWN = 50
"""Of more messages than these the rest is one line."""

Field = Callable[[str, Any], Any]


def said_tree(frames: Iterable[Frame], ids: Ordinals, field: Field) -> Stack:
    """The client's messages; `field` is how a request's fields are shown, of which some are as before."""
    return Stack(_entry(one, ids, field) for one in said(frames))


def heard_tree(frames: Sequence[Frame], ids: Ordinals) -> Stack:
    """The server's messages, and its close where that is none by the book."""
    entries = [_entry(one, ids, partial(_field, ids)) for one in said(frames, SERVER)]
    shown = Stack(entries[:_MOST_SHOWN])
    rest = Stack(entries[_MOST_SHOWN:])
    if rest:
        # By what would be shown of them, which has no ids that are made anew each time.
        digest = media_of_bytes("", "text/plain", "\n".join(lines(rest)).encode()).digest
        shown.append(Entry("and more:", {"rest": Blob("messages", f"<{len(rest)} messages, {digest}>")}, main="rest"))
    for frame in frames:
        words = frame.data.decode("utf-8", "replace")
        is_close = frame.kind is FrameKind.CLOSE and frame.sender == SERVER
        if is_close and words.partition(" ")[0] not in PEACEFUL:
            shown.append(Entry("close:", {"words": Plain(ids.in_words(words))}, main="words"))
    return shown


def _field(ids: Ordinals, name: str, value: Any) -> Any:
    return json_values.value({name: value}, ids, in_history=True)[name]


def _entry(one: Said, ids: Ordinals, field: Field) -> Entry:
    if one.message is None:
        return Entry(f"{one.name}:", {"data": _data(one)}, main="data")
    _number(one.message, ids)
    message = _without_sound(one.message)
    if isinstance(message.get("setup"), dict):
        message = {**message, "setup": _resumed(message["setup"], ids)}
    heading, rest = "message:", message
    if message.get("type") == one.name:
        heading, rest = f"{one.name}:", {name: value for name, value in message.items() if name != "type"}
    elif len(message) == 1 and isinstance(message.get(one.name), dict):
        heading, rest = f"{one.name}:", message[one.name]
    if one.name == "response.create" and "response" not in rest:
        # One of many requests over one connection.
        return Entry(heading, {name: field(name, rest[name]) for name in sorted(rest, key=_place)})
    tree = json_values.value(rest, ids, in_history=one.name not in _SETUPS)
    return Entry(heading, tree)


def _place(name: str) -> tuple[bool, str]:
    return name == "input", name


def _data(one: Said) -> Blob | Words:
    if not one.media_type:
        return Words(one.data.decode("utf-8", "replace"))
    blob = blobs.blob(one.data, one.media_type)
    return blob if one.pieces == 1 else Blob(blob.media_type, f"{blob} in {one.pieces} messages")


def _number(value: Any, ids: Ordinals) -> None:
    """Name the ids that stand under names which other requests do not have."""
    if isinstance(value, dict):
        for name, below in value.items():
            if name in _IDS and as_str(below) and below != _FIRST:
                ids.name(_IDS[name], below)
            _number(below, ids)
    elif isinstance(value, list):
        for below in value:
            _number(below, ids)


def _resumed(setup: dict[str, Any], ids: Ordinals) -> dict[str, Any]:
    """Gemini's setup without the handle of the session that it goes on with."""
    changed = dict(setup)
    for name in _RESUMED:
        handle = as_str(as_dict(setup.get(name)).get("handle"))
        if handle:
            changed[name] = {**setup[name], "handle": ids.name("handle", handle)}
    return changed


def _without_sound(value: Any) -> Any:
    """The message with its audio by size and digest, however short."""
    if isinstance(value, dict):
        return {
            name: _sound(below) if name == "audio" and isinstance(below, str) else _without_sound(below)
            for name, below in value.items()
        }
    return [_without_sound(below) for below in value] if isinstance(value, list) else value


def _sound(text: str) -> str:
    data = decoded(text)
    return blobs.blob(data, "audio") if data else text
