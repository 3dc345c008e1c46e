"""Gemini's function calls: whole, or with arguments that arrive in pieces (`partialArgs`, Vertex AI only).

A piece is a JSONPath (RFC 9535, names and indexes only) and a value; strings are appended to what stands there.
Format: https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling#streaming-fc
"""

from __future__ import annotations

import re
from typing import Any

from pytest_llmcassette.protocols.assembly import ChoiceDraft, PartDraft
from pytest_llmcassette.protocols.transcript import ToolCall
from pytest_llmcassette.protocols.wire_values import as_json_text, as_str, dict_list

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d{1,4})\]|\[['\"](.*?)['\"]\]")
_VALUES = ("stringValue", "numberValue", "boolValue")


def add_call(draft: ChoiceDraft, call: dict[str, Any], signature: str | None) -> None:
    """Append a function call, or the next piece of the one that is still coming."""
    last = draft.parts[-1] if draft.parts else None
    # Whole calls are added finished, so that a draft is one in pieces.
    growing = last if isinstance(last, PartDraft) and last.kind is ToolCall else None
    name = as_str(call.get("name"))
    if growing is None or name:
        if "partialArgs" not in call and not call.get("willContinue"):
            arguments = as_json_text(call.get("args"))
            draft.add(ToolCall(id=as_str(call.get("id")), name=name, arguments=arguments, signature=signature))
            return
        growing = draft.part(ToolCall, ("in pieces", len(draft.parts)))
        growing.id, growing.name, growing.content = as_str(call.get("id")), name, {}
    growing.signature = signature or growing.signature
    for piece in dict_list(call.get("partialArgs")):
        value = next((piece[kind] for kind in _VALUES if kind in piece), None)
        _put(growing.content, _steps(as_str(piece.get("jsonPath")) or ""), value)
    growing.pieces = [as_json_text(growing.content)]


def _steps(path: str) -> list[str | int]:
    return [int(index) if index else name or quoted for name, index, quoted in _STEP.findall(path)]


def _put(holder: dict[str, Any], steps: list[str | int], value: Any) -> None:
    """Set the value at the path, making what is missing on the way; a path that contradicts the rest is passed over."""
    here: Any = holder
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        if isinstance(step, int) and isinstance(here, list) and step <= len(here):
            if step == len(here):
                here.append(None)
        elif not (isinstance(step, str) and isinstance(here, dict)):
            return
        old = here.get(step) if isinstance(here, dict) else here[step]
        if following is None:
            here[step] = old + value if isinstance(old, str) and isinstance(value, str) else value
        else:
            if old is None:
                old = here[step] = [] if isinstance(following, int) else {}
            here = old
