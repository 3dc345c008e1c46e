"""The values a conversation's tree is made of, beside plain dicts, lists and scalars: they say how a value is shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Plain(str):
    """Shown as it is, without quotes: an ordinal, a finish reason, a remark."""

    __slots__ = ()


class Size(Plain):
    """Stands for opaque bytes (a signature, encrypted reasoning) of which only the size is shown."""

    __slots__ = ()


class Blob(Plain):
    """Stands for an image, a sound or a file: type, size and digest."""

    media_type: str

    def __new__(cls, media_type: str, text: str) -> Blob:
        blob = super().__new__(cls, text)
        blob.media_type = media_type
        return blob


class Words(str):
    """Text that somebody wrote, shown as a block, line by line."""

    __slots__ = ()


class Line(dict[str, Any]):
    """Figures shown in one line."""


class Arguments(dict[str, Any]):
    """A tool's arguments, shown as sorted JSON."""


class Entry(dict[str, Any]):
    """An object under a heading of its own. The value under `main` is shown right below it, without its key."""

    heading: str
    main: str

    def __init__(self, heading: str, values: dict[str, Any] | None = None, *, main: str = "") -> None:
        super().__init__(values or {})
        self.heading = heading
        self.main = main


class Bare(dict[str, Any]):
    """An object whose values (entries) are shown without their keys."""


class Stack(list[Any]):
    """Entries one below the other, without list marks."""


class History(list[Any]):
    """The turns that a request adds to the conversation before it; `note` says to what."""

    note: str

    def __init__(self, items: Iterable[Any], note: str = "") -> None:
        super().__init__(items)
        self.note = note
