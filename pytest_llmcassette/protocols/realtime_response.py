"""One response of a realtime session as it grows: from its deltas, and from the `response.done` that ends it.

The end says the words again and leaves the sound out. Words go by the names of the beta (`response.audio.delta`) and of
today (`response.output_audio.delta`), and both stand in recordings.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.assembly import ChoiceDraft
from pytest_llmcassette.protocols.http_errors import error_object
from pytest_llmcassette.protocols.media import Sound
from pytest_llmcassette.protocols.responses_items import add_item, build_response
from pytest_llmcassette.protocols.transcript import Choice, ExchangeError, Text
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, as_list, as_str, dict_list, first_str

# What an event's pieces grow, without the `output_` that today's names have.
_WORDS = ("text", "audio_transcript", "function_call_arguments", "mcp_call_arguments")
_SOUND = "audio"


class _Item:
    """An output item: as it was sent, and the words and sounds that came for it, by the number of the part."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.fields: dict[str, Any] = {}
        self.words: dict[int, list[str]] = {}
        self.sounds: dict[int, Sound] = {}

    def said(self, number: int) -> str:
        return "".join(self.words.get(number, ()))


class ResponseInSession:
    """A response of a session; `media_type` is that of its sound."""

    def __init__(self, media_type: str) -> None:
        self.fields: dict[str, Any] = {}
        self._media_type = media_type
        self._items: dict[str, _Item] = {}

    def event(self, kind: str, event: dict[str, Any]) -> None:
        """Take in an event of it, by its type without `response.`."""
        if kind.startswith("output_item."):
            item = as_dict(event.get("item"))
            draft = self._item(as_str(item.get("id")), event)
            draft.fields = {**draft.fields, **item}
            return
        name, _, step = kind.removeprefix("output_").rpartition(".")
        if name == _SOUND and step == "delta":
            sounds = self._item(as_str(event.get("item_id")), event).sounds
            sounds.setdefault(_number(event), Sound()).add(as_str(event.get("delta")) or "", self._media_type)
        elif name in _WORDS and step == "delta":
            words = self._item(as_str(event.get("item_id")), event).words
            words.setdefault(_number(event), []).append(as_str(event.get("delta")) or "")
        elif name in _WORDS and step == "done":
            whole = first_str(event.get("text"), event.get("transcript"), event.get("arguments"))
            if whole is not None:
                self._item(as_str(event.get("item_id")), event).words[_number(event)] = [whole]

    def _item(self, identity: str | None, event: dict[str, Any]) -> _Item:
        index = as_int(event.get("output_index"))
        key = identity or f"output {index}"
        if key not in self._items:
            self._items[key] = _Item(len(self._items) if index is None else index)
        return self._items[key]

    def done(self, response: dict[str, Any]) -> None:
        """Take in the response as it ended."""
        self.fields = {**self.fields, **response}
        for index, item in enumerate(dict_list(response.get("output"))):
            draft = self._item(as_str(item.get("id")), {"output_index": index})
            draft.fields = {**draft.fields, **item}

    def choice(self) -> Choice:
        """What was said so far, with why it ended."""
        draft = ChoiceDraft(0)
        for item in sorted(self._items.values(), key=lambda one: one.index):
            _add(draft, item)
        status = as_str(self.fields.get("status"))
        return build_response(draft, None if status == "in_progress" else status, self.fields.get("status_details"))

    def error(self) -> ExchangeError | None:
        """Why it failed, where it did."""
        if self.fields.get("status") != "failed":
            return None
        details = as_dict(self.fields.get("status_details"))
        found = error_object(details.get("error") or details, status=None)
        return found if found.type or found.message else ExchangeError(status=None, type="failed", message=None)


def _number(event: dict[str, Any]) -> int:
    return as_int(event.get("content_index")) or 0


def _add(choice: ChoiceDraft, item: _Item) -> None:
    """Append an item's parts: of a message its words and sounds, of a call its arguments as they came, or as sent."""
    kind = as_str(item.fields.get("type")) or "message"
    if kind != "message":
        streamed = item.said(0)
        given = as_str(item.fields.get("arguments"))
        add_item(choice, item.fields if given or not streamed else {**item.fields, "arguments": streamed}, item.index)
        return
    content = [as_dict(part) for part in as_list(item.fields.get("content"))]
    for number in sorted({*range(len(content)), *item.words, *item.sounds}):
        part = content[number] if 0 <= number < len(content) else {}
        # Of a response that was cut off the end has no more than was heard.
        words = first_str(part.get("text"), part.get("transcript")) or item.said(number)
        choice.part(Text, (item.index, number)).pieces.append(words)
        sound = item.sounds.get(number)
        if sound is None and as_str(part.get("audio")):
            sound = Sound()
            sound.add(part["audio"])
        if sound is not None:
            choice.add(sound.build())
