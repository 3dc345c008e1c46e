"""The order in which Go's YAML encoder writes a map's keys: `X-2` before `X-10`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cmp_to_key

_INT64 = 1 << 64
# Go compares runes: a byte that is no UTF-8 is U+FFFD there.
_NOT_UTF8 = re.compile("[\udc80-\udcff]")


def natural_order(keys: Iterable[str]) -> list[str]:
    """The keys in the order of go.yaml.in/yaml's `keyList.Less`, step by step, with its wrapping 64-bit numbers."""
    return sorted(keys, key=lambda key: _AS_GO(key if key.isascii() else _NOT_UTF8.sub("\ufffd", key)))


def _compare(left: str, right: str) -> int:
    after_digit = False
    for place, (mine, theirs) in enumerate(zip(left, right, strict=False)):
        if mine == theirs:
            after_digit = mine.isdecimal()
            continue
        letter, other = mine.isalpha(), theirs.isalpha()
        if letter and other:
            return -1 if mine < theirs else 1
        if letter or other:
            return -1 if letter == after_digit else 1
        # Zeros right behind a digit that is worth something are no leading ones: a 1 before them keeps their number.
        start = 1 if "0" in (mine, theirs) and _is_worth_something(left, place) else 0
        mine_key, their_key = _number(left, place, start), _number(right, place, start)
        if mine_key != their_key:
            return -1 if mine_key < their_key else 1
        return -1 if mine < theirs else 1
    return len(left) - len(right)


_AS_GO = cmp_to_key(_compare)


def _is_worth_something(text: str, place: int) -> bool:
    start = place
    while start and text[start - 1].isdecimal():
        start -= 1
    return text[start:place].strip("0") != ""


def _number(text: str, place: int, value: int) -> tuple[int, int]:
    """The run of digits at `place` as Go's int64 arithmetic sees it, and where it ends."""
    while place < len(text) and text[place].isdecimal():
        value = value * 10 + ord(text[place]) - ord("0")
        place += 1
    return (value + _INT64 // 2) % _INT64 - _INT64 // 2, place
