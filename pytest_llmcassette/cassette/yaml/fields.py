"""The fields of a mapping in a cassette, each checked when it is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pytest_llmcassette.cassette.unreadable import Place, UnreadableError, shown
from pytest_llmcassette.cassette.yaml.tree import NULLS, Plain

_WHOLE = re.compile(r"[-+]?[0-9]{1,20}\Z")
_INT64 = 1 << 63


def interactions_in(root: dict[str, Any]) -> Iterator[Fields]:
    """The interactions of a document, each to be read as a mapping."""
    whole = Fields(root, ())
    listed = whole.get("interactions")
    if listed is None:
        raise UnreadableError("its `interactions` are missing", place=("interactions",))
    if not isinstance(listed, list):
        raise UnreadableError("its `interactions` are no list", place=("interactions",))
    yield from whole.mappings("interactions")


def first_request(root: dict[str, Any]) -> dict[str, Any]:
    """The request of a document's first interaction; nothing where there is none."""
    items = root.get("interactions")
    first = items[0] if isinstance(items, list) and items else None
    request = first.get("request") if isinstance(first, dict) else None
    return request if isinstance(request, dict) else {}


class Fields:
    """A mapping at its place in the document. Faults are `UnreadableError`s that name field and place."""

    __slots__ = ("place", "values")

    def __init__(self, values: dict[str, Any], place: Place) -> None:
        self.values = values
        self.place = place

    def fault(self, name: str, problem: str) -> UnreadableError:
        """An error about the field `name`."""
        return UnreadableError(f"it {problem}", place=(*self.place, name))

    def get(self, name: str) -> Any:
        """The field as it stands in the tree; None when it is missing or null."""
        value = self.values.get(name)
        return None if is_null(value) else value

    def mapping(self, name: str) -> Fields:
        """A field that is a mapping itself."""
        value = self.get(name)
        if not isinstance(value, dict):
            raise self.fault(name, "is missing" if value is None else "is no mapping")
        return Fields(value, (*self.place, name))

    def listed(self, name: str) -> list[Any]:
        """A field that is a list; empty where it is missing."""
        value = self.get(name)
        if value is not None and not isinstance(value, list):
            raise self.fault(name, "is no list")
        return value or []

    def mappings(self, name: str) -> Iterator[Fields]:
        """The items of a field that is a list of mappings; nothing where it is missing."""
        for number, item in enumerate(self.listed(name)):
            place = (*self.place, name, number)
            if not isinstance(item, dict):
                raise UnreadableError("it is no mapping", place=place)
            yield Fields(item, place)

    def text(self, name: str, default: str | None = None) -> str:
        """A field that is text; without a default it must be there."""
        value = self.get(name)
        if value is None:
            if default is None:
                raise self.fault(name, "is missing")
            return default
        return self.as_text(name, value)

    def as_text(self, name: str, value: Any) -> str:
        """A value of the field `name` as text; what is not UTF-8 is surrogate-escaped."""
        kind = type(value)
        if kind is str:
            return value  # type: ignore[no-any-return]
        if kind is Plain:
            return "" if value in NULLS else str(value)
        if kind is bytes:
            return value.decode("utf-8", "surrogateescape")  # type: ignore[no-any-return]
        raise self.fault(name, "holds something that is no text")

    def whole(self, name: str, default: int | None = None) -> int:
        """A field that is a whole number of 64 bits; without a default it must be there."""
        value = self.get(name)
        if value is None and default is not None:
            return default
        if value is None:
            raise self.fault(name, "is missing")
        if isinstance(value, str) and _WHOLE.match(value) and -_INT64 <= int(value) < _INT64:
            return int(value)
        raise self.fault(name, f"is no whole number: {shown(value)}")


def is_null(value: Any) -> bool:
    """Whether a value of the tree is YAML's null."""
    return type(value) is Plain and value in NULLS
