"""The messages of a request in any wire protocol, as short readable lines.

Deliberately one reader for all: it is for human eyes, so it knows the words that the protocols share (role, content,
parts, text, tool calls and results, media) and shows anything else by its name.
"""

from __future__ import annotations

import json
from typing import Any

from pytest_llmcassette.answers.parts import Shown, cut
from pytest_llmcassette.protocols.wire_values import as_dict, as_list, as_str, dict_list
from pytest_llmcassette.redaction.request_words import CALLS, HISTORY, QUESTIONS, RESULTS, SYSTEM

_KINDS = {
    "developer": "system",
    "function": "tool",
    "function_call": "tool",
    "function_call_output": "tool",
    "reasoning": "reasoning",
    "system": "system",
    "tool": "tool",
    "tools": "tools",
    "user": "user",
}
"""What a message of a role, or an item of a type, is."""

_LONGEST = 2000


def messages(body: bytes) -> list[Shown]:
    """What a request's body asks: tools, system prompt, then the messages in order; empty when unreadable.

    The titles are the roles as on the wire (protobuf's `ROLE_USER` as `user`).
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return []
    return shown_lines(document) if isinstance(document, dict) else []


def shown_lines(document: dict[str, Any]) -> list[Shown]:
    """The same of a request's values."""
    try:
        lines = _lines(document)
    except RecursionError:
        return []
    named = [(role[5:].lower() if role.startswith("ROLE_") else role, text) for role, text in lines]
    return [Shown(_KINDS.get(role.lower(), "assistant"), role, text) for role, text in named]


def _lines(document: dict[str, Any]) -> list[tuple[str, str]]:
    lines = []
    names = _tool_names(document)
    if names:
        lines.append(("tools", ", ".join(names)))
    for field in SYSTEM:
        if document.get(field):
            lines.append(("system", _text(document[field])))
    for field in (*HISTORY, *QUESTIONS):
        value = document.get(field)
        if not value:
            continue
        if isinstance(value, list) and any(isinstance(entry, dict) for entry in value):
            lines.extend(_message(entry) for entry in dict_list(value))
        else:
            lines.append(("user", _text(value)))
    return [(role, text) for role, text in lines if text]


def _tool_names(document: dict[str, Any]) -> list[str]:
    holder = as_dict(document.get("toolConfig"))
    names = []
    for tool in dict_list(document.get("tools") or document.get("functions") or holder.get("tools")):
        declared = dict_list(tool.get("functionDeclarations") or tool.get("function_declarations"))
        for entry in declared or [as_dict(tool.get("function")) or as_dict(tool.get("toolSpec")) or tool]:
            name = as_str(entry.get("name")) or as_str(entry.get("type")) or next(iter(entry), "")
            names.append(str(name))
    return names


def _message(message: dict[str, Any]) -> tuple[str, str]:
    role = as_str(message.get("role")) or as_str(message.get("type")) or "user"
    if "role" not in message:
        # An input item of the Responses API (a call, a result, reasoning), or an embedding's content.
        return role, _part(message)
    pieces = [_text(message.get("content", message.get("parts", message.get("text", message.get("message")))))]
    pieces += [f"[image, {len(str(image)):,} base64 characters]" for image in as_list(message.get("images"))]
    for call in dict_list(message.get("tool_calls")):
        function = as_dict(call.get("function")) or as_dict(call.get("custom"))
        pieces.append(_call(function.get("name"), function.get("arguments", function.get("input"))))
    if isinstance(message.get("function_call"), dict):
        call = message["function_call"]
        pieces.append(_call(call.get("name"), call.get("arguments")))
    return role, "\n".join(piece for piece in pieces if piece)


def _text(value: Any) -> str:
    """A content of any form: a text, a list of parts, one part."""
    if value is None:
        return ""
    if isinstance(value, str):
        return cut(value, _LONGEST)
    if isinstance(value, list):
        return "\n".join(piece for piece in (_text(entry) for entry in value) if piece)
    if isinstance(value, dict):
        return _part(value)
    return str(value)


def _part(part: dict[str, Any]) -> str:
    kind = as_str(part.get("type")) or ""
    if kind in CALLS:
        return _call(part.get("name"), part.get("input", part.get("arguments")))
    if kind in RESULTS:
        return f"<- {_text(part.get('content', part.get('output')))}"
    for name in ("functionCall", "function_call", "toolUse"):
        if isinstance(part.get(name), dict):
            call = part[name]
            return _call(call.get("name"), call.get("args", call.get("input", call.get("arguments"))))
    for name in ("functionResponse", "function_response", "toolResult"):
        if isinstance(part.get(name), dict):
            result = part[name]
            return f"<- {_short(result.get('response', result.get('content')))}"
    medium = _medium(part, kind)
    if medium:
        return medium
    for name in ("text", "parts", "content", "thinking"):
        if part.get(name):
            return _text(part[name])
    if "json" in part:
        return _short(part["json"])
    return f"[{kind or ', '.join(part)}]" if part else ""


def _medium(part: dict[str, Any], kind: str) -> str:
    """An image, sound or file by type and size, in each protocol's own envelope; `""` when it is none."""
    if isinstance(part.get("audio"), str):
        return f"[{kind or 'audio'}, {_size(part['audio'])}]"
    for name in ("image_url", "input_audio", "file", "audio", "inlineData", "inline_data", "fileData", "file_data"):
        if name in part:
            return _envelope(kind or name, part[name])
    for name in ("image", "document", "video"):
        inner = part.get(name)
        if isinstance(inner, dict):
            source = as_dict(inner.get("source"))
            return f"[{name} {inner.get('format', '')}, {_size(source.get('bytes') or source.get('url'))}]"
    if kind in ("image", "document", "input_image", "input_file") or isinstance(part.get("source"), dict):
        return _envelope(kind, part.get("source") or part)
    return ""


def _envelope(kind: str, value: Any) -> str:
    fields = value if isinstance(value, dict) else {"url": value}
    url = as_str(fields.get("url")) or as_str(fields.get("image_url")) or as_str(fields.get("fileUri")) or ""
    if url and not url.startswith("data:"):
        return f"[{kind} {url}]"
    head = url[5:].partition(",")[0].partition(";")[0]
    media_type = head or fields.get("media_type") or fields.get("mimeType") or fields.get("mime_type")
    media_type = media_type or fields.get("format") or fields.get("filename") or ""
    data = url.partition(",")[2] or fields.get("data") or fields.get("file_data") or fields.get("bytes")
    name = fields.get("file_id") or fields.get("id") or ""
    return f"[{' '.join(str(word) for word in (kind, media_type, name) if word)}, {_size(data)}]"


def _size(data: Any) -> str:
    return f"{len(data) * 3 // 4:,} bytes" if isinstance(data, str) else "size unknown"


def _call(name: Any, arguments: Any) -> str:
    return f"-> {name}({arguments if isinstance(arguments, str) else _short(arguments)})"


def _short(value: Any) -> str:
    if value is None:
        return ""
    return cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), _LONGEST)
