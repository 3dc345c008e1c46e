"""`mistral.chat`: Mistral's own chat, agents and fill-in-the-middle completions.

Close to OpenAI's, but content may be a list with `thinking` and `reference` parts, cached tokens `num_cached_tokens`,
and fill-in-the-middle answers with a message too. Format: https://docs.mistral.ai/api.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.assembly import ProtocolRow
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.chat_completions import ChatAnswer
from pytest_llmcassette.protocols.forms import Forms

_PATHS = ("/chat/completions", "/fim/completions", "/agents/completions")
_TYPES = {400: "invalid_request", 429: "rate_limited", 503: "service_unavailable"}


class _Answer(ChatAnswer):
    # mistralai reads what is left at a stream's end as one more event.
    counts_unended = True


def _error(status: int, message: str) -> dict[str, Any]:
    if status in (401, 403):
        # The gateway's own.
        return {"detail": message}
    kind = _TYPES.get(status, "internal_server_error" if status >= 500 else "invalid_request_error")
    return {"object": "error", "message": message, "type": kind, "param": None, "code": str(status)}


def _is_call(exchange: Exchange) -> bool:
    """By Mistral's host, by paths that only Mistral has, or by its publisher's name at Vertex AI."""
    path = exchange.posted_to
    if path.endswith(_PATHS):
        return exchange.provider == "mistral" or not path.endswith("/chat/completions")
    chats = "/publishers/mistralai/models/" in path and "/mistral-ocr" not in path
    return chats and path.lower().endswith("rawpredict")


_FORMS = Forms(error_body=_error, error_event=lambda message: ("", _error(503, message)))
PROTOCOLS = (ProtocolRow("mistral.chat", _Answer, _is_call, _FORMS),)
