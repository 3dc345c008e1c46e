"""The output items of a Responses stream as they grow, told apart by id, then by output index.

By the book each item has an index of its own. Seen: two items at one index, another id in each event, no ids, finished
items (and whole final outputs) without what was streamed for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_llmcassette.protocols.json_stream import json_object
from pytest_llmcassette.protocols.wire_values import as_int, as_json_text, as_str, dict_list

# What the fields of an item hold: parts with a text, or a text.
FIELDS = ("content", "summary", "arguments", "input", "code")


class ItemDraft:
    """One output item: as it was sent, and the text that was streamed for its fields."""

    __slots__ = ("_annotations", "_pieces", "index", "is_finished", "item")

    def __init__(self, item: dict[str, Any], index: int) -> None:
        self.item = item
        self.index = index
        self.is_finished = False
        self._pieces: dict[tuple[str, int, str], list[str]] = {}
        self._annotations: dict[int, list[Any]] = {}

    def is_open(self, kind: str) -> bool:
        """Whether it is of a type, and more of it may come."""
        return not self.is_finished and self.item.get("type") == kind

    def grow(self, place: tuple[str, int, str], text: str) -> None:
        """More of a part: its field, its number in it, its type (`""`: the field is the text)."""
        self._pieces.setdefault(place, []).append(text)

    def whole(self, place: tuple[str, int, str], text: str) -> None:
        """All of a part; unless its stream said more."""
        if not _is_emptier(text, "".join(self._pieces.get(place, ()))):
            self._pieces[place] = [text]

    def annotate(self, number: int, annotation: Any) -> None:
        """A citation of a part of the content."""
        self._annotations.setdefault(number, []).append(annotation)

    def build(self) -> dict[str, Any]:
        """The item: a finished one as it was sent, where its stream did not say more."""
        if not self._pieces:
            return self.item
        built = dict(self.item)
        streamed: dict[str, Any] = {}
        for (field, number, kind), pieces in sorted(self._pieces.items()):
            text = "".join(pieces)
            if not kind:
                streamed[field] = text
                continue
            part: dict[str, Any] = {"type": kind, ("refusal" if kind == "refusal" else "text"): text}
            if number in self._annotations and field == "content":
                part["annotations"] = self._annotations[number]
            streamed.setdefault(field, []).append(part)
        if not self.is_finished:
            return built | streamed
        return fuller(built, streamed)


class ItemDrafts:
    """The items of one stream."""

    def __init__(self) -> None:
        self._drafts: list[ItemDraft] = []
        self._by_id: dict[tuple[str, str], ItemDraft] = {}

    def of(
        self, kind: str, event: dict[str, Any], item: dict[str, Any] | None = None, *, new: bool = False
    ) -> ItemDraft:
        """The item of that type which an event is about; `new` says that the event begins one."""
        identity = event.get("item_id") if item is None else item.get("id")
        if not isinstance(identity, str):
            identity = None
        elif identity:
            known = self._by_id.get((identity, kind))
            if known is not None:
                return known
        index = as_int(event.get("output_index"))
        fitting = (one for one in reversed(self._drafts) if self._may_be(one, kind, index, new=new))
        draft = next(fitting, None)
        if draft is None and not identity and not new:
            # Numbers that drift mean the open item.
            draft = next((one for one in reversed(self._drafts) if one.is_open(kind)), None)
        if draft is not None and identity and draft.is_finished and draft.item.get("id"):
            # Nothing comes for a finished item but under its own id.
            draft = None
        if draft is None:
            last = self._drafts[-1].index if self._drafts else 0
            draft = ItemDraft({"type": kind}, last if index is None else index)
            self._drafts.append(draft)
        if identity:
            self._by_id[identity, kind] = draft
        if item is not None and as_str(item.get("call_id")):
            # Some hosts tell deltas by it.
            self._by_id.setdefault((item["call_id"], kind), draft)
        return draft

    @staticmethod
    def _may_be(draft: ItemDraft, kind: str, index: int | None, *, new: bool) -> bool:
        if draft.item.get("type") != kind or (index is not None and draft.index != index):
            return False
        # One that deltas began before it was named has nothing but its type.
        return len(draft.item) == 1 if new else True

    def build(self) -> list[dict[str, Any]]:
        """The items in their order."""
        return [draft.build() for draft in sorted(self._drafts, key=lambda draft: draft.index)]

    def completed(self, final: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The final output, with what was streamed and it leaves out."""
        built = self.build()
        partners = list(_pairs(built, final))
        if len(partners) < len(built):
            paired = {id(item): whole for item, whole in partners}
            unknown = [one for one in final if not any(one is whole for _, whole in partners)]
            return [fuller(paired[id(item)], item) if id(item) in paired else item for item in built] + unknown
        more = {id(whole): item for item, whole in partners}
        return [fuller(one, more[id(one)]) if id(one) in more else one for one in final]


def _pairs(
    streamed: list[dict[str, Any]], final: list[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """What was streamed and what it became: the same id and type, else the next one of that type."""
    left = list(final)
    waiting = []
    for item in streamed:
        same = next((one for one in left if item.get("id") and _name(one) == _name(item)), None)
        if same is None:
            waiting.append(item)
            continue
        left = [one for one in left if one is not same]
        yield item, same
    for item in waiting:
        next_one = next((one for one in left if one.get("type") == item.get("type")), None)
        if next_one is not None:
            left = [one for one in left if one is not next_one]
            yield item, next_one


def _name(item: dict[str, Any]) -> tuple[Any, Any]:
    return item.get("id"), item.get("type")


def fuller(item: dict[str, Any], streamed: dict[str, Any]) -> dict[str, Any]:
    """The item, with those fields of the streamed one of which it has only the beginning, or nothing."""
    more = {
        name: streamed[name]
        for name in FIELDS
        if name in streamed and _is_emptier(_text(item.get(name)), _text(streamed[name]))
    }
    return item | more if more else item


def _is_emptier(text: str, than: str) -> bool:
    # A call that takes nothing, or one whose arguments got lost.
    said = "" if text.strip() == "{}" else text
    if len(said) >= len(than) or not than.startswith(said) or than.strip() == "{}":
        return False
    # Whole arguments: what was streamed beyond them was the same again.
    return not (said.endswith("}") and json_object(said) is not None)


def _text(value: Any) -> str:
    if not isinstance(value, list):
        return as_json_text(value)
    return "".join(as_str(part.get("text")) or as_str(part.get("refusal")) or "" for part in dict_list(value))
