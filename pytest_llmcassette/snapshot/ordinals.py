"""Ids that a provider makes up anew each time, as ordinals: `<call 1>` wherever that call's id is echoed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pytest_llmcassette.snapshot.nodes import Plain

_SHORTEST_IN_TEXT = 8
"""An id shorter than this may be a word: in a path or a sentence it is left alone."""

_REQUEST_ID = re.compile(r"\breq_[A-Za-z0-9]{8,}\b|\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b")


class Ordinals:
    """One numbering for one snapshot."""

    def __init__(self) -> None:
        self._names: dict[str, Plain] = {}
        self._noted: dict[str, str] = {}
        self._counts: Counter[str] = Counter()

    def name(self, kind: str, value: str) -> Plain:
        """The id's stand-in; a new id of this kind gets the next number."""
        if value not in self._names:
            self._counts[kind] += 1
            self._names[value] = Plain(f"<{kind} {self._counts[kind]}>")
        return self._names[value]

    def known(self, value: str) -> Plain | None:
        """The stand-in of an id that was seen before, or None."""
        if value not in self._names and value in self._noted:
            return self.name(self._noted[value], value)
        return self._names.get(value)

    def in_path(self, path: str) -> str:
        """A URL's path and query with known ids replaced (`/v1/files/<file 1>/content`)."""
        return "".join(
            (self.known(piece) or piece) if len(piece) >= _SHORTEST_IN_TEXT else piece
            for piece in re.split(r"([/?&=:])", path)
        )

    def in_words(self, text: str) -> str:
        """A provider's own message with known ids and request ids replaced."""
        for value, name in self._names.items():
            if len(value) >= _SHORTEST_IN_TEXT:
                text = text.replace(value, name)
        return _REQUEST_ID.sub("<request id>", text)

    def learn_from(self, document: Any) -> None:
        """Note the `id`s of a provider's JSON answer, named by their `object` or `type` (an uploaded file's, a poll's).

        They are numbered only when they turn up again.
        """
        for kind, value in _ids(document):
            self._noted.setdefault(value, kind)


def _ids(document: Any) -> Iterator[tuple[str, str]]:
    if isinstance(document, dict):
        value = document.get("id")
        if isinstance(value, str) and len(value) >= _SHORTEST_IN_TEXT:
            kind = document.get("object") or document.get("type")
            yield kind if isinstance(kind, str) and kind.isidentifier() else "id", value
        for below in document.values():
            yield from _ids(below)
    elif isinstance(document, list):
        for below in document:
            yield from _ids(below)
