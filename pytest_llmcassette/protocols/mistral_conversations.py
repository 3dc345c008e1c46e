"""`mistral.conversations`: Mistral's conversations and their agents, streamed or plain.

Format: https://docs.mistral.ai/agents/agents_basics; entries and events are those of its SDK (`ConversationEvents`).
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.chat_message import ChatChoice
from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, counted
from pytest_llmcassette.protocols.http_errors import error_object, is_error
from pytest_llmcassette.protocols.json_stream import is_event_stream
from pytest_llmcassette.protocols.transcript import Other, ServerToolCall, ToolCall
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_str, counts_in, dict_list


class _Conversation(DocumentAnswer):
    counts_unended = True

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        # Contents are a chat message's: a text, or a list of chunks.
        self._message = ChatChoice(0)
        self._choice = self._message.draft

    def take(self, document: Any) -> None:
        """The entries that the conversation has grown by."""
        self.id = as_str(document.get("conversation_id"))
        for position, entry in enumerate(dict_list(document.get("outputs"))):
            self._entry(as_str(entry.get("type")) or "", entry, position)
        self._count(document)

    def piece(self, kind: str, event: dict[str, Any]) -> None:
        """An entry that begins or grows; the conversation's beginning and end."""
        if kind == "conversation.response.started":
            self.id = as_str(event.get("conversation_id"))
        elif kind == "conversation.response.done":
            self.ended = True
            self._count(event)
        elif kind == "conversation.response.error":
            self.error = error_object(event, status=None)
        else:
            self._entry(kind.removesuffix(".delta").removesuffix(".started"), event, event.get("output_index"))

    def _entry(self, kind: str, entry: dict[str, Any], place: object) -> None:
        self.model = self.model or as_str(entry.get("model"))
        if kind == "message.output":
            content = entry.get("content")
            # A chunk comes by itself in a stream.
            self._message.add({"content": [content] if isinstance(content, dict) else content})
        elif kind in ("function.call", "tool.execution"):
            is_ours = kind == "function.call"
            draft = self._choice.part(ToolCall if is_ours else ServerToolCall, (place, entry.get("id")))
            identity = entry.get("tool_call_id" if is_ours else "id")
            draft.grow_call(identity, entry.get("name"), entry.get("arguments"))
        elif kind == "agent.handoff":
            self._choice.add(Other(kind=kind, raw=entry.get("next_agent_name", entry.get("previous_agent_name"))))

    def _count(self, fields: dict[str, Any]) -> None:
        usage = as_dict(fields.get("usage"))
        found = counted(usage, self.exchange.provider)
        calls = Usage(server_tool_calls=counts_in(usage.get("connectors")))
        self.counts = found and found + calls if calls.server_tool_calls else found


def _is_call(exchange: Exchange) -> bool:
    """`/v1/conversations`, begun, gone on with, or restarted: by outputs, or a stream."""
    return is_error(exchange) or is_event_stream(exchange) or "outputs" in as_dict(exchange.response_json)


PROTOCOLS = (RoutedProtocol("mistral.conversations", _Conversation, _is_call),)
