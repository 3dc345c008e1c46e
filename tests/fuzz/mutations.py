"""Damaged inputs: seeds of which bytes are changed, dropped, doubled, cut and mixed with each other's."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

TOKENS = [
    b"", b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r", b"\n", b"\n\n", b"\t", b"  ", b": ", b"- ",
    b"'", b'"', b"\\", b"\\u0000", b"\\ud800", b"{", b"}", b"[", b"]", b"null", b"true", b"NaN", b"1e999", b"-0",
    b"9" * 400, b"&a ", b"*a", b"!!python/name:os.system ", b"!!binary |", b"<<: ", b"|-\n", b">\n", b"---\n",
    b"data: ", b"event: ", b"data: [DONE]\n\n", b"id", b"[" * 300, b'{"a":' * 300, b"%", b"%00", b"http://", b"://[",
    b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"version: 2\n", b"interactions:\n", b"REDACTED",
]  # fmt: skip
"""What the formats and protocols are made of, and what has ever broken a reader of them."""


def _flip(body: bytearray, dice: random.Random, seeds: Sequence[bytes]) -> None:
    for _ in range(dice.randint(1, 4)):
        body[dice.randrange(len(body))] = dice.randrange(256)


def _insert(body: bytearray, dice: random.Random, seeds: Sequence[bytes]) -> None:
    place = dice.randint(0, len(body))
    body[place:place] = dice.choice(TOKENS)


def _replace(body: bytearray, dice: random.Random, seeds: Sequence[bytes]) -> None:
    start = dice.randrange(len(body))
    body[start : start + dice.randint(1, 12)] = dice.choice(TOKENS)


def _drop(body: bytearray, dice: random.Random, seeds: Sequence[bytes]) -> None:
    start = dice.randrange(len(body))
    del body[start : start + dice.choice((1, 8, 64, len(body) // 4))]


def _double(body: bytearray, dice: random.Random, seeds: Sequence[bytes]) -> None:
    start = dice.randrange(len(body))
    piece = body[start : start + dice.randint(1, 200)]
    body[start:start] = piece * dice.randint(1, 5)


def _cut(body: bytearray, dice: random.Random, seeds: Sequence[bytes]) -> None:
    del body[dice.randrange(len(body)) :]


def _splice(body: bytearray, dice: random.Random, seeds: Sequence[bytes]) -> None:
    other = dice.choice(seeds)
    start = dice.randint(0, len(other))
    body[dice.randrange(len(body)) :] = other[start:]


_ALL: list[Callable[[bytearray, random.Random, Sequence[bytes]], None]] = [
    _flip, _insert, _insert, _replace, _replace, _drop, _double, _cut, _splice,
]  # fmt: skip


def damaged(dice: random.Random, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds, changed in one to four ways."""
    body = bytearray(dice.choice(seeds))
    for _ in range(dice.randint(1, 4)):
        if body:
            dice.choice(_ALL)(body, dice, seeds)
    return bytes(body)
