"""What one message of chat completions, or one delta of it, adds to an answer: every field that hosts have invented."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_llmcassette.protocols.assembly import ChoiceDraft
from pytest_llmcassette.protocols.chat_tools import ToolCallDrafts, add_executed_tools
from pytest_llmcassette.protocols.media import media_of_base64, media_of_url
from pytest_llmcassette.protocols.transcript import Choice, Citation, FinishReason, Other, Reasoning, Refusal, Text
from pytest_llmcassette.protocols.wire_values import as_dict, as_list, as_str, dict_list, index_of

# `reasoning_text` and `reasoning_opaque` are Copilot's, `thinking_blocks` LiteLLM's.
_OTHERS = frozenset({"reasoning_text", "thinking", "reasoning_opaque", "thinking_blocks"})
_REASONING = _OTHERS | {"reasoning_content", "reasoning", "reasoning_details"}
# Looked for together, since a stream has thousands of deltas with none of them.
_RARE = frozenset(
    {"refusal", "images", "audio", "annotations", "executed_tools", "tool_calls", "function_call"},
)


class ChatChoice:
    """One choice, fed with its message or with its deltas in order."""

    __slots__ = ("_audio", "_calls", "draft")

    def __init__(self, index: int) -> None:
        self.draft = ChoiceDraft(index)
        self._calls = ToolCallDrafts(self.draft)
        self._audio: dict[str, list[str]] = {"data": [], "transcript": []}

    def add(self, message: dict[str, Any], *, whole: bool = False) -> None:
        """A delta, or a `whole` message."""
        content = message.get("content")
        if message.keys() & _REASONING:
            self._add_reasoning(message)
        if isinstance(content, str):
            if content:
                self.draft.part(Text).pieces.append(content)
        elif content:
            for part in content if isinstance(content, list) else [content]:
                self._add_part(part)
        if message.keys() & _RARE:
            self._add_rare(message, whole=whole)

    def _add_rare(self, message: dict[str, Any], *, whole: bool) -> None:
        refusal = message.get("refusal")
        if isinstance(refusal, str) and refusal:
            self.draft.part(Refusal).pieces.append(refusal)
        for image in dict_list(message.get("images")):
            self._add_media("image", image.get("image_url") or image.get("url"))
        if isinstance(message.get("audio"), dict):
            self._add_audio(message["audio"])
        if message.get("annotations"):
            self.add_citations([_annotation(entry) for entry in dict_list(message["annotations"])])
        if message.get("executed_tools"):
            add_executed_tools(self.draft, dict_list(message["executed_tools"]))
        calls = message.get("tool_calls")
        # Text Generation Inference (Hugging Face) streams a lone object where all others have a list.
        for call in [calls] if isinstance(calls, dict) and calls.get("function") else dict_list(calls):
            self._calls.add(call, whole=whole)
        if isinstance(message.get("function_call"), dict) and not calls:
            self._calls.add_legacy(message["function_call"])

    def add_citations(self, citations: list[Citation]) -> None:
        """Sources of the answer's last text; of an empty one when there is no text yet."""
        texts = [part for part in self.draft.parts if getattr(part, "kind", None) is Text]
        draft = texts[-1] if texts else self.draft.part(Text)
        draft.citations.extend(one for one in citations if one not in draft.citations)  # type: ignore[union-attr]

    def build(self, finish: Mapping[str, FinishReason]) -> Choice:
        """The finished choice."""
        if data := "".join(self._audio["data"]):
            self.draft.add(media_of_base64("audio", None, data))
        if self._audio["transcript"]:
            self.draft.add(Other(kind="audio_transcript", raw="".join(self._audio["transcript"])))
        return self.draft.build(finish)

    def _add_reasoning(self, message: dict[str, Any]) -> None:
        """`reasoning_content` or `reasoning`, and `reasoning_details` that say the same again: counted once."""
        said = message.get("reasoning_content") or message.get("reasoning")
        if (not said or "thinking_blocks" in message) and message.keys() & _OTHERS:
            others = self._of_others(message)
            said = said or others
        words = said if isinstance(said, str) else ""
        details = dict_list(message.get("reasoning_details"))
        if not details:
            if words:
                self.draft.part(Reasoning).pieces.append(words)
            return
        detailed = "".join(_detail_words(entry) for entry in details)
        alone = not words or words == detailed
        if not alone:
            self.draft.part(Reasoning).pieces.append(words)
        for position, entry in enumerate(details):
            kind = as_str(entry.get("type"))
            if kind == "reasoning.encrypted" and "index" in entry:
                # In pieces, as texts are.
                hidden = self.draft.part(Reasoning, (kind, entry["index"], entry.get("id")))
                hidden.encrypted = (hidden.encrypted or "") + (as_str(entry.get("data")) or "")
                hidden.id = as_str(entry.get("id"))
                continue
            if kind == "reasoning.encrypted":
                self.draft.add(Reasoning(encrypted=as_str(entry.get("data")), id=as_str(entry.get("id"))))
                continue
            part = self.draft.part(Reasoning, (kind, index_of(entry, position)))
            if alone:
                part.pieces.append(_detail_words(entry))
            part.signature = as_str(entry.get("signature")) or part.signature
            part.id = as_str(entry.get("id")) or part.id

    def _of_others(self, message: dict[str, Any]) -> Any:
        """The words in the fields that few hosts have; what stands beside them is put where it belongs."""
        if as_str(message.get("reasoning_opaque")):
            self.draft.part(Reasoning).encrypted = message["reasoning_opaque"]
        blocks = dict_list(message.get("thinking_blocks"))
        for signature in (as_str(block.get("signature")) for block in blocks):
            self.draft.part(Reasoning).signature = signature or self.draft.part(Reasoning).signature
        own = message.get("reasoning_text") or message.get("thinking")
        return own or "".join(as_str(block.get("thinking")) or "" for block in blocks)

    def _add_part(self, part: object) -> None:
        """A part of a content list (Mistral, and hosts that pass Anthropic's or OpenAI's parts through)."""
        if isinstance(part, str):
            self.draft.part(Text).pieces.append(part)
            return
        fields = as_dict(part)
        kind = fields.get("type")
        if kind in ("text", "output_text") or (kind is None and isinstance(fields.get("text"), str)):
            self.draft.part(Text).pieces.append(as_str(fields.get("text")) or "")
        elif kind in ("thinking", "reasoning", "reasoning_text"):
            # Mistral: a list of texts; Databricks: a list of summaries, the signature on one of them.
            thinking = next(
                (fields[name] for name in ("thinking", "summary", "reasoning", "text") if fields.get(name)), None
            )
            draft = self.draft.part(Reasoning)
            for piece in [*(thinking if isinstance(thinking, list) else [thinking]), fields]:
                if piece is not fields:
                    draft.pieces.append(piece if isinstance(piece, str) else as_str(as_dict(piece).get("text")) or "")
                draft.signature = as_str(as_dict(piece).get("signature")) or draft.signature
        elif kind == "redacted_thinking":
            self.draft.add(Reasoning(encrypted=as_str(fields.get("data"))))
        elif kind == "refusal":
            self.draft.part(Refusal).pieces.append(as_str(fields.get("refusal")) or "")
        elif kind == "reference":
            self.add_citations([Citation.of(fields, fields.get("title"), fields.get("url"))])
        elif kind == "image_url":
            self._add_media("image", fields.get("image_url"))
        elif kind == "document_url":
            self._add_media("document", fields.get("document_url"))
        elif fields:
            self.draft.add(Other(kind=str(kind), raw=fields))

    def _add_media(self, kind: str, value: object) -> None:
        url = as_dict(value).get("url") if isinstance(value, dict) else value
        if isinstance(url, str) and url:
            self.draft.add(media_of_url(kind, url))

    def _add_audio(self, audio: dict[str, Any]) -> None:
        for name, pieces in self._audio.items():
            value = audio.get(name)
            if isinstance(value, str):
                pieces.append(value)


def _detail_words(entry: dict[str, Any]) -> str:
    return as_str(entry.get("text")) or as_str(entry.get("summary")) or ""


def _annotation(entry: dict[str, Any]) -> Citation:
    fields = as_dict(entry.get("url_citation")) or entry
    return Citation.of(entry, fields.get("title"), fields.get("url"), fields.get("content"))


def response_citations(document: dict[str, Any]) -> list[Citation]:
    """Sources that a host names beside the choices: `citations` (Perplexity, xAI: URLs), else `search_results`."""
    found = []
    for entry in as_list(document.get("citations")) or as_list(document.get("search_results")):
        if isinstance(entry, str):
            found.append(Citation(url=entry, raw={"url": entry}))
        elif isinstance(entry, dict):
            found.append(Citation.of(entry, entry.get("title"), entry.get("url")))
    return found
