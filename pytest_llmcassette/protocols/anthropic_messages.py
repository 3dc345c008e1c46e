"""Anthropic's Messages API: direct, on Vertex AI, inside Bedrock InvokeModel, and compatible hosts.

Format: https://docs.anthropic.com/en/api/messages and .../messages-streaming; the block and delta types are those of
the anthropic SDK (`types/beta/beta_content_block.py`, `types/beta/beta_raw_content_block_delta.py`).
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from pytest_llmcassette.protocols.anthropic_assembly import MessageAssembly
from pytest_llmcassette.protocols.aws_json_stream import AwsJsonStream, aws_error, is_aws_stream, model_in_path
from pytest_llmcassette.protocols.base import Exchange, WireProtocol
from pytest_llmcassette.protocols.http_errors import http_error, is_error
from pytest_llmcassette.protocols.json_stream import JsonStream, is_event_stream
from pytest_llmcassette.protocols.transcript import Transcript

_BEDROCK = re.compile(r"/model/(.+)/invoke(?:-with-response-stream)?$")
_VERTEX = re.compile(r"/publishers/anthropic/models/([^/:]+):(?:streamRawPredict|rawPredict)$")


class AnthropicMessages(WireProtocol):
    """`anthropic.messages`, wherever it is served."""

    name = "anthropic.messages"

    def claims(self, exchange: Exchange) -> bool:
        """By path; on hosts that are not Anthropic's a look at the request and the answer decides."""
        path = exchange.posted_to
        if path.endswith("/v1/messages"):
            return exchange.host.endswith("anthropic.com") or _speaks_messages(exchange)
        bedrock = _BEDROCK.search(path)
        if bedrock:
            model = unquote(bedrock[1]).lower()
            # An application inference profile's ARN does not name the model; the request's version does.
            return "anthropic" in model or "claude" in model or exchange.asked("anthropic_version") is not None
        vertex = _VERTEX.search(path)
        return vertex is not None and not vertex[1].startswith("count-tokens")

    def read(self, exchange: Exchange) -> Transcript:
        """The message, streamed or plain."""
        assembly = MessageAssembly(exchange)
        if is_error(exchange):
            assembly.error = aws_error(exchange) if model_in_path(exchange.path) else http_error(exchange)
        elif is_aws_stream(exchange):
            assembly.stream(AwsJsonStream(exchange.body, exchange.status))
        elif is_event_stream(exchange):
            assembly.stream(JsonStream(exchange.body))
        else:
            assembly.plain(exchange.response_json)
        return assembly.transcript(self.name, _request_model(exchange))


def _request_model(exchange: Exchange) -> str | None:
    vertex = _VERTEX.search(exchange.path)
    return unquote(vertex[1]) if vertex else model_in_path(exchange.path)


def _speaks_messages(exchange: Exchange) -> bool:
    # Messaging services have a /v1/messages too.
    if isinstance(exchange.asked("messages"), list) and exchange.asked("max_tokens") is not None:
        return True
    if b"message_start" in exchange.body[:2000]:
        return True
    document = exchange.response_json
    return isinstance(document, dict) and document.get("type") == "message" and "content" in document


PROTOCOLS = (AnthropicMessages(),)
