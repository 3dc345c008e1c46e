"""Recordings that no test of a run asked for, file by file: what `llmcassette prune` drops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pytest_llmcassette.report.records import TestRecord


@dataclass(slots=True)
class DeadFile:
    """The positions of a file's interactions that no test played; `left`: why they are to stay all the same."""

    held: int
    idle: list[int]
    left: str = ""


@dataclass(slots=True)
class Dead:
    """What a run left unplayed, by cassette. `problem`: why the run does not tell, though it ran to its end."""

    files: dict[str, DeadFile] = field(default_factory=dict)
    is_whole: bool = False
    problem: str = ""


def dead_of(records: Sequence[TestRecord], *, is_whole: bool, others_failed: str) -> Dead:
    """`others_failed` names a failed test without a cassette, if there is one.

    A test that failed for anything else than what it left unplayed would perhaps have played more.
    """
    dead = Dead(is_whole=is_whole, problem=f"{others_failed} failed" if others_failed else "")
    idle: dict[str, set[int]] = {}
    held: dict[str, int] = {}
    left: dict[str, str] = {}
    for one in records:
        why = ""
        if one.outcome in ("failed", "error") and one.problem != "unplayed":
            dead.problem = dead.problem or f"{one.nodeid} failed for another reason"
            why = "uses it, and failed"
        elif one.recorded:
            why = "has just recorded it"
        elif one.outcome == "skipped" or one.declared:
            why = "uses it, and was skipped or failed as expected"
        for cassette in (one.cassette, *one.further) if why else ():
            left.setdefault(cassette, f"{one.nodeid} {why}")
        if one.outcome == "skipped" and not one.cassette:
            dead.problem = (
                dead.problem or f"nobody knows which cassette {one.nodeid}, which was skipped, would have used"
            )
        for cassette in (one.cassette, *one.further) if one.idle or one.replayed else ():
            count, places = one.idle.get(cassette, (0, ()))
            idle[cassette] = idle.get(cassette, set(places)).intersection(places)
            held[cassette] = max(held.get(cassette, 0), count)
    for cassette, places in sorted(idle.items()):
        if places:
            dead.files[cassette] = DeadFile(held[cassette], sorted(places), left.get(cassette, ""))
    return dead
