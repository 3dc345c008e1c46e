"""Cohere's chat message put together from its events, or from a plain answer."""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.assembly import OneAnswer
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.http_errors import error_object
from pytest_llmcassette.protocols.transcript import (
    Choice,
    Citation,
    ExchangeError,
    Other,
    Reasoning,
    Text,
    ToolCall,
    finish_reasons,
)
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, as_list, as_str, dict_list

FINISH = finish_reasons(
    stop="COMPLETE STOP_SEQUENCE",
    length="MAX_TOKENS",
    tool_call="TOOL_CALL",
    content_filter="ERROR_TOXIC",
    error="ERROR ERROR_LIMIT TIMEOUT",
)


class ChatAssembly(OneAnswer):
    """One message as it grows."""

    finish = FINISH

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._plan: list[str] = []
        self._plan_place: int | None = None
        self._citations: list[tuple[int, Citation]] = []
        self._usage: dict[str, Any] = {}
        self._call_keys: dict[int, tuple[int, int]] = {}

    def plain(self, document: object) -> None:
        """Take in a plain answer."""
        # A text there is an error's words, not an answer.
        if not isinstance(document, dict) or isinstance(document.get("message", ""), str):
            self.error = error_object(document, status=self.exchange.status)
            return
        self.id = as_str(document.get("id"))
        self.ended = isinstance(document.get("message"), dict)
        self._message(as_dict(document["message"]))
        self._end(document)

    def event(self, name: str, event: dict[str, Any]) -> None:
        """Take in one event of a stream."""
        kind = event.get("type") or name
        index = as_int(event.get("index")) or 0
        delta = as_dict(event.get("delta"))
        message = as_dict(delta.get("message"))
        if kind in ("content-start", "content-delta"):
            self._content(index, as_dict(message.get("content")))
        elif kind in ("tool-call-start", "tool-call-delta"):
            self._tool_call(index, as_dict(message.get("tool_calls")), new=kind == "tool-call-start")
        elif kind == "tool-plan-delta":
            self._tool_plan(message.get("tool_plan"))
        elif kind == "citation-start":
            citations = message.get("citations")
            for raw in dict_list(citations if isinstance(citations, list) else [citations]):
                self._cite(raw)
        elif kind == "message-start":
            self.id = as_str(event.get("id")) or self.id
            self._message(message)
        elif kind == "message-end":
            self.id = self.id or as_str(event.get("id"))
            self.ended = True
            self._end(delta)
        elif event.get("error") or "message" in event:
            self.error = error_object(event, status=self.exchange.status)

    def choices(self) -> tuple[Choice, ...]:
        """The one answer, once it has begun."""
        if self._plan and self._plan_place is not None:
            self._choice.parts.insert(self._plan_place, Other(kind="tool_plan", raw="".join(self._plan)))
            self._plan = []
        for index, source in self._citations:
            self._choice.part(Text, index).citations.append(source)
        self._citations = []
        return super().choices()

    def usage(self) -> Usage | None:
        """What `usage` counts, or None."""
        return usage_of(self._usage)

    def _end(self, fields: dict[str, Any]) -> None:
        self._begun = True
        self._choice.finish_reason = as_str(fields.get("finish_reason"))
        self._usage = as_dict(fields.get("usage"))
        words = as_str(fields.get("error"))
        if words:
            self.error = ExchangeError(status=self.exchange.status, type=self._choice.finish_reason, message=words)

    def _message(self, message: dict[str, Any]) -> None:
        self._begun = True
        self._tool_plan(message.get("tool_plan"))
        for index, content in enumerate(as_list(message.get("content"))):
            self._content(index, as_dict(content))
        for index, call in enumerate(as_list(message.get("tool_calls"))):
            self._tool_call(index, as_dict(call), new=True)
        for raw in dict_list(message.get("citations")):
            self._cite(raw)

    def _content(self, index: int, content: dict[str, Any]) -> None:
        text = as_str(content.get("text"))
        thinking = as_str(content.get("thinking"))
        if thinking is not None:
            self._choice.part(Reasoning, index).pieces.append(thinking)
        if text is not None:
            self._choice.part(Text, index).pieces.append(text)
        kind = as_str(content.get("type"))
        if kind not in (None, "text", "thinking"):
            self._choice.add(Other(kind=kind or "unknown", raw=content))

    def _tool_call(self, index: int, call: dict[str, Any], *, new: bool) -> None:
        if new:
            # Gateways give one number to all calls.
            self._call_keys[index] = (index, len(self._choice.parts))
        draft = self._choice.part(ToolCall, self._call_keys.get(index, index))
        function = as_dict(call.get("function"))
        draft.grow_call(call.get("id"), function.get("name"), function.get("arguments"))

    def _tool_plan(self, words: object) -> None:
        if isinstance(words, str) and words:
            if self._plan_place is None:
                self._plan_place = len(self._choice.parts)
            self._plan.append(words)

    def _cite(self, raw: dict[str, Any]) -> None:
        # Sources are tool outputs and documents; only a document may have a title or a URL.
        document = next((as_dict(source.get("document")) for source in dict_list(raw.get("sources"))), {})
        source = Citation.of(raw, document.get("title"), document.get("url"), raw.get("text"))
        self._citations.append((as_int(raw.get("content_index")) or 0, source))


def usage_of(wire: dict[str, Any]) -> Usage | None:
    """Cohere's `usage` (or an embedding's `meta`), normalised: tokens where they are counted, else billed units."""
    tokens, billed = as_dict(wire.get("tokens")), as_dict(wire.get("billed_units"))
    counted = tokens or billed
    if not counted:
        return None
    searches = as_int(billed.get("search_units"))
    return Usage(
        input_tokens=as_int(counted.get("input_tokens")),
        output_tokens=as_int(counted.get("output_tokens")),
        cache_read_input_tokens=as_int(wire.get("cached_tokens")),
        image_input_tokens=as_int(billed.get("image_tokens")),
        server_tool_calls={} if searches is None else {"search": searches},
        wire=wire,
    )
