"""Gemini's candidates put together from one response or from the chunks of a stream: the same object in both."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytest_llmcassette.protocols.assembly import Assembly, ChoiceDraft, PartDraft
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.gemini_calls import add_call
from pytest_llmcassette.protocols.http_errors import error_object
from pytest_llmcassette.protocols.media import media_of_base64
from pytest_llmcassette.protocols.transcript import (
    Choice,
    Citation,
    ExchangeError,
    Media,
    Other,
    Reasoning,
    Refusal,
    ServerToolCall,
    ServerToolResult,
    Text,
    finish_reasons,
)
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import (
    as_dict,
    as_int,
    as_json_text,
    as_list,
    as_str,
    counts_anything,
    dict_list,
    first_int,
    index_of,
    seconds_of,
    sum_known,
)

# The numbers of `enum-encoding=int`: google/ai/generativelanguage and google/cloud/aiplatform number them differently.
_COMMON_NUMBERS = ("FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION")
_STUDIO_NUMBERS = (
    *_COMMON_NUMBERS,
    *("OTHER", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL", "IMAGE_SAFETY"),
    *("UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"),
)
_VERTEX_NUMBERS = (
    *_COMMON_NUMBERS,
    *("OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL", "MODEL_ARMOR"),
)
_BLOCK_NUMBERS = ("BLOCK_REASON_UNSPECIFIED", "SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY")
_MODALITY_NUMBERS = {1: "TEXT", 2: "IMAGE", 3: "VIDEO", 4: "AUDIO", 5: "DOCUMENT"}


class ContentAssembly(Assembly):
    """The candidates of one response as they grow."""

    finish = finish_reasons(
        stop="STOP",
        length="MAX_TOKENS CONTINUATION",
        content_filter="SAFETY RECITATION BLOCKLIST PROHIBITED_CONTENT SPII MODEL_ARMOR JAILBREAK"
        " IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION",
        error="MALFORMED_FUNCTION_CALL MALFORMED_RESPONSE UNEXPECTED_TOOL_CALL TOO_MANY_TOOL_CALLS"
        " MISSING_THOUGHT_SIGNATURE",
    )

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        # For `enum-encoding=int` only.
        self._numbers = _VERTEX_NUMBERS if "aiplatform" in exchange.host else _STUDIO_NUMBERS
        self._citations: dict[int, list[Citation]] = {}
        self._usages: list[dict[str, Any]] = []
        self._blocked: str | None = None
        self._searches: set[str] = set()
        # A whole answer needs no finish reason to be complete.
        self.came_whole = False

    def chunk(self, document: dict[str, Any]) -> None:
        """Take in a response object, or one chunk of a stream."""
        # The Code Assist endpoint wraps it.
        document = as_dict(document.get("response")) or document
        kind = "error" if document.get("error") else "chunk"
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if kind == "error":
            self.error = error_object(document, status=self.exchange.status)
        self.id = self.id or as_str(document.get("responseId"))
        self.model = self.model or as_str(document.get("modelVersion"))
        self.created = self.created or seconds_of(document.get("createTime"))
        usage = document.get("usageMetadata")
        if usage and isinstance(usage, dict):
            self._usages.append(usage)
            self.service_tier = tier_of(usage) or self.service_tier
        for position, candidate in enumerate(dict_list(document.get("candidates"))):
            self._candidate(index_of(candidate, position), candidate)
        self._prompt_feedback(as_dict(document.get("promptFeedback")))

    def event(self, name: str, event: dict[str, Any]) -> None:
        """Take in one event of a stream."""
        self.chunk(event)

    def complete(self) -> bool:
        """A whole document, or a stream that was not cut, with a finish reason for every candidate."""
        if self.cut or not self.drafts:
            return False
        if self.error is not None and self._blocked is None:
            return False
        return self.came_whole or all(draft.finish_reason for draft in self.drafts.values())

    def choices(self) -> tuple[Choice, ...]:
        """The candidates by index."""
        for index, citations in self._citations.items():
            texts = [part for part in self.drafts[index].parts if isinstance(part, PartDraft) and part.kind is Text]
            (texts[-1] if texts else self.drafts[index].part(Text)).citations = citations
        self._citations = {}
        return super().choices()

    def usage(self) -> Usage | None:
        """The counts of the last chunk that had any; and the searches that the answer lists, which are paid for."""
        if not self._usages:
            return None
        # Cumulative but not monotone: the last object holds, as a whole, unless it is one of zeros.
        usage = usage_of(next((one for one in reversed(self._usages) if counts_anything(one)), self._usages[0]))
        return replace(usage, server_tool_calls={"web_search": len(self._searches)}) if self._searches else usage

    def _prompt_feedback(self, feedback: dict[str, Any]) -> None:
        """A prompt that was blocked: no candidate says so, and there are none."""
        reason = feedback.get("blockReason")
        if not reason:
            return
        self._blocked = _name_of(reason, _BLOCK_NUMBERS)
        words = as_str(feedback.get("blockReasonMessage"))
        message = f"The prompt was blocked: {self._blocked}" + (f": {words}" if words else "")
        self.error = ExchangeError(status=self.exchange.status, type=self._blocked, message=message)
        if not self.drafts:
            draft = self.draft()
            draft.finish_reason = self._blocked
            if words:
                draft.part(Refusal).pieces.append(words)

    def _candidate(self, index: int, candidate: dict[str, Any]) -> None:
        draft = self.draft(index)
        for part in dict_list(as_dict(candidate.get("content")).get("parts")):
            _add_part(draft, part)
        reason = candidate.get("finishReason")
        if reason:
            draft.finish_reason = reason if isinstance(reason, str) else _name_of(reason, self._numbers)
        if "groundingMetadata" in candidate:
            queries = as_list(as_dict(candidate["groundingMetadata"]).get("webSearchQueries"))
            self._searches.update(query for query in queries if isinstance(query, str) and query)
        citations = _citations(candidate)
        if citations:
            self._citations[index] = citations
        if candidate.get("urlContextMetadata"):
            draft.add(Other(kind="urlContextMetadata", raw=candidate["urlContextMetadata"]))


def _name_of(number: object, names: tuple[str, ...]) -> str:
    """The name that a number stands for; what has none, a name too, is as it came."""
    index = as_int(number)
    return names[index] if index is not None and 0 <= index < len(names) else str(number)


def _add_part(draft: ChoiceDraft, part: dict[str, Any]) -> None:
    signature = as_str(part.get("thoughtSignature"))
    text = part.get("text")
    call = part.get("functionCall")
    if isinstance(text, str):
        growing = draft.part(Reasoning if part.get("thought") is True else Text)
        growing.pieces.append(text)
        if signature and growing.kind is Reasoning:
            growing.signature = signature
        elif signature:
            # A text has no place for it: the signature stands as reasoning of its own, right after.
            draft.add(Reasoning(signature=signature))
    elif isinstance(call, dict):
        add_call(draft, call, signature)
    else:
        _add_other(draft, part)
        if signature:
            draft.add(Reasoning(signature=signature))


def _add_other(draft: ChoiceDraft, part: dict[str, Any]) -> None:
    for kind, value in part.items():
        fields = as_dict(value)
        identity = as_str(fields.get("id"))
        if kind == "executableCode":
            code = as_str(fields.get("code")) or ""
            draft.add(ServerToolCall(id=identity, name="code_execution", arguments=code))
        elif kind == "codeExecutionResult":
            draft.add(ServerToolResult(id=identity, name="code_execution", content=value))
        elif kind == "toolCall":
            name = as_str(fields.get("toolType"))
            draft.add(ServerToolCall(id=identity, name=name, arguments=as_json_text(fields.get("args"))))
        elif kind == "toolResponse":
            draft.add(
                ServerToolResult(id=identity, name=as_str(fields.get("toolType")), content=fields.get("response"))
            )
        elif kind == "inlineData":
            media_type = as_str(fields.get("mimeType"))
            draft.add(media_of_base64(_family(media_type), media_type, as_str(fields.get("data")) or ""))
        elif kind == "fileData":
            media_type = as_str(fields.get("mimeType"))
            draft.add(Media(kind=_family(media_type), media_type=media_type, url=as_str(fields.get("fileUri"))))
        elif kind not in ("thought", "thoughtSignature", "videoMetadata", "partMetadata"):
            draft.add(Other(kind=kind, raw=value))


def _family(media_type: str | None) -> str:
    family = (media_type or "").partition("/")[0]
    return family if family in ("image", "audio", "video") else "file"


def _citations(candidate: dict[str, Any]) -> list[Citation]:
    found = []
    for chunk in dict_list(as_dict(candidate.get("groundingMetadata")).get("groundingChunks")):
        source = next((value for value in chunk.values() if isinstance(value, dict)), {})
        found.append(Citation.of(chunk, source.get("title"), source.get("uri"), source.get("text")))
    metadata = as_dict(candidate.get("citationMetadata"))
    for entry in dict_list(metadata.get("citationSources")) + dict_list(metadata.get("citations")):
        found.append(Citation.of(entry, entry.get("title"), entry.get("uri"), entry.get("text")))
    return found


def tier_of(usage: dict[str, Any]) -> str | None:
    """The tier in a `usageMetadata`: AI Studio names it, Vertex names the traffic's type."""
    return as_str(usage.get("serviceTier")) or as_str(usage.get("trafficType"))


def usage_of(wire: dict[str, Any]) -> Usage:
    """Gemini's `usageMetadata`, normalised. Its prompt holds the cached tokens, its candidates leave out thoughts.

    Unless the total says that they hold them.
    """
    thoughts = as_int(wire.get("thoughtsTokenCount"))
    total = as_int(wire.get("totalTokenCount"))
    asked = sum_known(as_int(wire.get("promptTokenCount")), as_int(wire.get("toolUsePromptTokenCount")))
    # The Live API counts responses.
    answered = first_int(wire.get("candidatesTokenCount"), wire.get("responseTokenCount"))
    inside = total is not None and 0 < (thoughts or 0) <= (answered or 0) == total - (asked or 0)
    prompt_details = wire.get("promptTokensDetails") or wire.get("promptTokenDetails")
    answer_details = wire.get("candidatesTokensDetails") or wire.get("responseTokensDetails")
    return Usage(
        input_tokens=asked,
        output_tokens=answered if inside else sum_known(answered, thoughts),
        total_tokens=total,
        cache_read_input_tokens=as_int(wire.get("cachedContentTokenCount")),
        reasoning_output_tokens=thoughts,
        audio_input_tokens=_modality(prompt_details, "AUDIO"),
        audio_output_tokens=_modality(answer_details, "AUDIO"),
        image_input_tokens=_modality(prompt_details, "IMAGE"),
        image_output_tokens=_modality(answer_details, "IMAGE"),
        wire=wire,
    )


def _modality(details: object, wanted: str) -> int | None:
    counts = [
        as_int(entry.get("tokenCount"))
        for entry in dict_list(details)
        if _modality_name(entry.get("modality")) == wanted
    ]
    return sum_known(*counts)


def _modality_name(value: object) -> object:
    return _MODALITY_NUMBERS.get(value) if isinstance(value, int) else value
