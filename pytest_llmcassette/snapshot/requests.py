"""Requests as the code sends them now, each showing what it adds to the conversation before it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pytest_llmcassette.matching.mismatch.shown import length_in_common
from pytest_llmcassette.recorder.requests import SentRequest
from pytest_llmcassette.redaction.request_words import HISTORY
from pytest_llmcassette.snapshot import blobs, json_values
from pytest_llmcassette.snapshot.layout import lines
from pytest_llmcassette.snapshot.multipart import parts_of
from pytest_llmcassette.snapshot.nodes import Entry, History, Plain, Words
from pytest_llmcassette.snapshot.ordinals import Ordinals

AS_BEFORE = Plain("as before")


class RequestTrees:
    """Turns the requests of one snapshot into trees, in their order; remembers what was shown already."""

    def __init__(self, ids: Ordinals) -> None:
        self._ids = ids
        self._count = 0
        self._shown: dict[str, Any] = {}
        self._histories: dict[str, list[tuple[int, list[Any]]]] = {}

    def tree(self, request: SentRequest) -> Entry:
        """One request: method, path and query in the heading, protocol headers, then the body's fields."""
        self._count += 1
        heading = f"request {self._count}: {request.method} {self._target(request.url)}"
        fields: dict[str, Any] = {}
        if request.snapshot_headers:
            fields["headers"] = {
                name.lower(): ", ".join(values) for name, values in sorted(request.snapshot_headers.items())
            }
        fields.update(self._body(request))
        frames = () if request.interaction is None else request.interaction.frames
        if frames:
            # Imported here: most suites have no conversations.
            from pytest_llmcassette.snapshot.frames import said_tree

            fields["said"] = said_tree(frames if request.said is None else request.said, self._ids, self._field)
        return Entry(heading, fields)

    def _target(self, url: str) -> str:
        parts = urlsplit(url)
        return self._ids.in_path((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))

    def _body(self, request: SentRequest) -> dict[str, Any]:
        if not request.body:
            return {}
        content_type = next((v[0] for k, v in request.headers.items() if k.lower() == "content-type" and v), "")
        media_type = content_type.partition(";")[0].strip().lower()
        if media_type.startswith("multipart/"):
            return {"parts": parts_of(request.body, content_type)}
        if media_type == "application/x-www-form-urlencoded":
            pairs = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
            return {"form": [{name: self._ids.known(value) or value} for name, value in pairs]}
        try:
            document = json.loads(request.body)
        except (ValueError, RecursionError):
            return {"body": _text_or_blob(request.body, media_type)}
        if not isinstance(document, dict):
            return {"body": json_values.value(document, self._ids)}
        return {name: self._field(name, document[name]) for name in sorted(document, key=_place)}

    def _field(self, name: str, document: Any) -> Any:
        if name in HISTORY and isinstance(document, list):
            return self._history(name, json_values.value(document, self._ids, in_history=True))
        tree = json_values.value({name: document}, self._ids)[name]
        if not isinstance(tree, (dict, list, str)) or len(lines({name: tree})) < 2:
            return tree
        before, self._shown[name] = self._shown.get(name), tree
        return AS_BEFORE if before == tree else tree

    def _history(self, name: str, turns: list[Any]) -> Any:
        earlier = self._histories.setdefault(name, [])
        lengths = [(length_in_common(turns, before), len(before), number) for number, before in earlier]
        shared, whole, number = max(
            ((count, count == length, number) for count, length, number in lengths), default=(0, True, 0)
        )
        latest = earlier[-1][0] if earlier else 0
        earlier.append((self._count, turns))
        if not shared:
            return turns
        base = "as before" if number == latest else f"as in request {number}"
        if not whole:
            base = f"first {shared} {base}"
        added = turns[shared:]
        if not added:
            return Plain(base)
        noun = HISTORY[name] + ("" if len(added) == 1 else "s")
        return History(added, f"{base}, + {len(added)} {noun}")


def _place(name: str) -> tuple[bool, str]:
    """The conversation last: what is below it would be far from its heading."""
    return name in HISTORY, name


def _text_or_blob(body: bytes, media_type: str) -> Any:
    try:
        return Words(body.decode("utf-8"))
    except UnicodeDecodeError:
        return blobs.blob(body, media_type or None)
