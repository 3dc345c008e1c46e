"""A JSON body as a tree: keys sorted, volatile ids as ordinals, bytes and signatures by their size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum, auto
from typing import Any

from pytest_llmcassette.redaction.request_words import CALLS, SYSTEM, VALUES
from pytest_llmcassette.snapshot import blobs
from pytest_llmcassette.snapshot.nodes import Arguments, Plain, Words
from pytest_llmcassette.snapshot.ordinals import Ordinals

_FIRST = ("role", "type", "name", "id")
_WORDS = {"content", "text", "thinking", "reasoning", "reasoning_content", "prompt", *SYSTEM}
_SIGNATURES = {
    "signature",
    "thoughtSignature",
    "thought_signature",
    "encrypted_content",
    "encrypted_index",
    "redactedContent",
    "redacted_content",
}
_CALL_IDS = {"tool_call_id", "tool_use_id", "toolUseId", "call_id"}
_RESPONSE_IDS = {"previous_response_id", "response_id"}
_BYTES = {"data", "bytes", "b64_json", "file_data", "base64"}
_DECLARED = ("media_type", "mimeType", "mime_type", "format")
# A tool's own values: whatever they are called, nothing in them is an id of the protocol's.
_FOREIGN = {"input", "response", "json", "parameters", "input_schema", "inputSchema", "schema", *VALUES}
_CALLS = CALLS | {"function"}


class _Where(Enum):
    """What an id means depends on where it stands."""

    PARAMETERS = auto()
    HISTORY = auto()
    TOOL = auto()


def value(document: Any, ids: Ordinals, *, in_history: bool = False) -> Any:
    """The tree of a JSON value. `in_history`: it is a turn of the conversation, whose ids are made anew each time."""
    where = _Where.HISTORY if in_history else _Where.PARAMETERS
    return _value(document, ids, key="", around={}, where=where)


def _value(document: Any, ids: Ordinals, *, key: str, around: Mapping[str, Any], where: _Where) -> Any:
    if isinstance(document, dict):
        call = where is _Where.TOOL and key in ("args", "input") and "name" in around
        tree: dict[str, Any] = Arguments() if call else {}
        for name in sorted(document) if where is _Where.TOOL else _ordered(document):
            below = _Where.TOOL if name in _FOREIGN else where
            tree[name] = _value(document[name], ids, key=name, around=document, where=below)
        return tree
    if isinstance(document, list):
        return [_value(item, ids, key=key, around=around, where=where) for item in document]
    if isinstance(document, str):
        return _text(document, ids, key, around, where)
    return document


def _ordered(document: dict[str, Any]) -> list[str]:
    return [name for name in _FIRST if name in document] + sorted(name for name in document if name not in _FIRST)


def _text(text: str, ids: Ordinals, key: str, around: Mapping[str, Any], where: _Where) -> Any:
    if key == "arguments" and "name" in around:
        return _arguments(text)
    name = None if where is _Where.TOOL else _ordinal(text, ids, key, around, where)
    if name is not None:
        return name
    if key in _SIGNATURES or (key == "data" and around.get("type") in ("redacted_thinking", "reasoning.encrypted")):
        return blobs.opaque(text)
    declared = next((around[name] for name in _DECLARED if isinstance(around.get(name), str)), None)
    expected = (key in _BYTES and (declared is not None or "name" in around)) or key == "images"
    found = blobs.from_text(text, media_type=declared if declared and "/" in declared else None, expected=expected)
    if found is not None:
        return found
    return Words(text) if key in _WORDS else text


def _ordinal(text: str, ids: Ordinals, key: str, around: Mapping[str, Any], where: _Where) -> Plain | None:
    if not text:
        return None
    if key in _CALL_IDS:
        return ids.name("call", text)
    if key in _RESPONSE_IDS:
        return ids.name("response", text)
    if key == "id" and where is _Where.HISTORY:
        # A Responses call has two: `call_id`, which its result echoes, and the item's own `id`.
        is_call = (
            str(around.get("type")) in _CALLS or "args" in around or "response" in around
        ) and "call_id" not in around
        return ids.known(text) or ids.name("call" if is_call else "item", text)
    return ids.known(text) if key == "id" or key.endswith("_id") else None


def _arguments(text: str) -> Any:
    """A tool's arguments, which most wires send as JSON text, as values; text that is no JSON object stays text."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return Arguments(parsed) if isinstance(parsed, dict) else text
