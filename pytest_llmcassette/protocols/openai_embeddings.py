"""`openai.embeddings`: embeddings at OpenAI and compatible hosts. Only the usage and the model tell a story."""

from __future__ import annotations

from pytest_llmcassette.protocols.assembly import Vectors
from pytest_llmcassette.protocols.base import Exchange, WireProtocol
from pytest_llmcassette.protocols.chat_usage import chat_usage
from pytest_llmcassette.protocols.http_errors import error_object, http_error, is_error, unreadable
from pytest_llmcassette.protocols.transcript import Transcript
from pytest_llmcassette.protocols.wire_values import as_dict, as_str


class OpenAIEmbeddings(WireProtocol):
    """https://platform.openai.com/docs/api-reference/embeddings"""

    name = "openai.embeddings"

    def claims(self, exchange: Exchange) -> bool:
        """By URL: `.../embeddings` (Voyage AI: also `/multimodalembeddings`), with an `input`."""
        if not exchange.posted_to.endswith(("/embeddings", "/multimodalembeddings", "/contextualizedembeddings")):
            return False
        asked = exchange.request_json
        return not isinstance(asked, dict) or not asked or "input" in asked or "inputs" in asked

    def read(self, exchange: Exchange) -> Transcript:
        """The transcript: no choices, `complete` when there are vectors."""
        answer = Vectors(exchange)
        if is_error(exchange):
            answer.error = http_error(exchange)
            return answer.transcript(self.name)
        document = as_dict(exchange.response_json)
        answer.model = as_str(document.get("model")) or None
        answer.counted = chat_usage(document.get("usage"), exchange.provider)
        if document.get("error"):
            answer.error = error_object(document, status=None)
        elif not isinstance(document.get("data"), list):
            answer.error = unreadable(exchange, "the body has no data")
        return answer.transcript(self.name)


PROTOCOLS = (OpenAIEmbeddings(),)
