"""The output items of the Responses API as parts of an answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytest_llmcassette.protocols.assembly import ChoiceDraft, PartDraft
from pytest_llmcassette.protocols.media import media_of_base64
from pytest_llmcassette.protocols.transcript import (
    Choice,
    Citation,
    FinishReason,
    Other,
    Reasoning,
    Refusal,
    ServerToolCall,
    ServerToolResult,
    Text,
    ToolCall,
    finish_reasons,
)
from pytest_llmcassette.protocols.wire_values import (
    as_dict,
    as_json_text,
    as_list,
    as_str,
    dict_list,
    first_str,
)

# What a provider-run tool was asked, by item type; everything else it is asked is in `action` or `arguments`.
_QUESTION = {"file_search_call": "queries", "code_interpreter_call": "code", "x_search_call": "query"}
_ANSWER = ("results", "outputs", "output")
_STATUSES = finish_reasons(stop="completed", error="failed")
_REASONS = finish_reasons(length="max_output_tokens max_tokens", content_filter="content_filter")
# Calls that the client must carry out, but not of a function that it declared: shown whole.
_FOR_THE_CLIENT = frozenset({"computer_call", "local_shell_call", "shell_call", "apply_patch_call"})


def add_item(choice: ChoiceDraft, item: dict[str, Any], position: int) -> None:
    """Append one output item's parts."""
    kind = as_str(item.get("type")) or "unknown"
    if kind == "message":
        if isinstance(item.get("content"), str):
            choice.part(Text, (position, 0)).pieces.append(item["content"])
        for number, part in enumerate(as_list(item.get("content"))):
            _add_content(choice, part, (position, number))
    elif kind == "reasoning":
        _add_reasoning(choice, item, position)
    elif kind in ("function_call", "custom_tool_call"):
        call = choice.part(ToolCall, position)
        arguments = item.get("arguments" if kind == "function_call" else "input")
        call.grow_call(first_str(item.get("call_id"), item.get("id")), item.get("name"), arguments)
    elif kind in _FOR_THE_CLIENT:
        choice.add(Other(kind=kind, raw=item))
    elif kind.endswith("_call"):
        _add_server_tool(choice, item, kind)
    elif kind.endswith(("_output", "_list_tools")):
        name = as_str(item.get("name")) or as_str(item.get("server_label")) or kind
        content = item.get("output", item.get("tools"))
        choice.add(ServerToolResult(id=as_str(item.get("id")), name=name, content=content))
    else:
        choice.add(Other(kind=kind, raw=item))


def build_response(choice: ChoiceDraft, status: str | None, details: object) -> Choice:
    """The finished choice of a response, whose finish reason is its status; `details` say why it is incomplete."""
    choice.finish_reason = status
    built = choice.build(_STATUSES)
    if status == "incomplete":
        reason = as_str(as_dict(details).get("reason")) or ""
        return replace(built, finish=_REASONS.get(reason, FinishReason.OTHER))
    return replace(built, finish=FinishReason.TOOL_CALL) if status == "completed" and built.tool_calls else built


def _add_content(choice: ChoiceDraft, part: object, key: tuple[int, int]) -> None:
    if not isinstance(part, dict):
        return
    kind = part.get("type")
    if kind in ("output_text", "text") or (kind is None and "text" in part):
        draft = choice.part(Text, key)
        draft.pieces.append(as_str(part.get("text")) or "")
        draft.citations.extend(citation_of(entry) for entry in dict_list(part.get("annotations")))
    elif kind == "refusal":
        choice.part(Refusal, key).pieces.append(as_str(part.get("refusal")) or "")
    elif kind == "reasoning_text":
        choice.part(Reasoning, key).pieces.append(as_str(part.get("text")) or "")
    else:
        choice.add(Other(kind=str(kind), raw=part))


def citation_of(entry: dict[str, Any]) -> Citation:
    """An annotation: `url_citation`, `file_citation`, `container_file_citation` or `file_path`."""
    title = as_str(entry.get("title")) or as_str(entry.get("filename"))
    return Citation.of(entry, title, entry.get("url"))


def _add_reasoning(choice: ChoiceDraft, item: dict[str, Any], position: int) -> None:
    """Summaries first, then the full text where a host shows it; one part, since one signature covers all."""
    draft: PartDraft = choice.part(Reasoning, position)
    for entry in (*as_list(item.get("summary")), *as_list(item.get("content"))):
        words = entry.get("text") if isinstance(entry, dict) else entry
        draft.pieces.append(as_str(words) or "")
    draft.id = as_str(item.get("id"))
    draft.encrypted = as_str(item.get("encrypted_content"))
    draft.signature = as_str(item.get("signature"))


def _add_server_tool(choice: ChoiceDraft, item: dict[str, Any], kind: str) -> None:
    tool_id = as_str(item.get("id"))
    name = as_str(item.get("name")) or kind
    question = item.get(_QUESTION.get(kind, "arguments"))
    if question is None:
        question = item.get("action", item.get("input"))
    choice.add(ServerToolCall(id=tool_id, name=name, arguments=as_json_text(question)))
    if kind == "image_generation_call":
        if isinstance(item.get("result"), str):
            media_type = f"image/{as_str(item.get('output_format')) or 'png'}"
            choice.add(media_of_base64("image", media_type, item["result"]))
        return
    for field in _ANSWER:
        if item.get(field) is not None:
            choice.add(ServerToolResult(id=tool_id, name=name, content=item[field]))
    if item.get("error") is not None:
        choice.add(ServerToolResult(id=tool_id, name=name, content={"error": item["error"]}))
