"""`openai.chat`: chat completions, at OpenAI and at every host that speaks them."""

from __future__ import annotations

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.chat_completions import ChatProtocol


class OpenAIChat(ChatProtocol):
    """https://platform.openai.com/docs/api-reference/chat, and 25 compatible hosts."""

    name = "openai.chat"

    def claims(self, exchange: Exchange) -> bool:
        """By URL (`.../chat/completions` under any prefix), else by the answer's own words (a proxy of any URL)."""
        path = exchange.posted_to
        if path.endswith(("/chat/completions", "/text/chat", "/text/chat_stream")):
            # watsonx has it under another name.
            return path.endswith("/completions") or "/ml/v1/" in path
        if path.endswith("/completions") and "prompt" not in (exchange.request_json or {}):
            return isinstance(exchange.asked("messages"), list)
        # Databricks, SageMaker and company proxies serve it at URLs of their own.
        said_so = bool(path) and b'"chat.completion' in exchange.body[:4096] and exchange.route is None
        return said_so and isinstance(exchange.asked("messages"), list)


PROTOCOLS = (OpenAIChat(),)
