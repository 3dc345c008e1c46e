"""A message of Bedrock's Converse API put together, streamed or plain. Nova speaks the same inside InvokeModel.

Shapes: `ConverseResponse` and `ConverseStreamOutput` of botocore's `bedrock-runtime/2023-09-30/service-2.json`.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.assembly import OneAnswer, PartDraft
from pytest_llmcassette.protocols.aws_json_stream import BedrockAnswer, bedrock_usage
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.http_errors import error_object
from pytest_llmcassette.protocols.media import media_of_base64
from pytest_llmcassette.protocols.transcript import (
    Citation,
    Media,
    Other,
    Reasoning,
    ServerToolCall,
    ServerToolResult,
    Text,
    ToolCall,
    finish_reasons,
)
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, as_json_text, as_str, dict_list

_MEDIA = ("image", "audio", "video", "document")


class ConverseAssembly(BedrockAnswer, OneAnswer):
    """One message as it grows. `joined_texts`: every token is a block of its own (Nova), so that blocks say nothing."""

    finish = finish_reasons(
        stop="end_turn stop_sequence",
        length="max_tokens model_context_window_exceeded",
        tool_call="tool_use",
        content_filter="guardrail_intervened content_filtered",
        error="malformed_model_output malformed_tool_use",
    )

    def __init__(self, exchange: Exchange, *, joined_texts: bool = False) -> None:
        super().__init__(exchange)
        self._joined = joined_texts
        self._usage: dict[str, Any] = {}

    @property
    def finish_reason(self) -> str | None:
        """The wire's stop reason."""
        return self._choice.finish_reason

    def document(self, document: dict[str, Any]) -> None:
        """Take in a whole response."""
        message = as_dict(as_dict(document.get("output")).get("message"))
        self._begun = self._begun or bool(message)
        for index, block in enumerate(dict_list(message.get("content"))):
            self._block(index, block)
        self._stop(document)
        self.ended = self._begun
        self._usage = as_dict(document.get("usage")) or self._usage
        self._tier(document)
        if not self._begun:
            self.error = error_object(document, status=self.exchange.status)

    def event(self, name: str, event: dict[str, Any]) -> None:
        """Take in one event of a stream; unknown kinds say nothing about the message."""
        if name == "contentBlockDelta":
            self._delta(as_int(event.get("contentBlockIndex")) or 0, as_dict(event.get("delta")))
        elif name == "contentBlockStart":
            self._start(as_int(event.get("contentBlockIndex")) or 0, as_dict(event.get("start")))
        elif name == "messageStart":
            self._begun = True
        elif name == "messageStop":
            self.ended = True
            self._stop(event)
        elif name == "metadata":
            self._usage = as_dict(event.get("usage")) or self._usage
            self._tier(event)

    def _tier(self, holder: dict[str, Any]) -> None:
        self.service_tier = as_str(as_dict(holder.get("serviceTier")).get("type")) or self.service_tier

    def usage(self) -> Usage | None:
        """The counts of `usage`."""
        return bedrock_usage(self._usage)

    def _stop(self, event: dict[str, Any]) -> None:
        reason = as_str(event.get("stopReason"))
        if reason:
            self._begun = True
            self._choice.finish_reason = reason

    def _text(self, index: int) -> PartDraft:
        return self._choice.part(Text, None if self._joined else index)

    def _tool(self, index: int, start: dict[str, Any]) -> PartDraft:
        draft = self._choice.part(ServerToolCall if start.get("type") == "server_tool_use" else ToolCall, index)
        draft.id, draft.name = as_str(start.get("toolUseId")), as_str(start.get("name"))
        return draft

    def _result(self, index: int, start: dict[str, Any]) -> PartDraft:
        draft = self._choice.part(ServerToolResult, index)
        draft.id, draft.name = as_str(start.get("toolUseId")), as_str(start.get("type"))
        draft.content = []
        return draft

    def _block(self, index: int, block: dict[str, Any]) -> None:
        for kind, value in block.items():
            fields = as_dict(value)
            if kind == "toolUse":
                self._tool(index, fields).pieces.append(as_json_text(fields.get("input")))
            elif kind == "toolResult":
                self._result(index, fields).content = fields.get("content")
            elif kind == "reasoningContent":
                self._reasoning(index, as_dict(fields.get("reasoningText")))
                self._reasoning(index, fields)
            elif kind == "citationsContent":
                draft = self._text(index)
                draft.pieces.extend(as_str(entry.get("text")) or "" for entry in dict_list(fields.get("content")))
                draft.citations.extend(_citation(entry) for entry in dict_list(fields.get("citations")))
            else:
                self._same_in_both(index, kind, value)

    def _start(self, index: int, start: dict[str, Any]) -> None:
        for kind, value in start.items():
            fields = as_dict(value)
            if kind == "toolUse":
                self._tool(index, fields)
            elif kind == "toolResult":
                self._result(index, fields)
            elif kind not in _MEDIA:
                self._choice.add(Other(kind=kind, raw=value))

    def _delta(self, index: int, delta: dict[str, Any]) -> None:
        for kind, value in delta.items():
            fields = as_dict(value)
            if kind == "toolUse":
                self._growing_tool(index).pieces.append(as_json_text(fields.get("input")))
            elif kind == "reasoningContent":
                self._reasoning(index, fields)
            elif kind == "toolResult":
                draft = self._choice.part(ServerToolResult, index)
                draft.content = [*(draft.content or ()), *dict_list(value)]
            elif kind == "citation":
                self._text(index).citations.append(_citation(fields))
            else:
                self._same_in_both(index, kind, value)

    def _same_in_both(self, index: int, kind: str, value: Any) -> None:
        """What looks alike in a whole block and in a delta."""
        if kind == "text":
            self._text(index).pieces.append(as_str(value) or "")
        elif kind in _MEDIA:
            self._choice.add(_media(kind, as_dict(value)))
        else:
            self._choice.add(Other(kind=kind, raw=value))

    def _growing_tool(self, index: int) -> PartDraft:
        for part in reversed(self._choice.parts):
            if isinstance(part, PartDraft) and part.key == index and part.kind is ServerToolCall:
                return part
        return self._choice.part(ToolCall, index)

    def _reasoning(self, index: int, fields: dict[str, Any]) -> None:
        draft = self._choice.part(Reasoning, index)
        draft.pieces.append(as_str(fields.get("text")) or "")
        signature = as_str(fields.get("signature"))
        if signature:
            draft.signature = (draft.signature or "") + signature
        redacted = as_str(fields.get("redactedContent"))
        if redacted:
            draft.encrypted = (draft.encrypted or "") + redacted


def _media(kind: str, block: dict[str, Any]) -> Media:
    family = "file" if kind == "document" else kind
    form = as_str(block.get("format"))
    media_type = f"{family}/{form}" if form and family != "file" else form
    source = as_dict(block.get("source"))
    data = as_str(source.get("bytes"))
    if data is not None:
        return media_of_base64(family, media_type, data)
    return Media(kind=family, media_type=media_type, url=as_str(as_dict(source.get("s3Location")).get("uri")))


def _citation(raw: dict[str, Any]) -> Citation:
    quotes = [as_str(entry.get("text")) or "" for entry in dict_list(raw.get("sourceContent"))]
    web = as_dict(as_dict(raw.get("location")).get("web"))
    return Citation.of(raw, raw.get("title"), web.get("url"), "".join(quotes) or None)
