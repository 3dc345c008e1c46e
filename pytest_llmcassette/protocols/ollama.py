"""Ollama's own API: chat and generate, as JSON lines or as one object, and embeddings.

Format: https://github.com/ollama/ollama/blob/main/docs/api.md. Every line is a response object; the last has `done` and
the counts. `prompt_eval_count` is absent when the prompt came from the cache: unknown, not 0.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.assembly import OneAnswer, ProtocolRow
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.documents import Vectors
from pytest_llmcassette.protocols.forms import Forms
from pytest_llmcassette.protocols.http_errors import error_object
from pytest_llmcassette.protocols.json_stream import Events, JsonLines
from pytest_llmcassette.protocols.media import media_of_base64
from pytest_llmcassette.protocols.transcript import Reasoning, finish_reasons
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, as_list, as_str, dict_list, seconds_of

_COUNTS = ("prompt_eval_count", "eval_count", "prompt_eval_cached_count")


class _Assembly(OneAnswer):
    """One answer as it grows; chat has a `message`, generate a `response` in every object."""

    finish = finish_reasons(stop="stop", length="length")

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._usage: dict[str, Any] = {}

    def events(self) -> Events | None:
        """The lines of a stream."""
        exchange = self.exchange
        if exchange.response_json is None or exchange.content_type == "application/x-ndjson":
            return JsonLines(exchange.body)
        return None

    def event(self, name: str, event: dict[str, Any]) -> None:
        """Take in a line of a stream, which is as a whole answer."""
        self.plain(event)

    def plain(self, document: object) -> None:
        """Take in a whole answer."""
        event = as_dict(document)
        if event.get("error"):
            self.error = error_object(event, status=self.exchange.status)
            return
        self._begun = self._begun or bool(event)
        self.model = as_str(event.get("model")) or self.model
        self.created = self.created or seconds_of(event.get("created_at"))
        message = as_dict(event.get("message")) or event
        self.say(message.get("thinking"), Reasoning)
        self.say(message.get("content") if message is not event else event.get("response"))
        for call in dict_list(message.get("tool_calls")):
            # Calls always come whole; `index` numbers them anew in every message.
            function = as_dict(call.get("function"))
            self.call(call.get("id"), function.get("name"), function.get("arguments"))
        for image in as_list(message.get("images")):
            if isinstance(image, str):
                self._choice.add(media_of_base64("image", None, image))
        if event.get("done") is True:
            self.ended = True
            self._choice.finish_reason = as_str(event.get("done_reason")) or None
        self._usage.update((name, event[name]) for name in _COUNTS if event.get(name) is not None)

    def usage(self) -> Usage | None:
        """The counts of the last object."""
        if not self._usage:
            return None
        return Usage(
            input_tokens=as_int(self._usage.get("prompt_eval_count")),
            output_tokens=as_int(self._usage.get("eval_count")),
            cache_read_input_tokens=as_int(self._usage.get("prompt_eval_cached_count")),
            wire=self._usage,
        )


def _is_chat(exchange: Exchange) -> bool:
    """By path, which is one of many, and by what is Ollama's."""
    return exchange.posted_to.endswith("/api/chat") and _is_ollama(exchange)


def _is_generate(exchange: Exchange) -> bool:
    """By path, and by what is Ollama's."""
    return exchange.posted_to.endswith("/api/generate") and _is_ollama(exchange)


def _is_ollama(exchange: Exchange) -> bool:
    """By Ollama's port or host, or by the look of the answer."""
    if exchange.port == 11434 or "ollama" in exchange.host or exchange.content_type == "application/x-ndjson":
        return True
    first = exchange.body[:4096].lstrip().partition(b"\n")[0]
    return b'"model"' in first and b'"done"' in first


class _Embeddings(Vectors):
    def plain(self, document: object) -> None:
        """Take in a whole answer."""
        fields = as_dict(document)
        self.model = as_str(fields.get("model"))
        if "embeddings" not in fields and "embedding" not in fields:
            self.error = error_object(fields, status=self.exchange.status)
        # Of one text `/api/embeddings` counts nothing.
        count = as_int(fields.get("prompt_eval_count"))
        if count is not None:
            self.counts = Usage(input_tokens=count, wire={"prompt_eval_count": count})


def _is_embed(exchange: Exchange) -> bool:
    """`/api/embed`, and `/api/embeddings` of one prompt, which is a path of others too, who ask for an `input`."""
    path = exchange.posted_to
    return path.endswith("/api/embed") or (path.endswith("/api/embeddings") and exchange.asked("prompt") is not None)


_FORMS = Forms(
    error_body=lambda status, message: {"error": message},
    error_event=lambda message: ("", {"error": message}),
    usage=frozenset(_COUNTS),
)
PROTOCOLS = (
    ProtocolRow("ollama.embed", _Embeddings, _is_embed),
    ProtocolRow("ollama.chat", _Assembly, _is_chat, _FORMS),
    ProtocolRow("ollama.generate", _Assembly, _is_generate, _FORMS),
)
