"""`openai.completions`: the legacy completions (a prompt, no messages), at OpenAI, vLLM, llama.cpp and others."""

from __future__ import annotations

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.chat_completions import ChatAnswer, ChatProtocol


class _Completion(ChatAnswer):
    answers_with = "completion"


class OpenAICompletions(ChatProtocol):
    """https://platform.openai.com/docs/api-reference/completions

    Its choices have `text` where chat has a message; ids, usage, errors and stream ends are those of chat completions.
    """

    name = "openai.completions"
    assembly = _Completion

    def claims(self, exchange: Exchange) -> bool:
        """By URL (`.../completions` that chat did not claim), else by the answer's own words."""
        path = exchange.posted_to
        if path.endswith("/completions"):
            # What chat did not claim of its own is no answer; llama.cpp answers there in its own way, too.
            own = not path.endswith("/v1/completions") and b'"tokens_predicted"' in exchange.body
            return not own and not path.endswith("/chat/completions")
        return bool(path) and b'"text_completion"' in exchange.body[:4096] and exchange.asked("prompt") is not None


PROTOCOLS = (OpenAICompletions(),)
