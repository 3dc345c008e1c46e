"""Where the pieces of an answer end. A change of a delivery that moves the cuts and leaves the bytes as they are."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Iterator
from itertools import chain, repeat

from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.replay.pieces import Piece
from pytest_llmcassette.replay.plan import Delivery

_SCALES = (1, 4, 32, 256)
"""The longest that a piece of `random` may be, each as likely: it is to cut characters and line ends, too."""


def cut(delivery: Delivery, sizes: Iterator[int]) -> Delivery:
    """The same bytes in pieces of these sizes, which must be more than enough."""
    if delivery.head is not None:
        delivery.handed_out = 0
        delivery.pieces = _cut(delivery, delivery.pieces, sizes)
    return delivery


def sizes_of(interaction: Interaction, chunking: str) -> Iterator[int] | None:
    """The sizes of the pieces of any body; None where `chunking` moves no cut: `event`, `recorded` without chunks."""
    name, _, number = chunking.partition(":")
    if name == "byte":
        return repeat(1)
    if name == "size":
        return repeat(int(number))
    if name == "random":
        return _random(int(number))
    if name == "whole":
        return repeat(sys.maxsize)
    if name == "recorded" and interaction.chunks:
        return chain((size for _, size in interaction.chunks if size > 0), repeat(sys.maxsize))
    return None


def _random(seed: int) -> Iterator[int]:
    # Of all that `Random` does, only the numbers of `random()` are the same in every version of Python.
    draw = random.Random(seed).random
    while True:
        yield 1 + int(draw() * _SCALES[int(draw() * len(_SCALES))])


def _cut(delivery: Delivery, pieces: Iterable[Piece], sizes: Iterator[int]) -> Iterator[Piece]:
    """A piece comes when its last byte does: it waits for all of whose bytes it holds the first."""
    assert delivery.handed_out is not None
    wait, held = 0.0, list[bytes]()
    missing = next(sizes)
    for seconds, piece in pieces:
        wait += seconds
        start = 0
        while len(piece) - start >= missing:
            found = piece[start : start + missing]
            if held:
                found = b"".join([*held, found])
                held.clear()
            delivery.handed_out += len(found)
            yield wait, found
            wait = 0.0
            start += missing
            missing = next(sizes)
        if start < len(piece):
            held.append(piece[start:])
            missing -= len(held[-1])
    if held or wait:
        rest = b"".join(held)
        delivery.handed_out += len(rest)
        yield wait, rest
