"""Values in a miss's text: short, on one line each, cut around what differs, safe for any terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pytest_llmcassette.matching.json_values import Json
from pytest_llmcassette.matching.mismatch.json_diff import ABSENT, Absent
from pytest_llmcassette.redaction.printable import visible

WIDTH = 100
"""Columns of a line."""

_INDENT = "  "
_BEFORE = 24
"""How much of what both have in common is shown before the first difference."""


def comparison(label: str, recorded: Json | Absent, sent: Json | Absent) -> list[str]:
    """`label  recorded: "a"  sent: "b"` on one line, or on three where that is too long."""
    label = visible(label)
    old, new = pair(recorded, sent, WIDTH)
    line = f"{_INDENT}{label}  recorded: {old}  sent: {new}"
    if len(line) <= WIDTH:
        return [line]
    old, new = pair(recorded, sent, WIDTH - len(_INDENT * 2 + "recorded: "))
    shown = label if len(label) <= WIDTH - len(_INDENT) else label[: WIDTH - len(_INDENT) - 3] + "..."
    return [_INDENT + shown, f"{_INDENT * 2}recorded: {old}", f"{_INDENT * 2}sent:     {new}"]


def pair(recorded: Json | Absent, sent: Json | Absent, width: int) -> tuple[str, str]:
    """Both values as JSON of at most `width` characters, cut around their first difference."""
    if isinstance(recorded, str) and isinstance(sent, str):
        start = max(0, length_in_common(recorded, sent) - _BEFORE)
        if max(len(recorded), len(sent)) <= width and max(len(_quoted(recorded)), len(_quoted(sent))) <= width:
            start = 0
        return _cut_string(recorded, start, width), _cut_string(sent, start, width)
    return value(recorded, width), value(sent, width)


def length_in_common(one: Sequence[Any], other: Sequence[Any]) -> int:
    """How many characters, bytes or items both begin with."""
    pairs = zip(one, other, strict=False)
    return next((place for place, (left, right) in enumerate(pairs) if left != right), min(len(one), len(other)))


def value(shown: Json | Absent, width: int) -> str:
    """One value as JSON of at most `width` characters."""
    if shown is ABSENT:
        return repr(shown)
    text, shortened = "", shown[: width * 2] if isinstance(shown, str) else shown
    # Piece by piece: an image in an added message is not spelled out for the sake of its first characters.
    try:
        for piece in json.JSONEncoder(ensure_ascii=False).iterencode(shortened):
            text += piece
            if len(text) > width * 2:
                break
    except RecursionError:
        text = "(nested too deeply to be shown)"
    text = visible(text[: width * 2])
    return text if len(text) <= width else text[: width - 3] + "..."


def _quoted(text: str) -> str:
    return visible(json.dumps(text, ensure_ascii=False))


def _cut_string(text: str, start: int, width: int) -> str:
    before = "..." if start else ""
    shown = text[start : start + width]
    whole = start + len(shown) == len(text)
    while True:
        quoted = f"{before}{_quoted(shown)}{'' if whole else '...'}"
        if len(quoted) <= width or not shown:
            return quoted
        shown = shown[: len(shown) - max(1, (len(quoted) - width) // 6)]
        whole = False
