"""Putting a Responses stream back together: from its terminal event, else from finished items, else from deltas."""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.assembly import Assembly
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, as_str, dict_list

# `response.done` is what OpenRouter wrote in its beta.
TERMINAL = frozenset(f"response.{end}" for end in ("completed", "incomplete", "failed", "cancelled", "done"))

# Which field of which item a delta grows: (item type, field holding a list of parts or a text, part type).
_GROWS = {
    "response.output_text.delta": ("message", "content", "output_text"),
    "response.refusal.delta": ("message", "content", "refusal"),
    "response.reasoning_text.delta": ("reasoning", "content", "reasoning_text"),
    "response.reasoning_summary_text.delta": ("reasoning", "summary", "summary_text"),
    "response.function_call_arguments.delta": ("function_call", "arguments", ""),
    "response.custom_tool_call_input.delta": ("custom_tool_call", "input", ""),
    "response.mcp_call_arguments.delta": ("mcp_call", "arguments", ""),
    "response.code_interpreter_call_code.delta": ("code_interpreter_call", "code", ""),
}
# The event that ends those deltas says all of it again; some hosts send it alone. Its field, where not the item's:
_WHOLE_FIELD = {"output_text": "text", "refusal": "refusal", "reasoning_text": "text", "reasoning_summary_text": "text"}
_WHOLE = {
    kind.removesuffix("delta") + "done": (kind, _WHOLE_FIELD.get(kind.split(".")[1], field))
    for kind, (_, field, _) in _GROWS.items()
}


class ResponseDraft(Assembly):
    """A response that grows by stream events. `response` has the fields of the last whole response object seen.

    `ended` says that it was the last; `failure` is an event that says that there is none.
    """

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self.response: dict[str, Any] = {}
        self.ended = False
        self.failure: dict[str, Any] | None = None
        self._items: dict[int, dict[str, Any]] = {}
        self._finished: set[int] = set()
        self._pieces: dict[tuple[int, str, int], list[str]] = {}
        self._annotations: dict[tuple[int, int], list[Any]] = {}

    def event(self, name: str, event: dict[str, Any]) -> None:
        """One event; its `type` says what it is (its name does so only at OpenAI)."""
        kind = as_str(event.get("type")) or name
        if kind in _GROWS:
            delta = event.get("delta")
            if isinstance(delta, str):
                self._pieces.setdefault(_place(event, kind), []).append(delta)
        elif kind in _WHOLE:
            grown, field = _WHOLE[kind]
            if isinstance(event.get(field), str):
                self._pieces[_place(event, grown)] = [event[field]]
        elif kind in ("response.output_item.added", "response.output_item.done"):
            if isinstance(event.get("item"), dict):
                index = as_int(event.get("output_index")) or 0
                self._items[index] = event["item"]
                if kind.endswith("done"):
                    self._finished.add(index)
        elif kind == "response.output_text.annotation.added":
            where = (as_int(event.get("output_index")) or 0, as_int(event.get("content_index")) or 0)
            self._annotations.setdefault(where, []).append(event.get("annotation"))
        elif kind == "error" or (event.get("error") and "response" not in event):
            self.failure = event
        elif isinstance(event.get("response"), dict):
            self.response = {**self.response, **{k: v for k, v in event["response"].items() if v is not None}}
            self.ended = self.ended or kind in TERMINAL

    def output(self) -> list[dict[str, Any]]:
        """The output items, as whole as the stream allows."""
        final = self.response.get("output")
        if self.ended and isinstance(final, list) and final:
            return dict_list(final)
        for index, kind, _ in self._pieces:
            self._items.setdefault(index, {"type": _GROWS[kind][0]})
        return [
            item if index in self._finished else self._patched(index, item)
            for index, item in sorted(self._items.items())
        ]

    def _patched(self, index: int, item: dict[str, Any]) -> dict[str, Any]:
        """An unfinished item with the deltas that came for it."""
        patched = dict(item)
        for (of, kind, number), pieces in sorted(self._pieces.items()):
            if of != index:
                continue
            _, field, part_type = _GROWS[kind]
            text = "".join(pieces)
            if not part_type:
                patched[field] = text
                continue
            part: dict[str, Any] = {"type": part_type, ("refusal" if part_type == "refusal" else "text"): text}
            if (index, number) in self._annotations:
                part["annotations"] = self._annotations[(index, number)]
            patched[field] = [*_parts_so_far(patched, field, item), part]
        return patched


def _place(event: dict[str, Any], kind: str) -> tuple[int, str, int]:
    """Which part of which output item a delta of that kind grows."""
    number = as_int(event.get("summary_index", event.get("content_index"))) or 0
    return as_int(event.get("output_index")) or 0, kind, number


def _parts_so_far(patched: dict[str, Any], field: str, item: dict[str, Any]) -> list[Any]:
    """The parts of `field` that deltas have put there so far; those that the item came with are empty shells."""
    value = patched.get(field)
    return value if isinstance(value, list) and value is not item.get(field) else []


def error_fields(event: dict[str, Any]) -> dict[str, Any]:
    """An `error` event in the one form that all error readers know: `{"error": {...}}`."""
    if event.get("error"):
        return event
    return {"error": {name: event.get(name) for name in ("code", "message")} | as_dict(event.get("error"))}
