"""Cohere's API, version 2: chat, streamed or plain, and embed.

Format: https://docs.cohere.com/reference/chat and .../chat-stream; the events are those of the SDK's
`V2ChatStreamResponse`. `usage.tokens` counts what the model read and wrote, `usage.billed_units` what is paid for.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.assembly import AssembledProtocol
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.cohere_assembly import ChatAssembly, usage_of
from pytest_llmcassette.protocols.documents import Vectors
from pytest_llmcassette.protocols.forms import Forms
from pytest_llmcassette.protocols.http_errors import error_object
from pytest_llmcassette.protocols.usage import Usage
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


class CohereChat(AssembledProtocol):
    """`cohere.chat`: `/v2/chat`."""

    name = "cohere.chat"
    assembly = ChatAssembly
    forms = _FORMS

    def claims(self, exchange: Exchange) -> bool:
        """By path; on other hosts (Azure, gateways) the request must hold messages."""
        return _is_call(exchange, ("/v2/chat",), "messages")


class _Embeddings(Vectors):
    def plain(self, document: object) -> None:
        """Take in a whole answer."""
        self.id = as_str(as_dict(document).get("id"))
        if "embeddings" not in as_dict(document):
            self.error = error_object(as_dict(document), status=self.exchange.status)

    def usage(self) -> Usage | None:
        """What `meta` counts."""
        return usage_of(as_dict(as_dict(self.exchange.response_json).get("meta")))


class CohereEmbed(AssembledProtocol):
    """`cohere.embed`: `/v2/embed`, and `/v1/embed`, which answers alike."""

    name = "cohere.embed"
    assembly = _Embeddings
    forms = _FORMS

    def claims(self, exchange: Exchange) -> bool:
        """By path; on other hosts the request must hold an input type."""
        return _is_call(exchange, ("/v2/embed", "/v1/embed"), "input_type")


def _is_call(exchange: Exchange, paths: tuple[str, ...], field: str) -> bool:
    return exchange.posted_to.endswith(paths) and ("cohere" in exchange.host or exchange.asked(field) is not None)


PROTOCOLS = (CohereChat(), CohereEmbed())
