"""Reads the one layout that our writer and Go's produce, line by line and without a YAML parser.

Strict: whatever is not exactly that layout makes it decline (None), and the general reader decides. Works on bytes, and
cuts a body out of them when it is first asked for.
"""

from __future__ import annotations

import base64
import codecs
import re
from collections.abc import Callable
from functools import lru_cache

from pytest_llmcassette.cassette.duration import parse_duration
from pytest_llmcassette.cassette.model import Headers, Interaction, Request, Response, defer_body
from pytest_llmcassette.cassette.ordinary import is_ordinary

_START = b"---\nversion: 2\ninteractions:\n"
_EMPTY = b"---\nversion: 2\ninteractions: []\n"
_SMALL_BLOCK = 1000
_BLOCK_HEADERS = frozenset((b"|", b"|-", b"|+", b"|2", b"|2-", b"|2+"))

_NO_TEXT = frozenset((b"", b"~", b"null", b"Null", b"NULL"))
_NO_PLAIN_START = frozenset(b" ?:,[]{}#&*!|>'\"%@`")
_NAMED = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b", '"': '"',
    "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029", "/": "/", " ": " ",
}  # fmt: skip
_DOUBLE = re.compile(
    rb'"[^"\\]*(?:\\(?:[0abtnvfre"\\N_LP/ ]|x[0-9A-Fa-f]{2}|u(?![dD][89a-fA-F])[0-9A-Fa-f]{4}'
    rb'|U(?!0000[dD][89a-fA-F])00(?:0[0-9A-Fa-f]|10)[0-9A-Fa-f]{4})[^"\\]*)*"\Z'
)
_ESCAPE = re.compile(r"\\(?:x(..)|u(....)|U(........)|(.))")
_SINGLE = re.compile(rb"'[^']*(?:''[^']*)*'\Z")
_BLOCK_END = {indent: re.compile(rb"\n(?!\n|" + b" " * indent + b")") for indent in (4, 6, 8)}
_BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}\Z")
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


class _DeclinedError(Exception):
    """The bytes are not in this layout."""


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
    except (_DeclinedError, ValueError):
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
            raise _DeclinedError
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
            defer_body(request, self.source(self.rest(), 6))
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
        defer_body(response, self.source(self.rest(), 6))
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
            raise _DeclinedError
        self.place = found.end()
        return found.groups()

    def own(self, interaction: Interaction) -> None:
        for key in ("phase", "end", "end_message"):
            if self.at(f"  {key}: ".encode()):
                setattr(interaction, key, self.string(f"  {key}: ".encode(), 4))
        if self.starts(b"  chunks: "):
            written = self.rest()
            if not _CHUNKS.match(written):
                raise _DeclinedError
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
            raise _DeclinedError
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
            raise _DeclinedError
        return int(written)

    def string(self, prefix: bytes, indent: int = 6) -> str:
        self.expect(prefix)
        return self.scalar(self.rest(), indent)

    def items(self, dash: bytes, indent: int) -> list[str]:
        values = []
        while self.starts(dash):
            values.append(self.scalar(self.rest(), indent))
        if not values:
            raise _DeclinedError
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
            if line[-1:] != b":" or line == b"<<:":
                raise _DeclinedError
            key = self.scalar(line[:-1], 8)
            if key in found:
                raise _DeclinedError
            found[key] = self.items(b"      - ", 8)
        if not found:
            raise _DeclinedError
        return found

    def scalar(self, written: bytes, indent: int) -> str:
        """One scalar whose first line is `written`; the place stands behind that line."""
        if _is_plain(written):
            return written.decode("utf-8")
        return self.source(written, indent)().decode("utf-8", "surrogateescape")

    def source(self, written: bytes, indent: int) -> Callable[[], bytes]:
        """Checks the scalar's form and bounds now; the result cuts and unescapes it when called."""
        first = written[:1]
        if first == b"|":
            return self.block(written, indent)
        if first == b'"':
            if not _DOUBLE.match(written):
                raise _DeclinedError
            if b"\\" not in written:
                return lambda: written[1:-1]
            return lambda: _ESCAPE.sub(_unescape, written[1:-1].decode("utf-8")).encode("utf-8")
        if first == b"'":
            if not _SINGLE.match(written):
                raise _DeclinedError
            return lambda: written[1:-1].replace(b"''", b"'")
        if written.startswith(b"!!binary "):
            return self.binary(written[len(b"!!binary ") :], indent)
        if not _is_plain(written):
            raise _DeclinedError
        return lambda: written

    def block(self, header: bytes, indent: int) -> Callable[[], bytes]:
        raw, start = self.raw, self.place
        padding = b" " * indent
        if header not in _BLOCK_HEADERS:
            raise _DeclinedError
        empty_first = raw.startswith(b"\n", start)
        if not empty_first and not raw.startswith(padding, start):
            raise _DeclinedError
        if header[1:2] != b"2" and (
            empty_first or raw[start + indent : start + indent + 1] in (b" ", b"\t", b"\n", b"")
        ):
            # Without an indentation mark the first line itself sets the indent: it must be exactly ours.
            raise _DeclinedError
        # From one before, so that an empty first line is seen as a part of the block.
        found = _BLOCK_END[indent].search(raw, start - 1 if empty_first else start)
        if not found:
            raise _DeclinedError
        end = self.place = found.start() + 1
        chomping = header[-1:]

        def cut() -> bytes:
            lines = raw[start if empty_first else start + indent : end].replace(b"\n" + padding, b"\n")
            if chomping == b"+":
                return lines
            if chomping == b"-":
                return lines.rstrip(b"\n")
            return lines.rstrip(b"\n") + b"\n" if lines.endswith(b"\n\n") else lines

        return cut

    def binary(self, written: bytes, indent: int) -> Callable[[], bytes]:
        lines = [written]
        if written == b"|":
            padding = b" " * indent
            lines = []
            while self.starts(padding):
                lines.append(self.rest())
        encoded = b"".join(lines)
        if not _BASE64.match(encoded) or len(encoded) % 4:
            raise _DeclinedError
        base64.b64decode(encoded[-4:], validate=True)
        return lambda: base64.b64decode(encoded)


@lru_cache(maxsize=512)
def _small_block(block: bytes) -> tuple[tuple[str, list[str]], ...]:
    lines = _Lines(block, 0)
    entries = lines.entries()
    if lines.place != len(block):
        raise _DeclinedError
    return tuple(entries.items())


def _is_plain(written: bytes) -> bool:
    """Whether this line is a plain scalar and nothing else; more is declined than YAML would refuse."""
    return (
        written not in _NO_TEXT
        and written[0] not in _NO_PLAIN_START
        and (written[0] != 0x2D or (written[1:2] not in (b" ", b"") and not written.startswith(b"---")))
        and written[-1] not in b" :"
        and b": " not in written
        and b" #" not in written
        and b"\t" not in written
    )


def _unescape(found: re.Match[str]) -> str:
    named = found.group(4)
    return _NAMED[named] if named else chr(int(found.group(1) or found.group(2) or found.group(3), 16))
