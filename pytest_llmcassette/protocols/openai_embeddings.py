"""`openai.embeddings`: embeddings at OpenAI and compatible hosts. Only the usage and the model tell a story.

Format: https://platform.openai.com/docs/api-reference/embeddings.
"""

from __future__ import annotations

from pytest_llmcassette.protocols.assembly import ProtocolRow
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.chat_usage import chat_usage
from pytest_llmcassette.protocols.documents import Vectors
from pytest_llmcassette.protocols.http_errors import error_inside, unreadable
from pytest_llmcassette.protocols.wire_values import as_dict, as_str


class _Embeddings(Vectors):
    def plain(self, document: object) -> None:
        """Take in a whole answer."""
        fields = as_dict(document)
        self.model = as_str(fields.get("model")) or None
        self.counts = chat_usage(fields.get("usage"), self.exchange.provider)
        answered = isinstance(fields.get("data"), list)
        self.error = error_inside(fields, answered=answered)
        if self.error is None and not answered:
            self.error = unreadable(self.exchange, "the body has no data")


def _is_call(exchange: Exchange) -> bool:
    """By URL: `.../embeddings` (Voyage AI: also `/multimodalembeddings`), with an `input`."""
    path = exchange.posted_to
    if path.endswith("/invocations") and b'"embedding"' in exchange.body[:4096]:
        # Databricks serves it at URLs of its own.
        return exchange.asked("input") is not None
    if not path.endswith(("/embeddings", "/multimodalembeddings", "/contextualizedembeddings")):
        return False
    if "/ml/v1/" in exchange.path:
        # watsonx has an answer of its own.
        return False
    asked = exchange.request_json
    return not isinstance(asked, dict) or not asked or "input" in asked or "inputs" in asked


PROTOCOLS = (ProtocolRow("openai.embeddings", _Embeddings, _is_call),)
