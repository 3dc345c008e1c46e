"""What differs in a snapshot: changed lines under their headings, and of these the few that pytest shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from pytest_llmcassette.matching.mismatch.shown import length_in_common

ADVICE = "If the new is as it should be, accept it: pytest --snapshot-update"

_MOST_LINES = 8
_MOST_CHARACTERS = 600
"""pytest cuts an explanation after eight lines and after 640 characters, colours and its own heading included."""

_WIDTH = 90
_BEFORE = 30
"""How much of what a long line has in common with its successor is shown before the first difference."""

_COLOUR = re.compile(r"\x1b\[[\d;]*m")


def diff(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(mark, line) pairs: `-` only before, `+` only after, a space for the headings above them that place them.

    Neighbours that did not change are left out: pytest shows eight lines of a failed comparison (see `explanation`).
    """
    shown: set[int] = set()
    for tag, start, end, other_start, other_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        first = before[start] if start < end else after[other_start]
        for index in _headings(before, start, first):
            if index not in shown:
                shown.add(index)
                yield " ", before[index]
        yield from (("-", line) for line in before[start:end])
        yield from (("+", line) for line in after[other_start:other_end])


def _headings(lines: Sequence[str], start: int, first: str) -> list[int]:
    """The lines above `start` under which `first` is indented, the outermost first."""
    found: list[int] = []
    depth = _depth(first)
    for index in range(start - 1, -1, -1):
        above = _depth(lines[index])
        if above < depth:
            found.append(index)
            depth = above
    return found[::-1]


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def explanation(diff: Sequence[str]) -> tuple[list[str], bool]:
    """What to show of a diff's lines (headings and lines marked with `-` or `+`, perhaps in colours), advice last.

    The second value says whether something was left out or cut, so that the diff has to be shown elsewhere, too.
    """
    # The heading `assert [+ received] == [- snapshot]` is one line, the advice another.
    if len(diff) <= _MOST_LINES - 2 and sum(map(len, diff)) + len(ADVICE) <= _MOST_CHARACTERS - 80:
        return [*diff, ADVICE], False
    plain = [_COLOUR.sub("", line) for line in diff]
    changed = [line for line in plain if line.lstrip()[:1] in ("-", "+")] or plain
    room = _MOST_LINES - 3
    shown = list(_cut(changed[:room]))
    what = "line changed" if len(changed) == 1 else "lines changed"
    return [*shown, f"{len(changed)} {what}; the whole difference is below.", ADVICE], True


def _cut(lines: Sequence[str]) -> Iterator[str]:
    """Long lines around their first difference from the most similar line of the other side."""
    parted = [(line.lstrip()[:1], line.lstrip()[1:]) for line in lines]
    for line, (mark, text) in zip(lines, parted, strict=True):
        if len(line) > _WIDTH:
            in_common = max((length_in_common(text, twin) for other, twin in parted if other != mark), default=0)
            indent = len(text) - len(text.lstrip())
            if in_common - _BEFORE > indent:
                line = f"{mark}{text[:indent]}...{text[in_common - _BEFORE :]}"
        yield line if len(line) <= _WIDTH else line[: _WIDTH - 3] + "..."
