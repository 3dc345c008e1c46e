"""Cohere's API, version 1: `cohere.chat_v1` and `cohere.generate`, as JSON lines, events, or one object.

Format: https://docs.cohere.com/v1/reference/chat; the events are those of the SDK's `StreamedChatResponse`. The event
that ends a stream repeats the whole answer.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.cohere_assembly import FINISH, usage_of
from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol
from pytest_llmcassette.protocols.json_stream import Events, JsonLines
from pytest_llmcassette.protocols.transcript import Citation, Text
from pytest_llmcassette.protocols.wire_values import as_dict, as_str, dict_list


class _Chat(DocumentAnswer):
    finish = FINISH

    def events(self) -> Events | None:
        """Events, or lines that are objects."""
        exchange = self.exchange
        found = super().events()
        if found is None and (exchange.response_json is None or "is_finished" in as_dict(exchange.response_json)):
            return JsonLines(exchange.body)
        return found

    def take(self, document: Any) -> None:
        """A whole answer."""
        self.id = as_str(document.get("response_id")) or as_str(document.get("id")) or self.id
        self.say(document.get("text"))
        self.say(document.get("summary"))
        for generation in dict_list(document.get("generations")):
            self.say(generation.get("text"), key=generation.get("id"))
            self.stop(generation.get("finish_reason"))
        for call in dict_list(document.get("tool_calls")):
            self.call(None, call.get("name"), call.get("parameters"))
        for citation in dict_list(document.get("citations")):
            self._choice.part(Text).citations.append(Citation.of(citation, None, None, citation.get("text")))
        self.stop(document.get("finish_reason"))
        self.counts = usage_of(as_dict(document.get("meta")))

    def piece(self, kind: str, event: dict[str, Any]) -> None:
        """More words, whole calls, or the end with all of it again."""
        kind = as_str(event.get("event_type")) or kind
        if kind == "text-generation":
            self.say(event.get("text"))
        elif kind == "stream-end":
            whole = as_dict(event.get("response"))
            said = bool(self._choice.parts)
            kept = ("tool_calls", "citations", "meta", "response_id", "id", "finish_reason")
            self.take({name: whole.get(name) for name in kept} if said else whole)
            self.stop(event.get("finish_reason"))
            self.ended = True


def _is_chat(exchange: Exchange) -> bool:
    """`/v1/chat`: by host; elsewhere the request must hold a message and the path be Cohere's alone."""
    asked = isinstance(exchange.asked("message"), str)
    return "cohere" in exchange.host or (asked and b'"generation_id"' in exchange.body[:4096])


class _Generations(_Chat):
    answers_with = "completion"


PROTOCOLS = (RoutedProtocol("cohere.chat_v1", _Chat, _is_chat), RoutedProtocol("cohere.generate", _Generations))
