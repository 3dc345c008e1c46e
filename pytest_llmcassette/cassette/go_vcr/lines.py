"""A place in the bytes of a cassette, and readers of what our writer and Go's put there: lines, scalars, maps."""

from __future__ import annotations

import re
from functools import lru_cache

from pytest_llmcassette.cassette.go_vcr.own_scalars import (
    DeclinedError,
    Late,
    binary_block,
    binary_line,
    block,
    is_plain,
    quoted,
)
from pytest_llmcassette.cassette.model import Headers, Message, defer_body

_SMALL_BLOCK = 1000
# libyaml's limit for a key on one line is 1024 characters; the writer's is far below.
_LONGEST_KEY = 1000
_MAP_END = re.compile(rb"\n(?!      )")
_INT = re.compile(rb"-?(?:0|[1-9][0-9]{0,17})\Z")


class Lines:
    """Reads on from `place` in `raw`. All methods raise `DeclinedError` for what is not exactly the writer's layout."""

    __slots__ = ("place", "raw")

    def __init__(self, raw: bytes, place: int) -> None:
        self.raw = raw
        self.place = place

    def at(self, prefix: bytes) -> bool:
        return self.raw.startswith(prefix, self.place)

    def starts(self, prefix: bytes) -> bool:
        if self.raw.startswith(prefix, self.place):
            self.place += len(prefix)
            return True
        return False

    def expect(self, prefix: bytes) -> None:
        if not self.raw.startswith(prefix, self.place):
            raise DeclinedError
        self.place += len(prefix)

    def rest(self) -> bytes:
        """The rest of the line."""
        end = self.raw.index(b"\n", self.place)
        line = self.raw[self.place : end]
        self.place = end + 1
        return line

    def integer(self, prefix: bytes) -> int:
        self.expect(prefix)
        written = self.rest()
        if not _INT.match(written):
            raise DeclinedError
        return int(written)

    def string(self, prefix: bytes, indent: int = 6) -> str:
        self.expect(prefix)
        return self.scalar(self.rest(), indent)

    def items(self, dash: bytes, indent: int) -> list[str]:
        values = []
        while self.starts(dash):
            values.append(self.scalar(self.rest(), indent))
        if not values:
            raise DeclinedError
        return values

    def multimap(self) -> Headers:
        """Names and values. The same few blocks stand in all files of a suite, so a plain one is read only once."""
        end = _MAP_END.search(self.raw, self.place)
        block = self.raw[self.place : end.start() + 1] if end else b""
        found = small_map(block) if block else None
        if found is None:
            return self.entries()
        self.place += len(block)
        return found

    def entries(self) -> Headers:
        found: Headers = {}
        while self.at(b"      ") and not self.at(b"      - "):
            self.place += 6
            line = self.rest()
            # A block can be a key behind a question mark only.
            if line[-1:] != b":" or line == b"<<:" or b"|" in line or len(line) > _LONGEST_KEY:
                raise DeclinedError
            key = self.scalar(line[:-1], 8)
            if key in found:
                raise DeclinedError
            found[key] = self.items(b"      - ", 8)
        if not found:
            raise DeclinedError
        return found

    def scalar(self, written: bytes, indent: int) -> str:
        """One scalar whose first line is `written`; the place stands behind that line."""
        if is_plain(written):
            return written.decode("utf-8")
        first = written[:1]
        if first in (b'"', b"'"):
            return quoted(written, 0, len(written)).decode("utf-8")
        if first == b"|":
            late, self.place = block(self.raw, written, self.place, indent)
        elif written == b"!!binary |":
            late, self.place = binary_block(self.raw, self.place, indent)
        elif written.startswith(b"!!binary "):
            late = binary_line(written, 9, len(written))
        else:
            raise DeclinedError
        return late().decode("utf-8", "surrogateescape")

    def body(self, message: Message) -> None:
        """The body of a message: its form and bounds are checked now, it is cut out of the file when it is read."""
        raw, start = self.raw, self.place
        first = raw[start]
        end = raw.index(b"\n", start)
        self.place = end + 1
        late: Late
        if first in b"'\"":
            message.body = quoted(raw, start, end)
            return
        if first == 0x7C:
            late, self.place = block(raw, raw[start:end], end + 1, 6)
        elif raw.startswith(b"!!binary |\n", start):
            late, self.place = binary_block(raw, end + 1, 6)
        elif raw.startswith(b"!!binary ", start):
            late = binary_line(raw, start + 9, end)
        elif is_plain(raw[start:end]):
            message.body = raw[start:end]
            return
        else:
            raise DeclinedError
        defer_body(message, late)


def small_map(block: bytes) -> Headers | None:
    """Names and values, which the caller may change, if the lines are few and plain enough to be remembered."""
    if len(block) >= _SMALL_BLOCK or b"|\n" in block:
        return None
    return {name: list(values) for name, values in _small_block(block)}


@lru_cache(maxsize=512)
def _small_block(block: bytes) -> tuple[tuple[str, list[str]], ...]:
    lines = Lines(block, 0)
    entries = lines.entries()
    if lines.place != len(block):
        raise DeclinedError
    return tuple(entries.items())
