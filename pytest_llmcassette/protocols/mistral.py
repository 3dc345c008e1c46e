"""`mistral.chat`: Mistral's own chat, agents and fill-in-the-middle completions.

Close to OpenAI's, but content may be a list with `thinking` and `reference` parts, cached tokens `num_cached_tokens`,
and fill-in-the-middle answers with a message too.
"""

from __future__ import annotations

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.chat_completions import ChatAnswer, ChatProtocol

_PATHS = ("/chat/completions", "/fim/completions", "/agents/completions")


class _Answer(ChatAnswer):
    # mistralai reads what is left at a stream's end as one more event.
    counts_unended = True


class MistralChat(ChatProtocol):
    """https://docs.mistral.ai/api"""

    name = "mistral.chat"
    assembly = _Answer

    def claims(self, exchange: Exchange) -> bool:
        """By Mistral's host, by paths that only Mistral has, or by its publisher's name at Vertex AI."""
        path = exchange.posted_to
        if path.endswith(_PATHS):
            return exchange.provider == "mistral" or not path.endswith("/chat/completions")
        chats = "/publishers/mistralai/models/" in path and "/mistral-ocr" not in path
        return chats and path.lower().endswith("rawpredict")


PROTOCOLS = (MistralChat(),)
