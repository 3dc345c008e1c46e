"""What is wrong with a cassette file, before anybody knows the file's name."""

from __future__ import annotations

RESTORE = "Restore the file from version control, or delete it and record again."

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
