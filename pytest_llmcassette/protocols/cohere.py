"""Cohere's API, version 2: chat, streamed or plain, and embed.

Format: https://docs.cohere.com/reference/chat and .../chat-stream; the events are those of the SDK's
`V2ChatStreamResponse`. `usage.tokens` counts what the model read and wrote, `usage.billed_units` what is paid for.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.assembly import ProtocolRow
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.cohere_assembly import ChatAssembly, usage_of
from pytest_llmcassette.protocols.documents import Vectors
from pytest_llmcassette.protocols.forms import Forms
from pytest_llmcassette.protocols.http_errors import error_object
from pytest_llmcassette.protocols.wire_values import as_dict, as_str


def _error_event(message: str) -> tuple[str, dict[str, Any]]:
    return "message-end", {"type": "message-end", "delta": {"finish_reason": "ERROR", "error": message}}


_FORMS = Forms(
    error_body=lambda status, message: {"message": message},
    error_event=_error_event,
    opening=frozenset({"message-start"}),
    growing=frozenset({"content-delta", "tool-plan-delta", "tool-call-delta"}),
    length="MAX_TOKENS",
)


class _Embeddings(Vectors):
    def plain(self, document: object) -> None:
        """Take in a whole answer."""
        fields = as_dict(document)
        self.id = as_str(fields.get("id"))
        self.counts = usage_of(as_dict(fields.get("meta")))
        if "embeddings" not in fields:
            self.error = error_object(fields, status=self.exchange.status)


def _is_chat(exchange: Exchange) -> bool:
    """By path; on other hosts (Azure, gateways) the request must hold messages."""
    return exchange.posted_to.endswith("/v2/chat") and _is_cohere(exchange, "messages")


def _is_embed(exchange: Exchange) -> bool:
    """By path, the first version's too, which answers alike; on other hosts the request must hold an input type."""
    return exchange.posted_to.endswith(("/v2/embed", "/v1/embed")) and _is_cohere(exchange, "input_type")


def _is_cohere(exchange: Exchange, field: str) -> bool:
    return "cohere" in exchange.host or exchange.asked(field) is not None


PROTOCOLS = (
    ProtocolRow("cohere.chat", ChatAssembly, _is_chat, _FORMS),
    ProtocolRow("cohere.embed", _Embeddings, _is_embed, _FORMS),
)
