"""Reads the one layout that our writer and Go's produce, line by line and without a YAML parser.

Strict: whatever is not exactly that layout makes it decline (None), and the general reader decides. Works on bytes, and
cuts a body out of them when it is first asked for.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

from pytest_llmcassette.cassette.duration import parse_duration
from pytest_llmcassette.cassette.model import Headers, Interaction, Request, Response, defer_body
from pytest_llmcassette.cassette.ordinary import is_ordinary
from pytest_llmcassette.cassette.own_scalars import (
    DeclinedError,
    Late,
    binary_block,
    binary_line,
    block,
    double_quoted,
    is_plain,
    single_quoted,
)

_START = b"---\nversion: 2\ninteractions:\n"
_EMPTY = b"---\nversion: 2\ninteractions: []\n"
_SMALL_BLOCK = 1000
# libyaml's limit for a key on one line is 1024 characters; the writer's is far below.
_LONGEST_KEY = 1000
_NUMBER = rb"(-?(?:0|[1-9][0-9]{0,17}))"
_PROTO = rb"    proto: (HTTP/[0-9.]+)\n    proto_major: " + _NUMBER + rb"\n    proto_minor: " + _NUMBER + rb"\n"
_REQUEST_HEAD = re.compile(_PROTO + rb"    content_length: " + _NUMBER + rb"\n")
_RESPONSE_HEAD = re.compile(_PROTO)
_RESPONSE_TAIL = re.compile(
    rb"    status: ([0-9]+ [A-Za-z]+(?: [A-Za-z]+)*)\n    code: "
    + _NUMBER
    + rb"\n    duration: ([0-9.hmn]*\xc2?\xb5?s)\n"
)
_CHUNKS = re.compile(rb"[0-9]+(?:\.[0-9]+)?\+[0-9]+(?: [0-9]+(?:\.[0-9]+)?\+[0-9]+)*\Z")
_MAP_END = re.compile(rb"\n(?!      )")
_INT = re.compile(rb"-?(?:0|[1-9][0-9]{0,17})\Z")


def read(raw: bytes) -> list[Interaction] | None:
    """The interactions of a file in the writer's own layout, or None for any other bytes."""
    if raw == _EMPTY:
        return []
    if not raw.startswith(_START) or not raw.endswith(b"\n"):
        return None
    if not is_ordinary(raw):
        return None
    try:
        _check_utf8(raw)
        return _Lines(raw, len(_START)).interactions()
    except (DeclinedError, ValueError):
        return None


def _check_utf8(raw: bytes) -> None:
    if raw.isascii():
        return
    # In pieces: a decoded copy of a large file can be four times its size.
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(raw), 1 << 20):
        decoder.decode(raw[start : start + (1 << 20)])
    decoder.decode(b"", final=True)


class _Lines:
    """A place in the bytes, and the readers of what may stand there."""

    __slots__ = ("place", "raw")

    def __init__(self, raw: bytes, place: int) -> None:
        self.raw = raw
        self.place = place

    def interactions(self) -> list[Interaction]:
        found: list[Interaction] = []
        size = len(self.raw)
        if self.place == size:
            # No interactions are written otherwise: this file was cut.
            raise DeclinedError
        while self.place < size:
            self.expect(b"- id: %d\n  request:\n" % len(found))
            request = self.request()
            self.expect(b"  response:\n")
            interaction = Interaction(request=request, response=self.response())
            if self.place < size and not self.at(b"- "):
                self.own(interaction)
            found.append(interaction)
        return found

    def request(self) -> Request:
        proto, major, minor, length = self.head(_REQUEST_HEAD)
        request = Request(
            proto=proto.decode(), proto_major=int(major), proto_minor=int(minor), content_length=int(length)
        )
        if self.starts(b"    transfer_encoding:\n"):
            request.transfer_encoding = self.items(b"    - ", 6)
        if self.starts(b"    trailer:\n"):
            request.trailer = self.multimap()
        request.host = self.string(b"    host: ")
        if self.at(b"    remote_addr: "):
            request.remote_addr = self.string(b"    remote_addr: ")
        if self.at(b"    request_uri: "):
            request.request_uri = self.string(b"    request_uri: ")
        if self.starts(b"    body: "):
            self.body(request)
        if self.starts(b"    form:\n"):
            request.form = self.multimap()
        if self.starts(b"    headers:\n"):
            request.headers = self.multimap()
        request.url = self.string(b"    url: ")
        request.method = self.string(b"    method: ")
        return request

    def response(self) -> Response:
        proto, major, minor = self.head(_RESPONSE_HEAD)
        response = Response(proto=proto.decode(), proto_major=int(major), proto_minor=int(minor))
        if self.starts(b"    transfer_encoding:\n"):
            response.transfer_encoding = self.items(b"    - ", 6)
        if self.starts(b"    trailer:\n"):
            response.trailer = self.multimap()
        response.content_length = self.integer(b"    content_length: ")
        response.uncompressed = self.starts(b"    uncompressed: true\n")
        self.expect(b"    body: ")
        self.body(response)
        if self.starts(b"    headers:\n"):
            response.headers = self.multimap()
        else:
            self.expect(b"    headers: {}\n")
        tail = _RESPONSE_TAIL.match(self.raw, self.place)
        if tail:
            self.place = tail.end()
            response.status = tail[1].decode()
            response.code = int(tail[2])
            response.duration_ns = parse_duration(tail[3].decode())
            return response
        response.status = self.string(b"    status: ")
        response.code = self.integer(b"    code: ")
        response.duration_ns = parse_duration(self.string(b"    duration: "))
        return response

    def head(self, pattern: re.Pattern[bytes]) -> tuple[bytes, ...]:
        found = pattern.match(self.raw, self.place)
        if not found:
            raise DeclinedError
        self.place = found.end()
        return found.groups()

    def own(self, interaction: Interaction) -> None:
        for key in ("phase", "end", "end_message"):
            if self.at(f"  {key}: ".encode()):
                setattr(interaction, key, self.string(f"  {key}: ".encode(), 4))
        if self.starts(b"  chunks: "):
            written = self.rest()
            if not _CHUNKS.match(written):
                raise DeclinedError
            pairs = (word.partition(b"+") for word in written.split(b" "))
            interaction.chunks = tuple((float(at), int(size)) for at, _, size in pairs)

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
        if 0 < len(block) < _SMALL_BLOCK and b"|\n" not in block:
            self.place += len(block)
            return {name: list(values) for name, values in _small_block(block)}
        return self.entries()

    def entries(self) -> Headers:
        found: Headers = {}
        while self.at(b"      ") and not self.at(b"      - "):
            self.place += 6
            line = self.rest()
            if line[-1:] != b":" or line == b"<<:" or len(line) > _LONGEST_KEY:
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
        if first == b'"':
            return double_quoted(written, 0, len(written)).decode("utf-8")
        if first == b"'":
            late = single_quoted(written, 0, len(written))
        elif first == b"|":
            late, self.place = block(self.raw, written, self.place, indent)
        elif written == b"!!binary |":
            late, self.place = binary_block(self.raw, self.place, indent)
        elif written.startswith(b"!!binary "):
            late = binary_line(written, 9, len(written))
        else:
            raise DeclinedError
        return late().decode("utf-8", "surrogateescape")

    def body(self, message: Request | Response) -> None:
        """The body of a message: its form and bounds are checked now, it is cut out of the file when it is read."""
        raw, start = self.raw, self.place
        first = raw[start]
        end = raw.index(b"\n", start)
        self.place = end + 1
        late: Late
        if first == 0x27:
            late = single_quoted(raw, start, end)
        elif first == 0x22:
            message.body = double_quoted(raw, start, end)
            return
        elif first == 0x7C:
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


@lru_cache(maxsize=512)
def _small_block(block: bytes) -> tuple[tuple[str, list[str]], ...]:
    lines = _Lines(block, 0)
    entries = lines.entries()
    if lines.place != len(block):
        raise DeclinedError
    return tuple(entries.items())
