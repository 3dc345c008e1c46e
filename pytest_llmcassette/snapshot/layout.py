"""A conversation's tree as lines, one field a line, so that a change shows as exactly the line that changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pytest_llmcassette.redaction.printable import printable
from pytest_llmcassette.snapshot.nodes import Arguments, Bare, Entry, History, Line, Plain, Stack, Words

_INDENT = "  "
_INLINE = 100
"""Texts longer than this many characters, or of several lines, become a block."""


def lines(tree: Any) -> list[str]:
    """The tree's lines, without line ends."""
    if isinstance(tree, Bare):
        return [line for value in tree.values() for line in lines(value)]
    if isinstance(tree, Stack):
        return [line for value in tree for line in lines(value)]
    if isinstance(tree, Entry):
        return _entry(tree)
    if _is_block(tree):
        return _block(tree)
    if isinstance(tree, Line) or not isinstance(tree, (dict, list)) or not tree:
        return [_scalar(tree)]
    if isinstance(tree, dict):
        return [line for key, value in tree.items() for line in _field(key, value)]
    return [line for item in tree for line in _item(item)]


def _entry(entry: Entry) -> list[str]:
    heading, below = entry.heading, list[str]()
    for key, value in entry.items():
        if key == entry.main and not _is_block(value) and not (isinstance(value, (dict, list)) and value):
            heading = f"{heading} {_scalar(value)}"
        elif isinstance(value, (Stack, Bare)):
            below.extend(lines(value))
        elif key == entry.main:
            below.extend(_block(value) if _is_block(value) else lines(value))
        else:
            below.extend(_field(key, value))
    return [heading if below else heading.removesuffix(":"), *_below(below)]


def _field(key: str, value: Any) -> list[str]:
    key = printable(str(key))
    if isinstance(value, History):
        return [f"{key}: {value.note}".removesuffix(" "), *_below(lines(list(value)) if value else [])]
    if isinstance(value, Arguments) and _is_block(value):
        first, *rest = _block(value)
        return [f"{key}: {first}", *rest]
    if _is_block(value):
        return [f"{key}:", *_below(_block(value))]
    if isinstance(value, Line) or not isinstance(value, (dict, list)) or not value:
        return [f"{key}: {_scalar(value)}"]
    if type(value) is list and (inline := _inline(value)) is not None:
        return [f"{key}: {inline}"]
    return [f"{key}:", *_below(lines(value))]


def _below(text: list[str]) -> list[str]:
    return [_INDENT + line for line in text]


def _item(item: Any) -> list[str]:
    if isinstance(item, Entry):
        return _entry(item)
    first, *rest = lines(item)
    return [f"- {first}", *(_INDENT + line for line in rest)]


def _inline(values: list[Any]) -> str | None:
    """A short list of scalars in one line, or None."""
    if any(isinstance(value, (dict, list)) or _is_block(value) for value in values):
        return None
    text = "[" + ", ".join(_scalar(value) for value in values) + "]"
    return text if len(text) <= _INLINE else None


def _is_block(value: Any) -> bool:
    if isinstance(value, Arguments):
        return bool(value) and not any(_is_long(text) for text in _texts(value))
    if not isinstance(value, str) or isinstance(value, Plain):
        return False
    return isinstance(value, Words) or _is_long(value)


def _is_long(text: str) -> bool:
    return "\n" in text or len(text) > _INLINE


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for below in value.values() if isinstance(value, dict) else value:
            yield from _texts(below)


def _block(value: Any) -> list[str]:
    if isinstance(value, Arguments):
        return json_text(value).split("\n")
    return [f"| {_marked(printable(line))}" if line else "|" for line in value.split("\n")]


def _marked(line: str) -> str:
    # Editors and commit hooks strip spaces at line ends, which would change the snapshot: the mark keeps them.
    return f"{line}¶" if line[-1] in " \t¶" else line


def json_text(value: Any) -> str:
    """Sorted, indented JSON with raw unicode; what is no JSON (a matcher's stand-in) as its own text."""
    return printable(json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2, default=str))


def _scalar(value: Any) -> str:
    if isinstance(value, Line):
        return ", ".join(_figure(key, figure) for key, figure in value.items())
    if isinstance(value, Plain):
        return printable(value)
    if value is None or isinstance(value, (str, int, float, dict, list)):
        return printable(json.dumps(value, ensure_ascii=False))
    return printable(repr(value))


def _figure(key: str, value: Any) -> str:
    label = key.removesuffix("_tokens").replace("_", " ")
    for part in ("cache read", "cache creation", "reasoning"):
        if label.startswith(part):
            label = part
    return f"{label} {_scalar(value)}"
