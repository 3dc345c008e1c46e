"""syrupy's `matcher`, `exclude` and `include`, applied to a conversation's tree with its property paths.

Paths are those of the tree: `exchanges.0.request.messages.1.content`, `exchanges.0.answer.usage.input_tokens`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_llmcassette.snapshot.nodes import like, like_list

Path = tuple[tuple[Any, type[Any]], ...]
Matcher = Callable[..., Any]
Filter = Callable[..., bool]


def select(
    tree: Any, *, path: Path = (), matcher: Matcher | None, exclude: Filter | None, include: Filter | None
) -> Any:
    """The tree without what is excluded, with the matcher's stand-ins."""

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
            return like(value, {key: below(key, child, path) for key, child in value.items() if is_wanted(key, path)})
        if isinstance(value, list):
            items = [below(index, child, path) for index, child in enumerate(value) if is_wanted(index, path)]
            return like_list(value, items)
        return value

    return walk(tree, path)
