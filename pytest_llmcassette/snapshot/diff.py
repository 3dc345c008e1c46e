"""The difference of two snapshots as changed lines under the headings they stand below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher


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
