"""Cohere's API, version 2: chat, streamed or plain, and embed.

Format: https://docs.cohere.com/reference/chat and .../chat-stream; the events are those of the SDK's
`V2ChatStreamResponse`. `usage.tokens` counts what the model read and wrote, `usage.billed_units` what is paid for.
"""

from __future__ import annotations

from pytest_llmcassette.protocols.assembly import Vectors
from pytest_llmcassette.protocols.base import Exchange, WireProtocol
from pytest_llmcassette.protocols.cohere_assembly import ChatAssembly, usage_of
from pytest_llmcassette.protocols.http_errors import error_object, http_error, is_error
from pytest_llmcassette.protocols.json_stream import JsonStream, is_event_stream
from pytest_llmcassette.protocols.transcript import Transcript
from pytest_llmcassette.protocols.wire_values import as_dict, as_str


class CohereChat(WireProtocol):
    """`cohere.chat`: `/v2/chat`."""

    name = "cohere.chat"

    def claims(self, exchange: Exchange) -> bool:
        """By path; on other hosts (Azure, gateways) the request must hold messages."""
        return _is_call(exchange, ("/v2/chat",), "messages")

    def read(self, exchange: Exchange) -> Transcript:
        """The message, streamed or plain."""
        assembly = ChatAssembly(exchange)
        if is_error(exchange):
            assembly.error = http_error(exchange)
        elif is_event_stream(exchange):
            assembly.stream(JsonStream(exchange.body))
        else:
            assembly.plain(exchange.response_json)
        return assembly.transcript(self.name)


class CohereEmbed(WireProtocol):
    """`cohere.embed`: `/v2/embed`, and `/v1/embed`, which answers alike."""

    name = "cohere.embed"

    def claims(self, exchange: Exchange) -> bool:
        """By path; on other hosts the request must hold an input type."""
        return _is_call(exchange, ("/v2/embed", "/v1/embed"), "input_type")

    def read(self, exchange: Exchange) -> Transcript:
        """Usage and completeness."""
        answer = Vectors(exchange)
        document = as_dict(exchange.response_json)
        answer.counted = usage_of(as_dict(document.get("meta")))
        if is_error(exchange):
            answer.error = http_error(exchange)
            return answer.transcript(self.name)
        answer.id = as_str(document.get("id"))
        if "embeddings" not in document:
            answer.error = error_object(document, status=exchange.status)
        return answer.transcript(self.name)


def _is_call(exchange: Exchange, paths: tuple[str, ...], field: str) -> bool:
    return exchange.posted_to.endswith(paths) and ("cohere" in exchange.host or exchange.asked(field) is not None)


PROTOCOLS = (CohereChat(), CohereEmbed())
