"""A JSON document that a recorder kept as a YAML tree (pydantic-ai's `parsed_body`), as JSON text again."""

from __future__ import annotations

import base64
import json
import re
from functools import lru_cache
from typing import Any

from pytest_llmcassette.cassette.unreadable import Place, UnreadableError
from pytest_llmcassette.cassette.yaml.tree import NULLS, Plain

MAX_VALUES = 1_000_000
# The numbers that json.loads and yaml.dump between them write nearly always: embeddings hold thousands.
_FLOAT = re.compile(r"-?[0-9]+\.[0-9]+(?:e[-+][0-9]+)?\Z")
_INT = re.compile(r"-?(?:0|[1-9][0-9]{0,18})\Z")


def json_text(tree: Any, place: Place) -> bytes:
    """The JSON text of a tree, its unquoted scalars typed as PyYAML wrote them (YAML 1.1)."""
    value = _Typed(place).value(tree)
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


class _Typed:
    """Counts what it builds: by aliases of aliases a few lines can stand for more values than there is memory."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.built = 0

    def value(self, tree: Any) -> Any:
        kind = type(tree)
        if kind is str:
            return tree
        if kind is Plain:
            return _resolve(tree)
        self.built += 1
        if kind is bytes:
            return base64.b64encode(tree).decode("ascii")
        self.built += len(tree)
        if self.built > MAX_VALUES:
            raise UnreadableError(f"it stands for more than {MAX_VALUES:,} values", place=self.place)
        if kind is dict:
            return {key: self.value(item) for key, item in tree.items()}
        return [self.value(item) for item in tree]


def _resolve(text: Plain) -> Any:
    if _FLOAT.match(text):
        return float(text)
    if _INT.match(text):
        return int(text)
    return None if text in NULLS else _resolved_word(text)


@lru_cache(maxsize=1024)
def _resolved_word(text: Plain) -> Any:
    import yaml

    loader: Any = yaml.SafeLoader("")
    tag: str = loader.resolve(yaml.ScalarNode, str(text), (True, False))
    if not tag.endswith((":int", ":float", ":bool")):
        return str(text)
    try:
        return loader.construct_object(yaml.ScalarNode(tag, str(text)))
    except ValueError:
        # PyYAML's pattern for integers matches "0x_" and the like too.
        return str(text)
