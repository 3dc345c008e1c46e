"""Any YAML file as a tree of strings, bytes, lists and mappings: nothing is resolved, built or executed.

PyYAML's parser gives the events (libyaml's where it is there); the tree is ours, because what a cassette's scalars
mean is the cassette format's to say: YAML 1.1 would turn `on` and `1:30` into something else.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Any

from pytest_llmcassette.errors import CassetteFileError

MAX_DEPTH = 200
_TAG = "tag:yaml.org,2002:"
_TEXT_TAGS = frozenset(_TAG + name for name in ("str", "int", "float", "bool", "null", "timestamp"))
_REPAIR = "Restore the file from version control, or delete it and record again."


class Plain(str):
    """A scalar that was written without quotes, so that a format may read `null`, `true` or `12` in it."""

    __slots__ = ()


class Node(dict[str, Any]):
    """A mapping, with the 1-based `line` it starts at."""

    __slots__ = ("line",)
    line: int


class Items(list[Any]):
    """A sequence, with the 1-based `line` it starts at."""

    __slots__ = ("line",)
    line: int


Tree = str | bytes | Node | Items
_NO_KEY: Any = object()


def parse(path: Path, raw: bytes) -> Tree:
    """The one document in `raw`; raises `CassetteFileError` with the line for whatever cannot be read."""
    import yaml

    try:
        return _build(path, getattr(yaml, "CSafeLoader", yaml.SafeLoader)(raw))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "cannot be parsed"
        line = mark.line + 1 if mark else None
        raise CassetteFileError(path, f"this is not YAML: {problem}", line=line, remedy=_REPAIR) from None
    except (yaml.reader.ReaderError, UnicodeDecodeError) as error:
        place = error.start if isinstance(error, UnicodeDecodeError) else error.position
        line = raw[:place].count(b"\n") + 1 if isinstance(place, int) and place <= len(raw) else None
        raise CassetteFileError(
            path, "there are bytes in it that YAML does not allow (not UTF-8, or control characters)", line=line,
            remedy=_REPAIR,
        ) from None  # fmt: skip
    except yaml.YAMLError as error:
        raise CassetteFileError(path, f"this is not YAML: {error}", remedy=_REPAIR) from None


def _build(path: Path, parser: Any) -> Tree:
    """One pass over the events, with a stack of our own: depth is a number here, never a recursion."""
    import yaml

    scalar, alias = yaml.ScalarEvent, yaml.AliasEvent
    opened, mapping = (yaml.MappingStartEvent, yaml.SequenceStartEvent), yaml.MappingStartEvent
    closed = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
    anchors: dict[str, Tree] = {}
    stack: list[tuple[Node | Items, str | None]] = []
    keys: list[Any] = []
    root: Tree | None = None
    documents = 0
    while True:
        event = parser.get_event()
        kind = type(event)
        if kind is scalar:
            value: Tree = _scalar(path, event)
            if event.anchor:
                anchors[event.anchor] = value
        elif kind in opened:
            if len(stack) >= MAX_DEPTH:
                raise _fault(path, event, f"it is nested more than {MAX_DEPTH} deep", "No cassette is; restore it.")
            _check_tag(path, event)
            node: Node | Items = Node() if kind is mapping else Items()
            node.line = event.start_mark.line + 1
            stack.append((node, event.anchor))
            keys.append(_NO_KEY)
            continue
        elif kind in closed:
            value, anchor = stack.pop()
            keys.pop()
            if anchor:
                anchors[anchor] = value
        elif kind is alias:
            if event.anchor not in anchors:
                raise _fault(path, event, f"the alias *{event.anchor} names nothing before it", _REPAIR)
            # Shared, not copied: a chain of aliases costs no more than its text.
            value = anchors[event.anchor]
        elif kind is yaml.DocumentStartEvent:
            documents += 1
            if documents > 1:
                raise _fault(path, event, "there is a second YAML document in it", "A cassette is one document.")
            continue
        elif kind is yaml.StreamEndEvent:
            break
        else:
            continue
        if not stack:
            root = value
            continue
        parent = stack[-1][0]
        if isinstance(parent, Items):
            parent.append(value)
        elif keys[-1] is _NO_KEY:
            if isinstance(value, bytes):
                value = value.decode("utf-8", "surrogateescape")
            if not isinstance(value, str):
                raise _fault(path, event, "a key in it is no text", _REPAIR)
            if value == "<<" and isinstance(value, Plain):
                raise _fault(path, event, "it uses a YAML merge key (<<)", "Write the keys out.")
            if value in parent:
                raise _fault(path, event, f"the key {value!r} is there twice", "Keep one of the two.")
            keys[-1] = value
        else:
            parent[keys[-1]] = value
            keys[-1] = _NO_KEY
    if root is None:
        raise CassetteFileError(path, "the file is empty", remedy="Delete it and record again.")
    return root


def _scalar(path: Path, event: Any) -> str | bytes:
    tag = event.tag
    if tag is None or tag == "!":
        return Plain(event.value) if event.implicit[0] else event.value
    if tag == _TAG + "binary":
        try:
            return base64.b64decode("".join(event.value.split()), validate=True)
        except (binascii.Error, ValueError):
            raise _fault(path, event, "a !!binary value in it is no base64", _REPAIR) from None
    if tag in _TEXT_TAGS:
        return event.value if tag == _TAG + "str" else Plain(event.value)
    raise _bad_tag(path, event)


def _check_tag(path: Path, event: Any) -> None:
    if event.tag not in (None, "!", _TAG + "map", _TAG + "seq"):
        raise _bad_tag(path, event)


def _bad_tag(path: Path, event: Any) -> CassetteFileError:
    name = event.tag.replace(_TAG, "!!")
    return _fault(
        path, event, f"it has the tag {name}, which would build an object", "A cassette holds plain data; record again."
    )


def _fault(path: Path, event: Any, problem: str, remedy: str) -> CassetteFileError:
    return CassetteFileError(path, problem, line=event.start_mark.line + 1, remedy=remedy)
