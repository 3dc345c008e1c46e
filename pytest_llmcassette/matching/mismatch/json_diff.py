"""Where two JSON values differ, as paths that `ignore_json` understands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from pytest_llmcassette.matching.json_values import Json, canonical_value

_PLAIN_NAME = re.compile(r"[^.\[\]*\"'\s$]+")
_LARGEST_ALIGNMENT = 250_000
"""Pairs of list items; longer lists (embeddings of token numbers) are compared place by place."""

Steps = tuple[str | int, ...]


class Absent:
    """The value of a member or item that one side does not have."""

    def __repr__(self) -> str:
        return "(absent)"


ABSENT = Absent()


@dataclass(frozen=True, slots=True)
class Difference:
    """Two values at one place; the place is that of the request as sent, of the recorded one where only that has it."""

    steps: Steps
    recorded: Json | Absent
    sent: Json | Absent

    @property
    def path(self) -> str:
        """The place in the words of `ignore_json`, `""` for the whole body."""
        return path_of(self.steps)


def path_of(steps: Steps, *, any_item: bool = False) -> str:
    """`("messages", 0, "id")` as `messages[0].id`, or as `messages[*].id`."""
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += "[*]" if any_item else f"[{step}]"
        elif _PLAIN_NAME.fullmatch(step):
            path += f".{step}" if path else step
        else:
            escaped = step.replace("\\", "\\\\").replace('"', '\\"')
            path += f'["{escaped}"]'
    return path


def differences(recorded: Json, sent: Json, steps: Steps = ()) -> Iterator[Difference]:
    """The smallest places that differ, in the order of the sent value. Raises `RecursionError` for deep nesting."""
    if isinstance(recorded, dict) and isinstance(sent, dict):
        for name, value in sent.items():
            if name in recorded:
                yield from differences(recorded[name], value, (*steps, name))
            else:
                yield Difference((*steps, name), ABSENT, value)
        for name, value in recorded.items():
            if name not in sent:
                yield Difference((*steps, name), value, ABSENT)
    elif isinstance(recorded, list) and isinstance(sent, list):
        yield from _list_differences(recorded, sent, steps)
    elif type(recorded) is not type(sent) or (recorded != sent and canonical_value(recorded) != canonical_value(sent)):
        yield Difference(steps, recorded, sent)


def _list_differences(recorded: list[Json], sent: list[Json], steps: Steps) -> Iterator[Difference]:
    for first, last, sent_first, sent_last in _changed_blocks(recorded, sent):
        paired = min(last - first, sent_last - sent_first)
        for offset in range(paired):
            old, new = recorded[first + offset], sent[sent_first + offset]
            place = (*steps, sent_first + offset)
            if _have_nothing_in_common(old, new):
                yield Difference(place, old, new)
            else:
                yield from differences(old, new, place)
        for index in range(sent_first + paired, sent_last):
            yield Difference((*steps, index), ABSENT, sent[index])
        for index in range(first + paired, last):
            yield Difference((*steps, index), recorded[index], ABSENT)


def _changed_blocks(recorded: list[Json], sent: list[Json]) -> Iterator[tuple[int, int, int, int]]:
    if len(recorded) * len(sent) > _LARGEST_ALIGNMENT:
        yield 0, len(recorded), 0, len(sent)
        return
    old = [canonical_value(item) for item in recorded]
    new = [canonical_value(item) for item in sent]
    for kind, first, last, sent_first, sent_last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield first, last, sent_first, sent_last


def _have_nothing_in_common(recorded: Json, sent: Json) -> bool:
    """Two objects that are better shown whole than member by member."""
    if not isinstance(recorded, dict) or not isinstance(sent, dict) or min(len(recorded), len(sent)) < 2:
        return False
    return not any(name in recorded and canonical_value(recorded[name]) == canonical_value(sent[name]) for name in sent)
