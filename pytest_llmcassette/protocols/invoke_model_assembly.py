"""Answers of Bedrock InvokeModel, where every model family has a body of its own.

Shapes: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html. Families are told apart by the keys
they use, not by the model's name: an inference profile's ARN does not hold it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytest_llmcassette.protocols.aws_json_stream import BedrockAnswer, bedrock_usage, counts_in_headers
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.converse_assembly import ConverseAssembly
from pytest_llmcassette.protocols.http_errors import error_object
from pytest_llmcassette.protocols.media import media_of_base64
from pytest_llmcassette.protocols.transcript import Choice, Media, Other, Reasoning, Text, ToolCall, finish_reasons
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, as_str, dict_list, first_str, index_of, sum_known

_METRICS = "amazon-bedrock-invocationMetrics"
_NOVA_EVENTS = ("messageStart", "contentBlockStart", "contentBlockDelta", "messageStop", "metadata")
_LISTS = ("results", "outputs", "generations", "completions", "choices")
_TEXTS = ("outputText", "text", "generation", "completion")
_REASONS = ("completionReason", "finish_reason", "stop_reason", "finishReason")
_VECTORS = ("embedding", "embeddings", "embeddingsByType")
# (input, output) as Llama, Titan and the OpenAI-like bodies (AI21, DeepSeek, Qwen, Mistral) count.
OWN_COUNTS = (
    ("prompt_token_count", "generation_token_count"),
    ("inputTextTokenCount", "totalOutputTextTokenCount"),
    ("prompt_tokens", "completion_tokens"),
    ("input_tokens", "output_tokens"),
)


class InvokeModelAssembly(BedrockAnswer):
    """One answer as it grows."""

    finish = finish_reasons(
        stop="finish complete stop end_turn endoftext eos stop_sequence stop_criteria_met",
        length="length max_tokens",
        tool_call="tool_use tool_calls tool_call",
        content_filter="content_filtered content_filter error_toxic",
        error="error",
    )

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._holds_values = False
        self._ended = False
        self._nova = ConverseAssembly(exchange, joined_texts=True)
        self._metrics: dict[str, Any] = {}
        self._own: dict[str, Any] = {}
        self._intervened = False

    def event(self, name: str, event: dict[str, Any]) -> None:
        """Take in one event of a stream: its fields say what it is."""
        self._take(event)

    def document(self, document: dict[str, Any]) -> None:
        """Take in a whole body."""
        self._take(document)
        # Image models write `"error": null` beside their images.
        if document.get("error"):
            self.error = error_object(document, status=self.exchange.status)
        kind = "image" if document.get("images") else "embedding" if any(key in document for key in _VECTORS) else None
        if any("relevance_score" in entry for entry in dict_list(document.get("results"))):
            kind = "rerank"
            self.draft(0).add(Other(kind="ranking", raw=document["results"]))
        self.answers_with = kind or self.answers_with
        self._holds_values = kind is not None

    def _take(self, document: dict[str, Any]) -> None:
        self.id = self.id or as_str(document.get("id")) or as_str(document.get("generation_id"))
        self.model = self.model or as_str(document.get("model"))
        metrics = document.get(_METRICS)
        if isinstance(metrics, dict):
            self._metrics = metrics
            self._ended = True
        self._intervened = self._intervened or document.get("amazon-bedrock-guardrailAction") == "INTERVENED"
        self._own.update(_own_counts(document))
        if "output" in document:
            self._nova.document(document)
        for kind in _NOVA_EVENTS:
            if kind in document:
                self._nova.event(kind, as_dict(document[kind]))
        for name in _LISTS:
            for position, entry in enumerate(dict_list(document.get(name))):
                self._entry(index_of(entry, position), entry)
        # Cohere repeats the whole answer in the event that ends the stream.
        if document.get("event_type") in (None, "text-generation", "tool-calls-generation", "stream-end"):
            self._entry(0, document)
        for data in document.get("images") or ():
            if isinstance(data, str):
                self.draft(0).add(media_of_base64("image", None, data))

    def choices(self) -> tuple[Choice, ...]:
        """The answers by index."""
        self.service_tier = self.exchange.header("X-Amzn-Bedrock-Service-Tier") or None
        return self._nova.choices() or super().choices()

    def complete(self) -> bool:
        """A finish reason, or the counts that come last; vectors and images are all there is to a plain answer."""
        if not super().complete():
            return False
        finished = self._nova.finish_reason is not None or any(d.finish_reason for d in self.drafts.values())
        came = not self.streamed and bool(self.drafts)
        return finished or came or self._ended or self._holds_values

    def usage(self) -> Usage | None:
        """Bedrock's own counts (of a plain answer in its headers), else the model's."""
        counted = bedrock_usage((not self.streamed and counts_in_headers(self.exchange)) or self._metrics)
        if counted is not None:
            return replace(counted, total_tokens=as_int(self._own.get("total_tokens")))
        images = sum(isinstance(part, Media) for part in self.drafts[0].parts) if 0 in self.drafts else 0
        if images and not self._own:
            return Usage(billed_units={"images": images})
        nova = self._nova.usage()
        # A guardrail that answered instead of the model: the counts are of its own words.
        if nova is not None or self._intervened or not self._own:
            return nova
        return Usage(**self._own)

    def _entry(self, index: int, entry: dict[str, Any]) -> None:
        message = as_dict(entry.get("message")) or as_dict(entry.get("delta")) or as_dict(entry.get("data")) or entry
        if entry.get("event_type") != "stream-end":
            for name in _TEXTS:
                if isinstance(entry.get(name), str):
                    self.draft(index).part(Text).pieces.append(entry[name])
            if message is not entry:
                self._message(index, message)
            self._calls(index, message)
        for name in _REASONS:
            value = entry.get(name)
            reason = as_str(as_dict(value).get("reason")) if isinstance(value, dict) else as_str(value)
            if reason:
                self.draft(index).finish_reason = reason

    def _message(self, index: int, message: dict[str, Any]) -> None:
        thoughts = first_str(message.get("reasoning_content"), message.get("reasoning"))
        if thoughts:
            self.draft(index).part(Reasoning).pieces.append(thoughts)
        for name in ("content", "text"):
            if isinstance(message.get(name), str):
                self.draft(index).part(Text).pieces.append(message[name])

    def _calls(self, index: int, message: dict[str, Any]) -> None:
        for position, call in enumerate(dict_list(message.get("tool_calls"))):
            function = as_dict(call.get("function")) or call
            draft = self.draft(index).part(ToolCall, index_of(call, position))
            arguments = function.get("arguments", function.get("parameters"))
            draft.grow_call(call.get("id"), function.get("name"), arguments)


def _own_counts(document: dict[str, Any]) -> dict[str, Any]:
    """What the model itself counts, as the fields of a `Usage`."""
    found: dict[str, Any] = {}
    for source in (document, as_dict(document.get("usage"))):
        for input_name, output_name in OWN_COUNTS:
            sent, made = as_int(source.get(input_name)), as_int(source.get(output_name))
            if sent is not None:
                found["input_tokens"] = sent
            if made is not None:
                found["output_tokens"] = made
            if sent is not None or made is not None:
                found["wire"] = source.get("usage") or {
                    name: source[name] for name in (input_name, output_name) if name in source
                }
        total = as_int(source.get("total_tokens")) if source is not document else None
        if total is not None:
            found["total_tokens"] = total
    results = [as_int(result.get("tokenCount")) for result in dict_list(document.get("results"))]
    made = sum_known(*results)
    if made is not None:
        found["output_tokens"] = made
    return found
