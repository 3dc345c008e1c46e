"""The few Python tags that VCR.py itself writes, read as the plain data in them: nothing is built or called.

A request body that was a file or an iterator is in its request object as one, and PyYAML's full dumper writes the
object: `!!python/object/new:_io.BytesIO {state: !!python/tuple [BYTES, 0, null]}` or
`!!python/object/apply:builtins.iter {args: [[PIECE, ...]], state: 0}`.
"""

from __future__ import annotations

from typing import Any

_PYTHON = "tag:yaml.org,2002:python/"
_FILE = _PYTHON + "object/new:_io.BytesIO"
_ITERATOR = _PYTHON + "object/apply:builtins.iter"

# Scalars and collections that are text and lists all the same.
SCALARS = frozenset({_PYTHON + "str", _PYTHON + "unicode"})
COLLECTIONS = frozenset({_PYTHON + "tuple", _PYTHON + "list", _PYTHON + "dict"})
BODIES = frozenset({_FILE, _ITERATOR})


def body_of(tag: str, fields: Any) -> bytes | None:
    """The bytes that the object with a tag of `BODIES` held, or None when its fields are not what PyYAML writes."""
    if not isinstance(fields, dict):
        return None
    held = fields.get("state" if tag == _FILE else "args")
    if not isinstance(held, list) or not held:
        return None
    pieces = held[0] if tag == _ITERATOR and isinstance(held[0], list) else held[:1]
    if not all(isinstance(piece, str | bytes) for piece in pieces):
        return None
    return b"".join(piece if isinstance(piece, bytes) else piece.encode("utf-8", "surrogatepass") for piece in pieces)
