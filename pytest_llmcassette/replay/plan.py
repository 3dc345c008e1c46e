"""The plan of a delivery: what comes, when, and how it ends. Changes are made to it; a transport carries it out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.errors import CassetteStop
from pytest_llmcassette.replay.head import Head
from pytest_llmcassette.replay.pieces import Piece


@dataclass(slots=True)
class End:
    """What a client meets where a delivery does not end whole.

    An error of the network, named by httpcore's class for it (`ReadError`, `ConnectTimeout`, ...), or a `stop`. Before
    a stop an async client is given `patience` seconds to leave by itself. Before it come `silence` seconds of nothing:
    infinitely many where nothing but a timeout of the client's own ends it.
    """

    kind: str = ""
    message: str = ""
    stop: CassetteStop | None = None
    patience: float = 0.0
    silence: float = 0.0


@dataclass(slots=True)
class Delivery:
    """How one answer is delivered.

    After `wait` seconds comes the `head`, then the `pieces` (they may be gone through once), then the `end`, None for
    a whole answer. Without a head, `end` comes in its place. `interaction` is what was recorded, never to be changed.
    A wait that is longer than the client's own timeout ends with that; where nothing `sleeps` it does so at once, and
    shorter waits take no time. `handed_out` counts the bytes of a body that is cut elsewhere than behind its events;
    None for any other.

    Where a change has made another answer of it, `altered` is what was delivered, and `comes_again` says that the
    client may ask for the recording once more.
    """

    interaction: Interaction
    head: Head | None
    pieces: Iterable[Piece] = ()
    wait: float = 0.0
    end: End | None = None
    sleeps: bool = True
    handed_out: int | None = None
    altered: Interaction | None = None
    comes_again: bool = False


Change = Callable[[Delivery], Delivery]
"""Chunking, timing and faults are such functions. Each may change the delivery in place and return it."""
