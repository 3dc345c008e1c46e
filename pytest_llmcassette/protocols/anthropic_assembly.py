"""Anthropic's message put together from its blocks and deltas, streamed or plain."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from pytest_llmcassette.protocols.anthropic_usage import message_usage
from pytest_llmcassette.protocols.assembly import Assembly, OneAnswer, PartDraft
from pytest_llmcassette.protocols.aws_json_stream import BedrockAnswer, bedrock_usage, counts_in_headers, model_in_path
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.http_errors import error_inside, error_object
from pytest_llmcassette.protocols.json_stream import Events
from pytest_llmcassette.protocols.transcript import (
    Choice,
    Citation,
    ExchangeError,
    Other,
    Reasoning,
    ServerToolCall,
    ServerToolResult,
    Text,
    ToolCall,
    finish_reasons,
)
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, as_json_text, as_list, as_str, counts_anything

VERTEX = re.compile(r"/publishers/anthropic/models/([^/:]+):(?:streamRawPredict|rawPredict)$")
"""The path at Vertex AI, which names the model."""

_APPENDED = ("text", "thinking", "partial_json")


class MessageAssembly(BedrockAnswer, OneAnswer):
    """One message as it grows."""

    finish = finish_reasons(
        stop="end_turn stop_sequence",
        length="max_tokens model_context_window_exceeded",
        tool_call="tool_use",
        content_filter="refusal",
    )

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._blocks: dict[int, PartDraft | dict[str, Any]] = {}
        self._usage: dict[str, Any] = {}
        self._metrics: dict[str, Any] = {}

    def request_model(self) -> str | None:
        """The model in the URL of Vertex AI or Bedrock, else in the request."""
        vertex = VERTEX.search(self.exchange.path)
        return unquote(vertex[1]) if vertex else super().request_model()

    def http_error(self) -> ExchangeError:
        """The error of an answer with an error status, on Bedrock under its own code."""
        return super().http_error() if model_in_path(self.exchange.path) else Assembly.http_error(self)

    def events(self) -> Events | None:
        """Bedrock's frames, everywhere else server-sent events."""
        return super().events() or Assembly.events(self)

    def plain(self, document: object) -> None:
        """Take in a plain answer."""
        if not isinstance(document, dict):
            self.unreadable("The recorded answer is no JSON object.")
        else:
            self.ended = isinstance(document.get("content"), list) or isinstance(document.get("completion"), str)
            self.error = error_inside(document, answered=self.ended)
            self._message(document)
        # All there is for the old text completions of Claude 2.
        self._metrics = counts_in_headers(self.exchange)

    def _message(self, message: dict[str, Any]) -> None:
        self._begun = self._begun or bool(message)
        self.id = as_str(message.get("id")) or self.id
        self.model = as_str(message.get("model")) or self.model
        self._end(message, message)
        for index, block in enumerate(as_list(message.get("content"))):
            self._block_start(index, as_dict(block))
        self._completion(message)

    def event(self, name: str, event: dict[str, Any]) -> None:
        """Take in one event of a stream."""
        kind = event.get("type") or name
        if kind == "content_block_delta":
            self._block_delta(self._index(event, new=False), as_dict(event.get("delta")))
        elif kind == "content_block_start":
            self._block_start(self._index(event, new=True), as_dict(event.get("content_block")))
        elif kind == "message_start":
            self._message(as_dict(event.get("message")))
        elif kind == "message_delta":
            self._end(as_dict(event.get("delta")), event)
        elif kind == "message_stop":
            self.ended = True
        elif "error" in (kind, name) or event.get("error"):
            self.error = error_object(event, status=self.exchange.status)
        elif "completion" in event:
            self._completion(event)
        metrics = event.get("amazon-bedrock-invocationMetrics")
        if isinstance(metrics, dict):
            self._metrics = metrics

    def choices(self) -> tuple[Choice, ...]:
        """The one answer, once it has begun."""
        for draft in self._blocks.values():
            # A tool that takes nothing streams no arguments: its block's own `{}` stands.
            if isinstance(draft, PartDraft) and draft.kind in (ToolCall, ServerToolCall) and not any(draft.pieces):
                draft.pieces = [as_json_text(draft.content)]
        return super().choices()

    def usage(self) -> Usage | None:
        """The last word on each count."""
        return message_usage(self._usage) if self._usage else bedrock_usage(self._metrics)

    def _end(self, message: dict[str, Any], counted: dict[str, Any]) -> None:
        self._choice.finish_reason = as_str(message.get("stop_reason")) or self._choice.finish_reason
        # Cumulative totals: each event's word replaces the one before, a null leaves it standing.
        # Old documentation has them inside the delta.
        usage = as_dict(counted.get("usage") or message.get("usage"))
        if self._usage and as_int(usage.get("input_tokens")) == 0 and not counts_anything(usage):
            # Zeros for everything count nothing; a zero for the output alone does.
            return
        self._usage.update((key, value) for key, value in usage.items() if value is not None)
        self.service_tier = as_str(self._usage.get("service_tier"))

    def _completion(self, event: dict[str, Any]) -> None:
        # Claude 2 on Bedrock: `completion` instead of content blocks.
        text = as_str(event.get("completion"))
        if text is not None:
            self._begun = True
            self._choice.part(Text).pieces.append(text)
            self._choice.finish_reason = as_str(event.get("stop_reason")) or self._choice.finish_reason
            self.ended = self.ended or self._choice.finish_reason is not None

    def _index(self, event: dict[str, Any], *, new: bool) -> int:
        """The number of an event's block; where a host leaves it out, of the next or of the last one."""
        index = as_int(event.get("index"))
        return max(len(self._blocks) - (not new), 0) if index is None else index

    def _block_start(self, number: int, block: dict[str, Any]) -> None:
        kind = as_str(block.get("type")) or ""
        draft: PartDraft
        # Some hosts give one number to all blocks: each that starts is one of its own.
        index = number if number not in self._blocks else (number, len(self._choice.parts))
        if kind == "text":
            draft = self._choice.part(Text, index)
            draft.pieces.append(as_str(block.get("text")) or "")
            draft.citations.extend(_citation(entry) for entry in as_list(block.get("citations")))
        elif kind == "thinking":
            draft = self._choice.part(Reasoning, index)
            draft.pieces.append(as_str(block.get("thinking")) or "")
            draft.signature = as_str(block.get("signature")) or None
        elif kind == "redacted_thinking":
            draft = self._choice.part(Reasoning, index)
            draft.encrypted = as_str(block.get("data"))
        elif kind.endswith("tool_use"):
            draft = self._choice.part(ToolCall if kind == "tool_use" else ServerToolCall, index)
            draft.id, draft.name = as_str(block.get("id")), as_str(block.get("name"))
            draft.content = block.get("input")
        elif kind.endswith("tool_result"):
            draft = self._choice.part(ServerToolResult, index)
            draft.id, draft.name = as_str(block.get("tool_use_id")), kind.removesuffix("_tool_result")
            draft.content = block.get("content")
        else:
            other = dict(block)
            self._blocks[number] = other
            self._choice.add(Other(kind=kind or "unknown", raw=other))
            if kind == "fallback" and self.streamed:
                # It names the model that took over: the SDK's accumulator relabels the message, as plain ones are.
                self.model = as_str(as_dict(block.get("to")).get("model")) or self.model
            return
        self._blocks[number] = draft

    def _block_delta(self, index: int, delta: dict[str, Any]) -> None:
        kind = delta.get("type")
        block = self._blocks.get(index)
        if isinstance(block, dict):
            _merge_unknown(block, delta)
        elif kind == "text_delta":
            draft = block if block is not None and block.kind is Text else self._draft(Text, index)
            draft.pieces.append(as_str(delta.get("text")) or "")
        elif kind == "input_json_delta":
            draft = block if block is not None and block.kind is ServerToolCall else self._draft(ToolCall, index)
            draft.pieces.append(as_str(delta.get("partial_json")) or "")
        elif kind == "thinking_delta":
            self._draft(Reasoning, index).pieces.append(as_str(delta.get("thinking")) or "")
        elif kind == "signature_delta":
            self._draft(Reasoning, index).signature = as_str(delta.get("signature"))
        elif kind == "citations_delta":
            self._draft(Text, index).citations.append(_citation(delta.get("citation")))
        else:
            self._choice.add(Other(kind=as_str(kind) or "unknown", raw=delta))

    def _draft(self, kind: type[Text] | type[Reasoning] | type[ToolCall], index: int) -> PartDraft:
        block = self._blocks.get(index)
        if isinstance(block, PartDraft) and block.kind is kind:
            return block
        draft = self._choice.part(kind, index)
        # A delta whose block never started (the head of the stream is missing) starts it.
        self._blocks.setdefault(index, draft)
        return draft


def _merge_unknown(block: dict[str, Any], delta: dict[str, Any]) -> None:
    for key, value in delta.items():
        if key in _APPENDED and isinstance(value, str) and isinstance(block.get(key), str):
            block[key] += value
        elif key != "type":
            block[key] = value


def _citation(value: object) -> Citation:
    raw = as_dict(value)
    title = as_str(raw.get("title")) or as_str(raw.get("document_title"))
    return Citation.of(raw, title, raw.get("url"), raw.get("cited_text"))
