"""Any YAML file as a tree of strings, bytes, lists and dicts: nothing is resolved, built or executed.

PyYAML's parser gives the events (libyaml's where it is there); the tree is ours, because what a cassette's scalars
mean is the cassette format's to say: YAML 1.1 would turn `on` and `1:30` into something else.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.cassette.encoding import decode_base64
from pytest_llmcassette.cassette.unreadable import Place, UnreadableError
from pytest_llmcassette.cassette.yaml import python_tags

MAX_DEPTH = 200
_TAG = "tag:yaml.org,2002:"
_TEXT_TAGS = frozenset(_TAG + name for name in ("str", "int", "float", "bool", "null", "timestamp"))
# A scalar that YAML could take for something else than text is short and starts with one of these, or is empty.
_MAYBE_NO_TEXT = frozenset(["", *"0123456789+-.~<tTfFnNyYoO"])
_SHORT = 40


class Plain(str):
    """A scalar without quotes that YAML may take for something else than text: `null`, `true`, `12`."""

    __slots__ = ()


Tree = str | bytes | dict[str, Any] | list[Any]


def parse(raw: bytes) -> Tree:
    """The one document in `raw`; raises `UnreadableError`, with the line where there is one."""
    import yaml

    try:
        return _build(_parser(raw))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "it cannot be parsed"
        raise UnreadableError(f"this is not YAML: {problem}", line=mark.line + 1 if mark else None) from None
    except yaml.YAMLError as error:
        raise _bad_bytes(raw) or UnreadableError(f"this is not YAML: {error}") from None
    except UnicodeDecodeError as error:
        raise _bad_bytes(raw) or UnreadableError(f"this is not UTF-8: {error.reason}") from None


def line_of(raw: bytes, place: Place) -> int | None:
    """The 1-based line of the value at `place` (of its key), or of the nearest thing around it that is there."""
    import yaml

    parser = _parser(raw)
    ends = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
    starts: dict[type, str | int | None] = {yaml.MappingStartEvent: None, yaml.SequenceStartEvent: 0}
    # Where the next value will stand: for each open collection the index of its next item or the key before its value.
    here: list[str | int | None] = []
    line = None
    while type(event := parser.get_event()) is not yaml.StreamEndEvent:
        kind = type(event)
        if kind in ends:
            here.pop()
        elif kind in starts or kind in (yaml.ScalarEvent, yaml.AliasEvent):
            is_key = bool(here) and here[-1] is None
            if is_key:
                here[-1] = str(getattr(event, "value", ""))
            if tuple(here) == place[: len(here)] and (is_key or not here or isinstance(here[-1], int)):
                line = event.start_mark.line + 1
            if is_key:
                continue
            if kind in starts:
                here.append(starts[kind])
                continue
        else:
            continue
        if here:
            here[-1] = here[-1] + 1 if isinstance(here[-1], int) else None
    return line


def _parser(raw: bytes) -> Any:
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)(raw)


def _bad_bytes(raw: bytes) -> UnreadableError | None:
    """What is wrong with the bytes themselves, if that is what the parser met."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return UnreadableError(f"this is not UTF-8 (byte {error.start})", line=raw.count(b"\n", 0, error.start) + 1)
    for number, line in enumerate(raw.split(b"\n"), 1):
        for code in line:
            if code == 0x7F or (code < 0x20 and code not in b"\t\r"):
                return UnreadableError(f"there is a control character in it (\\x{code:02x})", line=number)
    return None


def _build(parser: Any) -> Tree:
    """One pass over the events, with a stack of our own: depth is a number here, never a recursion."""
    import yaml

    scalar, alias = yaml.ScalarEvent, yaml.AliasEvent
    opened, mapping = (yaml.MappingStartEvent, yaml.SequenceStartEvent), yaml.MappingStartEvent
    closed = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
    anchors: dict[str, Tree] = {}
    stack: list[tuple[Any, str | None, str | None]] = []
    # The open collections that stand for a body, innermost last: how many are open with them, and their tag.
    bodies: list[tuple[int, str]] = []
    # The innermost open collection: a dict, with the key whose value is to come, or a list.
    inner: Any = None
    key: str | None = None
    anchor: str | None = None
    root: Tree | None = None
    documents = 0
    next_event = parser.get_event
    while True:
        event = next_event()
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
            if len(stack) >= MAX_DEPTH:
                raise _fault(event, f"it is nested more than {MAX_DEPTH} deep", "No cassette is: restore it.")
            if event.tag is not None:
                _check_tag(event)
            if key is None and type(inner) is dict:
                raise _fault(event, "a key in it is no text")
            stack.append((inner, key, anchor))
            inner, key, anchor = ({} if kind is mapping else []), None, event.anchor
            if event.tag in python_tags.BODIES:
                bodies.append((len(stack), event.tag))
            continue
        elif kind in closed:
            value = inner
            if bodies and bodies[-1][0] == len(stack):
                value = _body(event, bodies.pop()[1], inner)
            if anchor is not None:
                anchors[anchor] = value
            inner, key, anchor = stack.pop()
        elif kind is alias:
            if event.anchor not in anchors:
                raise _fault(event, f"the alias *{event.anchor} names nothing before it")
            # Shared, not copied: a chain of aliases costs no more than its text.
            value = anchors[event.anchor]
        elif kind is yaml.DocumentStartEvent:
            documents += 1
            if documents > 1:
                raise _fault(event, "there is a second YAML document in it", "A cassette is one document.")
            continue
        elif kind is yaml.StreamEndEvent:
            break
        else:
            continue
        if key is not None:
            inner[key] = value
            key = None
        elif inner is None:
            root = value
        elif type(inner) is list:
            inner.append(value)
        else:
            key = _key(event, value)
            if key in inner:
                raise _fault(event, f"the key {key!r} is there twice", "Keep one of the two.")
    if root is None:
        raise UnreadableError("the file is empty", "Delete it and record again.")
    return root


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


def _check_tag(event: Any) -> None:
    known = event.tag in ("!", _TAG + "map", _TAG + "seq")
    if not known and event.tag not in python_tags.COLLECTIONS and event.tag not in python_tags.BODIES:
        raise _bad_tag(event)


def _body(event: Any, tag: str, fields: Any) -> bytes:
    body = python_tags.body_of(tag, fields)
    if body is None:
        raise _fault(event, f"a value with the tag {tag.replace(_TAG, '!!')} in it is not as PyYAML writes it")
    return body


def _bad_tag(event: Any) -> UnreadableError:
    name = event.tag.replace(_TAG, "!!")
    return _fault(event, f"the tag {name} in it would build an object", "A cassette is plain data: record it again.")


def _fault(event: Any, problem: str, *remedy: str) -> UnreadableError:
    return UnreadableError(problem, *remedy, line=event.start_mark.line + 1)
