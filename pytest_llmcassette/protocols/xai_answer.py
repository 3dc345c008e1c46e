"""Answers of xAI's gRPC services: what they have in common (messages, how a call ended, what was counted), and chat's.

A message is read by the JSON beside its frame, with the names of the protobuf files or those of protobuf's JSON. What
a provider-run tool was asked and gave back are outputs of their own.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections import Counter
from dataclasses import replace
from typing import Any

from pytest_llmcassette.cassette.model import SERVER
from pytest_llmcassette.protocols.assembly import Assembly, ChoiceDraft, PartDraft
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.conversations import messages_of
from pytest_llmcassette.protocols.documents import counted
from pytest_llmcassette.protocols.grpc_status import call_error
from pytest_llmcassette.protocols.transcript import (
    Choice,
    Citation,
    Other,
    Reasoning,
    ServerToolCall,
    ServerToolResult,
    Text,
    ToolCall,
    finish_reasons,
)
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import (
    as_dict,
    as_int,
    as_list,
    as_str,
    counts_anything,
    dict_list,
    index_of,
    seconds_of,
)

_CAPITAL = re.compile("[A-Z]")


def _named_as_declared(value: Any) -> Any:
    """A message with its fields' names as in the protobuf files: `promptTokens` is `prompt_tokens`."""
    if isinstance(value, dict):
        return {_CAPITAL.sub(lambda c: f"_{c[0].lower()}", name): _named_as_declared(v) for name, v in value.items()}
    return [_named_as_declared(one) for one in value] if isinstance(value, list) else value


class XaiAnswer(Assembly):
    """An answer of any of these services, message by message."""

    finish = finish_reasons(
        stop="REASON_STOP", length="REASON_MAX_LEN REASON_MAX_CONTEXT", tool_call="REASON_TOOL_CALLS"
    )

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self.begun = False

    def take_in(self) -> None:
        """Take in the call's messages and how it ended."""
        frames = [frame for frame in self.exchange.interaction.frames if frame.sender == SERVER]
        messages = [message for sender, message in messages_of(self.exchange) if sender == SERVER]
        self.error = self.error or call_error(self.exchange.response)
        self.streamed = bool(re.search("Chunk$|Streaming$", self.exchange.path))
        for message in messages:
            self.kinds["message"] = self.kinds.get("message", 0) + 1
            self.plain(_named_as_declared(message))
        if len(messages) < len(frames):
            self.cut = True
            self.notes.append(f"{len(frames) - len(messages)} messages are protobuf without JSON beside it")

    def plain(self, document: dict[str, Any]) -> None:
        """Take in one message: an answer, or a chunk of one; the last counts are those of all."""
        self.begun = True
        self.id = as_str(document.get("id")) or self.id
        self.model = as_str(document.get("model")) or self.model
        self.created = self.created or seconds_of(document.get("created"))
        tier = as_str(document.get("service_tier")) or ""
        if not tier.endswith("UNSPECIFIED"):
            self.service_tier = tier.removeprefix("SERVICE_TIER_").lower() or self.service_tier
        wire = as_dict(document.get("usage"))
        if wire and (self.counts is None or counts_anything(wire)):
            self.counts = _usage(wire)
        self.take(document)

    @abstractmethod
    def take(self, document: dict[str, Any]) -> None:
        """What a message says."""

    def complete(self) -> bool:
        """Whether all of it came, with a reason why it ended where one is given."""
        return self.begun and super().complete()


def _usage(wire: dict[str, Any]) -> Usage | None:
    """xAI's `SamplingUsage`, which leaves reasoning out of the completion."""
    as_chat = wire | {
        "cached_tokens": wire.get("cached_prompt_text_tokens"),
        "prompt_tokens_details": {"image_tokens": wire.get("prompt_image_tokens")},
    }
    usage = counted(as_chat, "xai", sources=as_int(wire.get("num_sources_used")) or None)
    tools = (
        str(tool).removeprefix("SERVER_SIDE_TOOL_").lower() for tool in as_list(wire.get("server_side_tools_used"))
    )
    return None if usage is None else replace(usage, server_tool_calls=Counter(tools), wire=wire)


_CLIENTS = (None, "TOOL_CALL_TYPE_INVALID", "TOOL_CALL_TYPE_CLIENT_SIDE_TOOL")


class Chat(XaiAnswer):
    """A chat's answer, whole, in chunks, or waited for."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        # Else the outputs are one answer: its calls of tools, what these gave back, its words.
        self._several = (as_int(exchange.asked("n")) or 1) > 1
        self._reasons: dict[int, str] = {}
        self._citations: list[str] = []

    def take(self, document: dict[str, Any]) -> None:
        """An answer, a chunk of one, or one that was waited for."""
        if isinstance(document.get("response"), dict):
            self.plain(document["response"])
            return
        for position, output in enumerate(dict_list(document.get("outputs"))):
            # 0 is left out.
            index = index_of(output, position if "message" in output else 0)
            self._take_output(index, output, as_dict(output.get("message") or output.get("delta")))
        for url in as_list(document.get("citations")):
            if isinstance(url, str) and url not in self._citations:
                self._citations.append(url)
        if document.get("output_files"):
            self.draft().add(Other(kind="output_files", raw=document["output_files"]))
        if "dropped_message_count" in document or ("encrypted_content" in document and "outputs" not in document):
            self.draft().part(Reasoning).encrypted = as_str(document.get("encrypted_content"))

    def _take_output(self, index: int, output: dict[str, Any], said: dict[str, Any]) -> None:
        draft = self.draft(index if self._several else 0)
        content = as_str(said.get("content")) or ""
        calls = dict_list(said.get("tool_calls"))
        if said.get("role") == "ROLE_TOOL":
            self._take_result(draft, index, content, calls)
            return
        thought = as_str(said.get("reasoning_content"))
        hidden = as_str(said.get("encrypted_content"))
        if thought or hidden:
            part = draft.part(Reasoning, index)
            part.pieces.append(thought or "")
            part.encrypted = (part.encrypted or "") + hidden if hidden else part.encrypted
        if content:
            draft.part(Text, index).pieces.append(content)
        for citation in dict_list(said.get("citations")):
            source = next((as_dict(value) for name, value in citation.items() if name.endswith("_citation")), {})
            found = Citation(title=as_str(citation.get("id")), url=as_str(source.get("url")), raw=citation)
            draft.part(Text, index).citations.append(found)
        for call in calls:
            _take_call(draft, call)
        reason = as_str(output.get("finish_reason"))
        if reason and reason != "REASON_INVALID":
            self._reasons[index] = reason

    def _take_result(self, draft: ChoiceDraft, index: int, content: str, calls: list[dict[str, Any]]) -> None:
        for call in calls:
            _take_call(draft, call)
        told = calls[0] if calls else {}
        result = draft.part(ServerToolResult, index)
        result.id = as_str(told.get("id")) or result.id
        result.name = as_str(as_dict(told.get("function")).get("name")) or result.name
        failure = as_str(told.get("error_message"))
        result.content = {"error": failure} if failure else (result.content or "") + content

    def choices(self) -> tuple[Choice, ...]:
        """What was said, with the sources that the answer names, where its words name none."""
        for index, reason in sorted(self._reasons.items()):
            self.draft(index if self._several else 0).finish_reason = reason
        parts = [part for draft in self.drafts.values() for part in draft.parts]
        texts = [part for part in parts if isinstance(part, PartDraft) and part.kind is Text]
        if texts and not any(part.citations for part in texts):
            texts[-1].citations = [Citation(url=url, raw={"url": url}) for url in self._citations]
        return super().choices()

    def complete(self) -> bool:
        """Also that the last output says why it ended."""
        ended = bool(self._reasons) or not self.drafts or not self.streamed
        return super().complete() and ended


def _take_call(draft: ChoiceDraft, call: dict[str, Any]) -> None:
    """A tool call; one that the provider runs comes again when it is done."""
    function = as_dict(call.get("function"))
    kind = ToolCall if call.get("type") in _CLIENTS else ServerToolCall
    part = draft.part(kind, as_str(call.get("id")) or ("call", len(draft.parts)))
    part.id = as_str(call.get("id"))
    part.name = as_str(function.get("name")) or part.name
    part.pieces = [as_str(function.get("arguments")) or ""]
