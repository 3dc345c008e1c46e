"""The fields of a mapping in a cassette, each checked when it is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_llmcassette.cassette.unreadable import Place, UnreadableError
from pytest_llmcassette.cassette.yaml.tree import Plain

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_LONGEST_SHOWN = 60


def interactions_in(root: dict[str, Any]) -> Iterator[Fields]:
    """The interactions of a document, each to be read as a mapping."""
    whole = Fields(root, ())
    listed = whole.get("interactions")
    if listed is None:
        raise UnreadableError("its `interactions` are missing", place=("interactions",))
    if not isinstance(listed, list):
        raise UnreadableError("its `interactions` are no list", place=("interactions",))
    for number, item in enumerate(listed):
        place = ("interactions", number)
        if not isinstance(item, dict):
            raise UnreadableError("it is no mapping", place=place)
        yield Fields(item, place)


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
            return "" if value in _NULLS else str(value)
        if kind is bytes:
            return value.decode("utf-8", "surrogateescape")  # type: ignore[no-any-return]
        raise self.fault(name, "holds something that is no text")


def is_null(value: Any) -> bool:
    """Whether a value of the tree is YAML's null."""
    return type(value) is Plain and value in _NULLS


def shown(value: Any) -> str:
    """A value for an error message, cut where it is long."""
    text = repr(str(value) if isinstance(value, str) else value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."
