"""Anthropic's Messages API: direct, on Vertex AI, inside Bedrock InvokeModel, and compatible hosts.

Format: https://docs.anthropic.com/en/api/messages and .../messages-streaming; the block and delta types are those of
the anthropic SDK (`types/beta/beta_content_block.py`, `types/beta/beta_raw_content_block_delta.py`).
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from pytest_llmcassette.protocols.anthropic_assembly import VERTEX, MessageAssembly
from pytest_llmcassette.protocols.assembly import ProtocolRow
from pytest_llmcassette.protocols.aws_json_stream import with_aws_errors
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.forms import Forms, kind_of

_BEDROCK = re.compile(r"/model/(.+)/invoke(?:-with-response-stream)?$")


def _error(status: int, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind_of(status, "api_error"), "message": message}}


_FORMS = Forms(
    error_body=_error,
    error_event=lambda message: ("error", _error(529, message)),
    keep_alive=b'event: ping\ndata: {"type": "ping"}\n\n',
    opening=frozenset({"message_start"}),
    growing=frozenset({"content_block_delta"}),
    length="max_tokens",
    usage=frozenset({"usage", "amazon-bedrock-invocationMetrics"}),
)


class _Messages(ProtocolRow):
    def forms_of(self, exchange: Exchange) -> Forms:
        """On Bedrock errors are Bedrock's."""
        return with_aws_errors(_FORMS) if _BEDROCK.search(exchange.posted_to) else _FORMS


def _is_call(exchange: Exchange) -> bool:
    """By path; on hosts that are not Anthropic's a look at the request and the answer decides."""
    path = exchange.posted_to
    if path.endswith("/v1/messages"):
        return exchange.host.endswith("anthropic.com") or _speaks_messages(exchange)
    bedrock = _BEDROCK.search(path)
    if bedrock:
        model = unquote(bedrock[1]).lower()
        # An application inference profile's ARN does not name the model; the request's version does.
        return "anthropic" in model or "claude" in model or exchange.asked("anthropic_version") is not None
    vertex = VERTEX.search(path)
    return vertex is not None and not vertex[1].startswith("count-tokens")


def _speaks_messages(exchange: Exchange) -> bool:
    # Messaging services have a /v1/messages too.
    if isinstance(exchange.asked("messages"), list) and exchange.asked("max_tokens") is not None:
        return True
    if b"message_start" in exchange.body[:2000]:
        return True
    document = exchange.response_json
    return isinstance(document, dict) and document.get("type") == "message" and "content" in document


PROTOCOLS = (_Messages("anthropic.messages", MessageAssembly, _is_call, _FORMS),)
