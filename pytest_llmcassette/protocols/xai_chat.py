"""An answer of xAI's gRPC chat. What a provider-run tool was asked and gave back are outputs of their own."""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.assembly import ChoiceDraft, PartDraft
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.transcript import (
    Choice,
    Citation,
    Other,
    Reasoning,
    ServerToolCall,
    ServerToolResult,
    Text,
    ToolCall,
)
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, as_list, as_str, dict_list, index_of
from pytest_llmcassette.protocols.xai_answer import XaiAnswer

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
            self._draft(0).add(Other(kind="output_files", raw=document["output_files"]))
        if "dropped_message_count" in document or ("encrypted_content" in document and "outputs" not in document):
            self._draft(0).part(Reasoning).encrypted = as_str(document.get("encrypted_content"))

    def _draft(self, index: int) -> ChoiceDraft:
        place = index if self._several else 0
        return self.drafts.setdefault(place, ChoiceDraft(place))

    def _take_output(self, index: int, output: dict[str, Any], said: dict[str, Any]) -> None:
        draft = self._draft(index)
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
            self._draft(index).finish_reason = reason
        texts = [
            part
            for draft in self.drafts.values()
            for part in draft.parts
            if isinstance(part, PartDraft) and part.kind is Text
        ]
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
