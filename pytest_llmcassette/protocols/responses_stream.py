"""A response as it came: whole, or a stream put together from its last event, else from items, else from deltas."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from pytest_llmcassette.cassette.model import Outcome
from pytest_llmcassette.protocols.assembly import Assembly, ChoiceDraft
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.chat_usage import response_usage
from pytest_llmcassette.protocols.forms import Forms
from pytest_llmcassette.protocols.http_errors import error_inside, error_object, unreadable
from pytest_llmcassette.protocols.json_stream import Events
from pytest_llmcassette.protocols.responses_drafts import ItemDrafts
from pytest_llmcassette.protocols.responses_items import add_item, build_response
from pytest_llmcassette.protocols.transcript import Choice, Transcript
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, as_str, as_time, dict_list

UNFINISHED = ("queued", "in_progress")
_ENDED_WELL = ("completed", "incomplete")

# `response.done` is what OpenRouter wrote in its beta.
TERMINAL = frozenset(f"response.{end}" for end in ("completed", "incomplete", "failed", "cancelled", "done"))

# Which field of which item a delta grows: (item type, field holding a list of parts or a text, part type).
_GROWS = {
    "response.output_text.delta": ("message", "content", "output_text"),
    "response.refusal.delta": ("message", "content", "refusal"),
    "response.reasoning_text.delta": ("reasoning", "content", "reasoning_text"),
    "response.reasoning.delta": ("reasoning", "content", "reasoning_text"),
    "response.reasoning_summary_text.delta": ("reasoning", "summary", "summary_text"),
    "response.function_call_arguments.delta": ("function_call", "arguments", ""),
    "response.custom_tool_call_input.delta": ("custom_tool_call", "input", ""),
    "response.mcp_call_arguments.delta": ("mcp_call", "arguments", ""),
    "response.code_interpreter_call_code.delta": ("code_interpreter_call", "code", ""),
}
# The event that ends those deltas says all of it again; some hosts send it alone. Its field, where not the item's:
_WHOLE_FIELD = {"refusal": "refusal"} | dict.fromkeys(
    ("output_text", "reasoning_text", "reasoning", "reasoning_summary_text"), "text"
)
_WHOLE = {
    kind.removesuffix("delta") + "done": (grown, _WHOLE_FIELD.get(kind.split(".")[1], grown[1]))
    for kind, grown in _GROWS.items()
}
# So does the event that ends a part, which names the part's type itself; the one that begins it may have first words.
_PART = frozenset(
    f"response.{part}.{step}" for part in ("content_part", "reasoning_summary_part") for step in ("added", "done")
)
_PARTS = {grown[2]: grown for grown in _GROWS.values() if grown[2]}


class ResponseAnswer(Assembly):
    """A response, whole or growing by stream events. `response` has the fields of the last whole one seen.

    `ended` says that it was the last; `failure` is an event that says that there is none.
    """

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self.response: dict[str, Any] = {}
        self.ended = False
        self.failure: dict[str, Any] | None = None
        self._items = ItemDrafts()

    def plain(self, document: object) -> None:
        """Take in a whole answer."""
        self.response = as_dict(document)
        self.ended = True
        answered = isinstance(self.response.get("output"), list)
        self.error = error_inside(self.response, answered=answered)
        if self.error is None and not answered:
            self.error = unreadable(self.exchange, "the body has no output")

    def event(self, name: str, event: dict[str, Any]) -> None:
        """One event; its `type` says what it is (its name does so only at OpenAI)."""
        kind = as_str(event.get("type")) or name
        if kind in _GROWS:
            delta = event.get("delta")
            if isinstance(delta, str):
                item_type, field, part_type = _GROWS[kind]
                self._items.of(item_type, event).grow((field, _number(event), part_type), delta)
        elif kind in _WHOLE:
            (item_type, field, part_type), said = _WHOLE[kind]
            if isinstance(event.get(said), str):
                draft = self._items.of(item_type, event)
                draft.whole((field, _number(event), part_type), event[said])
                if as_str(event.get("name")) and not draft.item.get("name"):
                    draft.item = draft.item | {"name": event["name"]}
        elif kind in ("response.output_item.added", "response.output_item.done"):
            if isinstance(event.get("item"), dict):
                self._item(event, event["item"], is_done=kind.endswith("done"))
        elif kind in _PART:
            part = as_dict(event.get("part"))
            words = as_str(part.get("text")) or as_str(part.get("refusal")) or ""
            if part.get("type") in _PARTS and words:
                item_type, field, part_type = _PARTS[part["type"]]
                self._items.of(item_type, event).whole((field, _number(event), part_type), words)
        elif kind == "response.output_text.annotation.added":
            self._items.of("message", event).annotate(_number(event), event.get("annotation"))
        elif "error" in (kind, event.get("object")) or (event.get("error") and "response" not in event):
            self.failure = event
        elif isinstance(event.get("response"), dict):
            self.response = {**self.response, **{k: v for k, v in event["response"].items() if v is not None}}
            if kind in TERMINAL:
                self.ended = True
                if event["response"].get("status") in (None, "in_progress"):
                    # Left out, or as it was at the beginning: the event says it.
                    self.response["status"] = kind.removeprefix("response.").replace("done", "completed")

    def stream(self, events: Events) -> None:
        """Take in a stream's events."""
        super().stream(events)
        self.conclude()

    def conclude(self) -> None:
        """Take in that no more events come."""
        self.streamed = True
        if self.failure is not None:
            self.error = error_object(error_fields(self.failure), status=None)
        elif self.response.get("error"):
            self.error = error_object(self.response, status=None)

    def _item(self, event: dict[str, Any], item: dict[str, Any], *, is_done: bool) -> None:
        draft = self._items.of(as_str(item.get("type")) or "unknown", event, item, new=not is_done)
        draft.item = item
        draft.is_finished = draft.is_finished or is_done

    @cached_property
    def output(self) -> list[dict[str, Any]]:
        """The output items, as whole as the stream allows. To be asked for at its end."""
        final = self.response.get("output")
        if not self.streamed:
            return dict_list(final)
        return self._items.completed(dict_list(final)) if self.ended and final else self._items.build()

    def transcript(self, protocol: str) -> Transcript:
        """The finished transcript."""
        self.id = as_str(self.response.get("id")) or None
        self.model = as_str(self.response.get("model")) or None
        self.created = as_time(self.response.get("created_at"))
        self.service_tier = as_str(self.response.get("service_tier")) or None
        return super().transcript(protocol)

    def choices(self) -> tuple[Choice, ...]:
        """The output items as the one answer."""
        choice = ChoiceDraft(0)
        for position, item in enumerate(self.output):
            add_item(choice, item, position)
        status = as_str(self.response.get("status"))
        status = None if status in UNFINISHED else status
        built = build_response(choice, status, self.response.get("incomplete_details"))
        return (built,) if built.parts or built.finish_reason else ()

    def complete(self) -> bool:
        """Of a whole answer that it is there, in a stream the event that ends it; and a status that says no other."""
        if self.error is not None or self.cut or not self.ended:
            return False
        ended = (self.response.get("status") or "completed") in _ENDED_WELL
        return ended and self.exchange.interaction.outcome is Outcome.COMPLETE

    def usage(self) -> Usage | None:
        """What was counted."""
        return response_usage(self.response.get("usage"), self.response.get("tool_usage"), self.output)


def _number(event: dict[str, Any]) -> int:
    """Which part of its item an event is about."""
    return as_int(event.get("summary_index", event.get("content_index"))) or 0


def error_fields(event: dict[str, Any]) -> dict[str, Any]:
    """An `error` event in the one form that all error readers know: `{"error": {...}}`."""
    if event.get("error"):
        return event
    return {"error": {name: event.get(name) for name in ("code", "message")} | as_dict(event.get("error"))}


def _ended(kept: Exchange, end: dict[str, Any], reason: str) -> dict[str, Any]:
    """The last event says all of the answer again: what was kept of it."""
    answer = ResponseAnswer(kept)
    answer.read("")
    response = {**as_dict(end.get("response")), "output": answer.output}
    if not reason:
        return {**end, "response": response}
    limit = {"status": "incomplete", "incomplete_details": {"reason": reason}}
    return {**end, "type": "response.incomplete", "response": {**response, **limit}}


def _error_event(message: str) -> tuple[str, dict[str, Any]]:
    event = {"type": "error", "code": "server_error", "message": message, "param": None, "sequence_number": 0}
    return "error", event


FORMS = Forms(
    error_event=_error_event,
    opening=frozenset({"response.created", "response.in_progress"}),
    length="max_output_tokens",
    ended=_ended,
)
