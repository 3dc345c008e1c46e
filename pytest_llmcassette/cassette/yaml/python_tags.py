"""The few Python tags that VCR.py itself writes, read as the plain data in them: nothing is built or called.

A request body that was a file or an iterator is in its request object as one, and PyYAML's full dumper writes the
object: `!!python/object/new:_io.BytesIO {state: !!python/tuple [BYTES, 0, null]}` or
`!!python/object/apply:builtins.iter {args: [[PIECE, ...]], state: 0}`. So are aiohttp's header names:
`!!python/object/apply:multidict._multidict.istr [NAME]`, of a version without its C module `object/new`.
"""

from __future__ import annotations

import re
from typing import Any

_PYTHON = "tag:yaml.org,2002:python/"
_FILE = _PYTHON + "object/new:_io.BytesIO"
_ITERATOR = _PYTHON + "object/apply:builtins.iter"
_NAME = re.compile(_PYTHON + r"object/(?:apply|new):multidict\.[a-z_.]*\bistr")

# Scalars and collections that are text and lists all the same.
SCALARS = frozenset({_PYTHON + "str", _PYTHON + "unicode"})
COLLECTIONS = frozenset({_PYTHON + "tuple", _PYTHON + "list", _PYTHON + "dict"})


def is_held(tag: str) -> bool:
    """Whether a collection with this tag is an object that held text or bytes."""
    return tag in (_FILE, _ITERATOR) or _NAME.fullmatch(tag) is not None


def held_by(tag: str, fields: Any) -> str | bytes | None:
    """The text or bytes that such an object held, or None when its fields are not what PyYAML writes."""
    if isinstance(fields, dict):
        held = fields.get("state" if tag == _FILE else "args")
    else:
        held = fields if _NAME.fullmatch(tag) else None
    if not isinstance(held, list) or not held:
        return None
    pieces = held[0] if tag == _ITERATOR and isinstance(held[0], list) else held[:1]
    if not all(isinstance(piece, str | bytes) for piece in pieces):
        return None
    if tag not in (_FILE, _ITERATOR):
        return str(pieces[0]) if isinstance(pieces[0], str) else None
    return b"".join(piece if isinstance(piece, bytes) else piece.encode("utf-8", "surrogatepass") for piece in pieces)
