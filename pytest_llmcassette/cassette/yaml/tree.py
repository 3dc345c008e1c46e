"""Any YAML or JSON file as a tree of strings, bytes, lists and dicts: nothing is resolved, built or executed.

PyYAML's parser gives the events (libyaml's where it is there); the tree is ours, because what a cassette's scalars
mean is the cassette format's to say: YAML 1.1 would turn `on` and `1:30` into something else.
"""

from __future__ import annotations

import json
from typing import Any

from pytest_llmcassette.cassette.encoding import decode_base64
from pytest_llmcassette.cassette.unreadable import Place, UnreadableError, bad_bytes, refuse_gits
from pytest_llmcassette.cassette.yaml import python_tags

MAX_DEPTH = 200
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TAG = "tag:yaml.org,2002:"
_TEXT_TAGS = frozenset(_TAG + name for name in ("str", "int", "float", "bool", "null", "timestamp"))
# A scalar that YAML could take for something else than text is short and starts with one of these, or is empty.
_MAYBE_NO_TEXT = frozenset(["", *"0123456789+-.~<tTfFnNyYoO"])
_SHORT = 40
_BEFORE_JSON = b"\xef\xbb\xbf \t\r\n"


class Plain(str):
    """A scalar without quotes that YAML may take for something else than text: `null`, `true`, `12`."""

    __slots__ = ()


Tree = str | bytes | dict[str, Any] | list[Any]


def parse(raw: bytes) -> Tree:
    """The one document in `raw`; raises `UnreadableError`, with the line where there is one."""
    refuse_gits(raw)
    broken = None
    if raw.lstrip(_BEFORE_JSON)[:1] == b"{":
        try:
            return _from_json(json.loads(raw, parse_int=Plain, parse_float=Plain, object_pairs_hook=_without_twins))
        except json.JSONDecodeError as error:
            # Or YAML in braces.
            broken = UnreadableError(f"this is not JSON: {error.msg}", line=error.lineno)
        except UnreadableError as fault:
            broken = fault
        except (UnicodeDecodeError, RecursionError):
            # The parser below says where.
            pass
    import yaml

    try:
        return _build(_loader()(raw))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "it cannot be parsed"
        line = mark.line + 1 if mark else None
        raise broken or UnreadableError(f"this is not YAML: {problem}", line=line) from None
    except yaml.YAMLError as error:
        raise bad_bytes(raw) or UnreadableError(f"this is not YAML: {error}") from None
    except UnicodeDecodeError as error:
        raise bad_bytes(raw) or UnreadableError(f"this is not UTF-8: {error.reason}") from None


def _from_json(value: Any) -> Tree:
    """JSON's values, as YAML has them. YAML's parser is no help: it refuses JSON's escapes of an emoji."""
    if isinstance(value, dict):
        return {key: _from_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_from_json(item) for item in value]
    return value if isinstance(value, str) else Plain(json.dumps(value))


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise UnreadableError("a key in it is there twice", "Keep one of the two.")
    return found


def line_of(raw: bytes, place: Place) -> int | None:
    """The 1-based line of the value at `place` (of its key), or of the nearest thing around it that is there."""
    import yaml

    line = None
    try:
        node = yaml.compose(raw, _loader())
    except yaml.YAMLError:
        # JSON that is no YAML.
        return None
    for step in place:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == step), None)
        else:
            found = (node.value[step],) * 2 if isinstance(node, yaml.SequenceNode) else None
        if found is None:
            break
        line = found[0].start_mark.line + 1
        node = found[1]
    return line


def _loader() -> Any:
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _build(parser: Any) -> Tree:
    """One pass over the events, with a stack of our own: depth is a number here, never a recursion."""
    import yaml

    scalar, alias = yaml.ScalarEvent, yaml.AliasEvent
    opened, mapping = (yaml.MappingStartEvent, yaml.SequenceStartEvent), yaml.MappingStartEvent
    closed = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
    anchors: dict[str, Tree] = {}
    stack: list[tuple[Any, str | None, str | None]] = []
    # The open collections that stand for an object, innermost last: how many are open with them, and their tag.
    objects: list[tuple[int, str]] = []
    # The innermost open collection: a dict, with the key whose value is to come, or a list.
    inner: Any = None
    key: str | None = None
    anchor: str | None = None
    root: Tree | None = None
    documents = 0
    for event in iter(parser.get_event, None):
        kind = type(event)
        if kind is scalar:
            value = event.value
            if event.tag is not None:
                value = _tagged(event)
            elif len(value) < _SHORT and value[:1] in _MAYBE_NO_TEXT and event.implicit[0]:
                value = Plain(value)
            if event.anchor is not None:
                anchors[event.anchor] = value
        elif kind in opened:
            is_object = _opens_object(event, len(stack), is_key=key is None and type(inner) is dict)
            stack.append((inner, key, anchor))
            inner, key, anchor = ({} if kind is mapping else []), None, event.anchor
            if is_object:
                objects.append((len(stack), event.tag))
            continue
        elif kind in closed:
            is_object = bool(objects) and objects[-1][0] == len(stack)
            value = _held(event, objects.pop()[1], inner) if is_object else inner
            if anchor is not None:
                anchors[anchor] = value
            inner, key, anchor = stack.pop()
        elif kind is alias:
            value = _aliased(event, anchors)
        else:
            if kind is yaml.DocumentStartEvent and (documents := documents + 1) > 1:
                raise _fault(event, "there is a second YAML document in it", "A cassette is one document.")
            continue
        if key is not None:
            inner[key] = value
            key = None
        elif inner is None:
            root = value
        elif type(inner) is list:
            inner.append(value)
        else:
            key = _new_key(event, value, inner)
    if root is None:
        raise UnreadableError("the file is empty", "Delete it and record again.")
    return root


def _opens_object(event: Any, depth: int, *, is_key: bool) -> bool:
    """Whether the collection that begins here stands for an object of Python's."""
    if depth >= MAX_DEPTH:
        raise _fault(event, f"it is nested more than {MAX_DEPTH} deep", "No cassette is: restore it.")
    is_object = event.tag is not None and _is_object(event)
    if is_key and not is_object:
        raise _fault(event, "a key in it is no text")
    return is_object


def _aliased(event: Any, anchors: dict[str, Tree]) -> Tree:
    """Shared, not copied: a chain of aliases costs no more than its text."""
    if event.anchor not in anchors:
        raise _fault(event, f"the alias *{event.anchor} names nothing before it")
    return anchors[event.anchor]


def _new_key(event: Any, value: Any, mapping: dict[str, Tree]) -> str:
    key = _key(event, value)
    if key in mapping:
        raise _fault(event, f"the key {key!r} is there twice", "Keep one of the two.")
    return key


def _key(event: Any, value: Any) -> str:
    if type(value) is str:
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if not isinstance(value, str):
        raise _fault(event, "a key in it is no text")
    if value == "<<":
        raise _fault(event, "it uses a YAML merge key (<<)", "Write the keys out.")
    return str(value)


def _tagged(event: Any) -> str | bytes:
    tag, value = event.tag, event.value
    if tag == _TAG + "binary":
        try:
            return decode_base64(value)
        except ValueError:
            raise _fault(event, "a !!binary value in it is no base64") from None
    if tag in ("!", _TAG + "str") or tag in python_tags.SCALARS:
        return str(value)
    if tag in _TEXT_TAGS:
        return Plain(value)
    raise _bad_tag(event)


def _is_object(event: Any) -> bool:
    """Whether the tag of a collection is that of an object whose data are read; raises for one that must be built."""
    if event.tag in ("!", _TAG + "map", _TAG + "seq") or event.tag in python_tags.COLLECTIONS:
        return False
    if python_tags.is_held(event.tag):
        return True
    raise _bad_tag(event)


def _held(event: Any, tag: str, fields: Any) -> str | bytes:
    held = python_tags.held_by(tag, fields)
    if held is None:
        raise _fault(event, f"a value with the tag {tag.replace(_TAG, '!!')} in it is not as PyYAML writes it")
    return held


def _bad_tag(event: Any) -> UnreadableError:
    name = event.tag.replace(_TAG, "!!")
    return _fault(event, f"the tag {name} in it would build an object", "A cassette is plain data: record it again.")


def _fault(event: Any, problem: str, *remedy: str) -> UnreadableError:
    return UnreadableError(problem, *remedy, line=event.start_mark.line + 1)
