"""Alternated timing: every contender runs once a round, so that a drifting machine is the same for all."""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """CPU time of one call in milliseconds, one value a round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median, in milliseconds."""
        return statistics.median(self.rounds)

    @property
    def quartiles(self) -> tuple[float, float]:
        """The lower and the upper quartile, in milliseconds."""
        if len(self.rounds) < 2:
            return self.rounds[0], self.rounds[0]
        lower, _, upper = statistics.quantiles(self.rounds, n=4)
        return lower, upper

    def over(self, floor: Figure) -> Figure:
        """What this costs above `floor`, round by round."""
        return Figure(tuple(mine - base for mine, base in zip(self.rounds, floor.rounds, strict=True)))

    def ratio(self, other: Figure) -> float:
        """The median of this divided by the other, round by round."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return statistics.median(mine / base if base else float("inf") for mine, base in pairs)


def alternate(
    contenders: Mapping[str, Callable[[], object]],
    *,
    rounds: int,
    calls: int,
    clock: Callable[[], float] = time.process_time,
) -> dict[str, Figure]:
    """Time `calls` calls of every contender, `rounds` times, after one round that does not count.

    Each round has an order of its own: what follows a garbage collection, or a contender that needs much memory, finds
    the processor's caches cold. `clock` returns seconds; the default is this process's CPU time over all threads.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    order, shuffled = list(contenders), random.Random(0)
    for turn in range(rounds + 1):
        gc.collect()
        shuffled.shuffle(order)
        for name in order:
            call = contenders[name]
            started = clock()
            for _ in range(calls):
                call()
            spent = (clock() - started) * 1000 / calls
            if turn:
                times[name].append(spent)
    return {name: Figure(tuple(values)) for name, values in times.items()}
