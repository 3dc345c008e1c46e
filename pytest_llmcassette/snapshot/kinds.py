"""`shape=True`: the kinds of values instead of the values, for suites that re-record often."""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.redaction.request_words import HISTORY
from pytest_llmcassette.snapshot.nodes import Blob, Entry, Plain, Size, like, like_list

_KEPT = {"role", "type", "name", "finish", "status", "complete", "connection"}
"""Words of the protocol, not of the conversation."""

_TEXT = Plain("<text>")
_NUMBER = Plain("<number>")


def kinds(tree: Any) -> Any:
    """The tree with words and figures of the conversation replaced by their kind.

    What the code itself decides stays as it is: a request's parameters, tools and system prompt, the roles and kinds of
    parts, tool names and the names of their arguments.
    """
    if isinstance(tree, Entry) and tree.heading.startswith("request "):
        return like(tree, {key: kinds(value) if key in HISTORY else value for key, value in tree.items()})
    if isinstance(tree, dict):
        return like(tree, {key: value if key in _KEPT else kinds(value) for key, value in tree.items()})
    if isinstance(tree, list):
        return like_list(tree, [kinds(item) for item in tree])
    return _kind(tree)


def _kind(value: Any) -> Any:
    if isinstance(value, Size):
        return Plain("<opaque>")
    if isinstance(value, Blob):
        return Plain(f"<{value.media_type}>")
    if isinstance(value, Plain) or value is None or isinstance(value, bool):
        return value
    return _TEXT if isinstance(value, str) else _NUMBER
