"""What is wrong with a cassette file, before anybody knows the file's name."""

from __future__ import annotations

import re
from typing import Any

RESTORE = "Restore the file from version control, or delete it and record again."
_LONGEST_SHOWN = 60
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

Place = tuple[str | int, ...]
"""Where a value stands in a document: keys of mappings and indexes of lists, from the root."""


class UnreadableError(Exception):
    """A cassette that cannot be read: what is wrong, what to do, and the 1-based line or the place."""

    def __init__(self, problem: str, remedy: str = RESTORE, *, line: int | None = None, place: Place = ()) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy
        self.line = line
        self.place = place


def words_for(place: Place) -> str:
    """`("interactions", 2, "response", "code")` -> `interaction 2, response.code`; nothing for what is in none."""
    if len(place) < 2 or place[0] != "interactions":
        return ""
    fields = ".".join(str(part) for part in place[2:])
    return f"interaction {place[1]}" + (f", {fields}" if fields else "")


def shown(value: Any) -> str:
    """A value for an error message, cut where it is long."""
    text = repr(str(value) if isinstance(value, str) else value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."


def refuse_gits(raw: bytes) -> None:
    """Raise for what git put in a file's place: a pointer of Git LFS, or both sides of a merge."""
    if raw.startswith(b"version https://git-lfs.github.com/spec/"):
        raise UnreadableError(
            "this is a Git LFS pointer: the cassette itself was not fetched", "Run `git lfs pull`, then this again."
        )
    # At the start of a line: recorded text (an edit that a model proposes) is indented or has no line of its own.
    start = raw.find(b"\n<<<<<<< ") + 1
    if raw.startswith(b"<<<<<<< ", start) and raw.find(b"\n>>>>>>> ", start) > 0:
        raise UnreadableError(
            "there are git's marks of a merge conflict in it",
            "Resolve the conflict (the interactions of both sides may stay), or take one side and record again.",
            line=_line_at(raw, start),
        )


def bad_bytes(raw: bytes) -> UnreadableError | None:
    """What is wrong with the bytes themselves, if that is what a parser met."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return UnreadableError(f"this is not UTF-8 (byte {error.start})", line=_line_at(raw, error.start))
    found = _CONTROL.search(raw)
    if found is None:
        return None
    problem = f"there is a control character in it (\\x{found[0][0]:02x})"
    return UnreadableError(problem, line=_line_at(raw, found.start()))


def _line_at(raw: bytes, place: int) -> int:
    return raw.count(b"\n", 0, place) + 1
