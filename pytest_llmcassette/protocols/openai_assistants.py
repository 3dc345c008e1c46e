"""`openai.assistants`: a run of an assistant over a thread, at OpenAI and Azure.

Format: https://platform.openai.com/docs/api-reference/runs. A stream has the words; without one the run is polled, and
the words stand in the thread's messages, which cost nothing. A run that waits for its tools has their calls.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, counted
from pytest_llmcassette.protocols.http_errors import error_object, is_error
from pytest_llmcassette.protocols.json_stream import is_event_stream
from pytest_llmcassette.protocols.responses_items import citation_of
from pytest_llmcassette.protocols.transcript import Text
from pytest_llmcassette.protocols.wire_values import as_dict, as_str, as_time, dict_list, index_of

_ENDED = ("completed", "requires_action", "failed", "incomplete", "cancelled", "expired")


class _Run(DocumentAnswer):
    def request_model(self) -> str | None:
        """The assistant's own, unless the run asks for another."""
        return as_str(self.exchange.asked("model"))

    def take(self, document: Any) -> None:
        """A run as it is when it ends."""
        self.id, self.created = as_str(document.get("id")), as_time(document.get("created_at"))
        self.model = as_str(document.get("model")) or self.model
        if document.get("usage"):
            self.counts = counted(document["usage"])
        if document.get("last_error"):
            self.error = error_object({"error": document["last_error"]}, status=None)
        status = document.get("status")
        if status in _ENDED:
            self.stop(status)
        wanted = as_dict(as_dict(document.get("required_action")).get("submit_tool_outputs"))
        for call in dict_list(wanted.get("tool_calls")):
            function = as_dict(call.get("function"))
            self.call(call.get("id"), function.get("name"), function.get("arguments"))

    def piece(self, kind: str, event: dict[str, Any]) -> None:
        """A piece of a message, or the run as it is by now."""
        if event.get("object") == "thread.message.delta":
            for position, content in enumerate(dict_list(as_dict(event.get("delta")).get("content"))):
                text, key = as_dict(content.get("text")), (event.get("id"), index_of(content, position))
                self.say(text.get("value"), key=key)
                if text.get("annotations"):
                    part = self._choice.part(Text, key)
                    part.citations.extend(citation_of(entry) for entry in dict_list(text["annotations"]))
        elif event.get("object") == "thread.run":
            self.take(event)


def _is_call(exchange: Exchange) -> bool:
    """A run that was streamed, or has ended: one that is only begun is polled."""
    run = as_dict(exchange.response_json)
    refused = is_error(exchange) and exchange.posted_to != ""
    return refused or is_event_stream(exchange) or run.get("status") in _ENDED


PROTOCOLS = (RoutedProtocol("openai.assistants", _Run, _is_call),)
