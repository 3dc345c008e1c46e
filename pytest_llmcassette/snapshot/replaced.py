"""A conversation's tree with other values: kinds for `shape=True`, else what syrupy's matcher and filters leave."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from pytest_llmcassette.redaction.request_words import HISTORY
from pytest_llmcassette.snapshot.nodes import Blob, Entry, History, Plain, Size

Path = tuple[tuple[Any, type[Any]], ...]
Matcher = Callable[..., Any]
Filter = Callable[..., bool]

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
        return _like(tree, {key: kinds(value) if key in HISTORY else value for key, value in tree.items()})
    if isinstance(tree, dict):
        return _like(tree, {key: value if key in _KEPT else kinds(value) for key, value in tree.items()})
    if isinstance(tree, list):
        return _like_list(tree, [kinds(item) for item in tree])
    return _kind(tree)


def _kind(value: Any) -> Any:
    if isinstance(value, Size):
        return Plain("<opaque>")
    if isinstance(value, Blob):
        return Plain(f"<{value.media_type}>")
    if isinstance(value, Plain) or value is None or isinstance(value, bool):
        return value
    return _TEXT if isinstance(value, str) else _NUMBER


def select(
    tree: Any, *, path: Path = (), matcher: Matcher | None, exclude: Filter | None, include: Filter | None
) -> Any:
    """The tree without what is excluded, with the stand-ins of syrupy's `matcher`.

    Paths are those of the tree: `exchanges.0.request.messages.1.content`, `exchanges.0.answer.usage.input_tokens`.
    """

    def below(key: Any, value: Any, path: Path) -> Any:
        path = (*path, (key, type(value)))
        found = matcher(data=value, path=path) if matcher is not None else value
        return walk(found, path) if found is value else found

    def is_wanted(key: Any, path: Path) -> bool:
        if exclude is not None and exclude(prop=key, path=path):
            return False
        return include is None or include(prop=key, path=path)

    def walk(value: Any, path: Path) -> Any:
        if isinstance(value, dict):
            return _like(value, {key: below(key, child, path) for key, child in value.items() if is_wanted(key, path)})
        if isinstance(value, list):
            items = [below(index, child, path) for index, child in enumerate(value) if is_wanted(index, path)]
            return _like_list(value, items)
        return value

    return walk(tree, path)


def _like(original: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """An object of the same kind with other values."""
    twin = copy.copy(original)
    twin.clear()
    twin.update(values)
    return twin


def _like_list(original: list[Any], values: list[Any]) -> list[Any]:
    """A list of the same kind with other items."""
    return History(values, original.note) if isinstance(original, History) else type(original)(values)
