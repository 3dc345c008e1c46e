"""Snowflake Cortex by its own API: `snowflake.complete` (streamed or plain) and `snowflake.embed`.

Format: https://docs.snowflake.com/en/user-guide/snowflake-cortex/cortex-rest-api. Close to chat completions, with the
content told a second time as a list, where tools stand, and no finish reason.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, counted
from pytest_llmcassette.protocols.transcript import ToolCall
from pytest_llmcassette.protocols.wire_values import as_dict, as_str, dict_list


class _Completion(DocumentAnswer):
    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._open: object = None

    def take(self, document: Any) -> None:
        """A whole answer, or the next piece of one."""
        self.id = as_str(document.get("id")) or self.id
        self.model = as_str(document.get("model")) or self.model
        for choice in dict_list(document.get("choices")):
            message = as_dict(choice.get("message")) or as_dict(choice.get("delta"))
            plain = choice.get("messages", message.get("content", message.get("text")))
            if message.get("type") in (None, "", "text"):
                self.say(plain)
            for entry in dict_list(message.get("content_list")) or [message]:
                self._tool(as_dict(entry.get("tool_use")) or entry)
            self.stop(choice.get("finish_reason"))
        if document.get("usage"):
            self.counts = counted(document["usage"])

    def piece(self, kind: str, event: dict[str, Any]) -> None:
        """As a whole answer."""
        self.take(event)

    def complete(self) -> bool:
        """A stream has ended when its counts came."""
        self.ended = self.ended or (self.counts is not None and self.counts.output_tokens is not None)
        return super().complete()

    def _tool(self, fields: dict[str, Any]) -> None:
        if "tool_use_id" not in fields and "input" not in fields:
            return
        # Later pieces of a call do not name it.
        self._open = fields.get("tool_use_id") or self._open
        draft = self._choice.part(ToolCall, self._open)
        draft.grow_call(self._open, fields.get("name"), fields.get("input"))


class _Vectors(DocumentAnswer):
    answers_with = "embedding"

    def take(self, document: Any) -> None:
        """What was counted."""
        self.counts = counted(document.get("usage"))


PROTOCOLS = (RoutedProtocol("snowflake.complete", _Completion), RoutedProtocol("snowflake.embed", _Vectors))
