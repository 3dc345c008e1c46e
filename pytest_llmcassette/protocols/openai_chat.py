"""`openai.chat`: chat completions, at OpenAI and at every host that speaks them; `openai.completions`: the legacy ones.

These have a prompt and no messages, at OpenAI, vLLM, llama.cpp and others.
Format: https://platform.openai.com/docs/api-reference/chat and .../completions; 25 compatible hosts have it.
"""

from __future__ import annotations

import re

from pytest_llmcassette.protocols.assembly import ProtocolRow
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.chat_completions import ChatAnswer
from pytest_llmcassette.protocols.wire_values import as_dict

# Where answers that take their time are fetched at xAI and at Zhipu.
_DEFERRED = re.compile(r"/chat/deferred-completion/|/paas/v4/async-result/")


def _is_chat(exchange: Exchange) -> bool:
    """By URL (`.../chat/completions` under any prefix), else by the answer's own words (a proxy of any URL).

    Of an answer that is deferred only the finished poll has words: the receipt and earlier polls are no answers.
    """
    path = exchange.posted_to
    if not path and _DEFERRED.search(exchange.path):
        return exchange.status == 200 and bool(as_dict(exchange.response_json).keys() & {"choices", "error"})
    if path.endswith("/async/chat/completions"):
        # Perplexity's receipt for one that is polled.
        return exchange.status >= 400
    if path.endswith("/chat/completions"):
        return not (exchange.asked("deferred") is True and "request_id" in as_dict(exchange.response_json))
    if "/ml/v1/" in path and path.endswith(("/text/chat", "/text/chat_stream")):
        # watsonx has it under another name.
        return True
    if path.endswith("/completions") and "prompt" not in (exchange.request_json or {}):
        return isinstance(exchange.asked("messages"), list)
    # Databricks, SageMaker and company proxies serve it at URLs of their own.
    said_so = bool(path) and b'"chat.completion' in exchange.body[:4096]
    # Of who serves it at another API's URL (Writer, SageMaker) the answer says what it is; a file of them is none.
    is_free = exchange.route is None or exchange.route.name in ("cohere.chat_v1", "tgi.generate")
    return said_so and is_free and isinstance(exchange.asked("messages"), list)


class _Completion(ChatAnswer):
    """Its choices have `text` where chat has a message; ids, usage, errors and stream ends are those of chat."""

    answers_with = "completion"


def _is_completion(exchange: Exchange) -> bool:
    """By URL (`.../completions` that chat did not claim), else by the answer's own words."""
    path = exchange.posted_to
    if path.endswith("/completions"):
        # What chat did not claim of its own is no answer; llama.cpp answers there in its own way, too.
        own = not path.endswith("/v1/completions") and b'"tokens_predicted"' in exchange.body
        return not own and not path.endswith("/chat/completions")
    return bool(path) and b'"text_completion"' in exchange.body[:4096] and exchange.asked("prompt") is not None


PROTOCOLS = (
    ProtocolRow("openai.chat", ChatAnswer, _is_chat),
    ProtocolRow("openai.completions", _Completion, _is_completion),
)
