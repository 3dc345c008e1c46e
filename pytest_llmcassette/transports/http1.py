"""HTTP/1.1 as it is on the wire: a request that was written, an answer that comes in, one that is served."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from http.client import IncompleteRead, RemoteDisconnected

from pytest_llmcassette.recorder.requests import RawHeaders
from pytest_llmcassette.replay.head import Head

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_END_OF_LINE = re.compile(rb"\r?\n")
_CUT = "peer closed connection without sending complete message body"


def head_lines(head: bytes) -> tuple[bytes, RawHeaders]:
    """The first line, and the headers, of what comes before the empty line."""
    first, *lines = _END_OF_LINE.split(head)
    headers: RawHeaders = []
    for line in lines:
        if line[:1] in (b" ", b"\t") and headers:
            name, value = headers.pop()
            headers.append((name, value + b" " + line.strip()))
        else:
            name, _, value = line.partition(b":")
            headers.append((name.strip(), value.strip()))
    return first, headers


def is_chunked(headers: RawHeaders) -> bool:
    """Whether these headers say that the body comes in chunks."""
    return any(name.lower() == b"transfer-encoding" and b"chunked" in value.lower() for name, value in headers)


def extensions_in(headers: RawHeaders) -> str:
    """What a server has agreed upon for its WebSocket."""
    values = [value for name, value in headers if name.lower() == b"sec-websocket-extensions"]
    return b", ".join(values).decode("latin-1")


def read_request(written: bytes) -> tuple[RawHeaders, bytes, bool]:
    """Headers and body of a request as it was written, and whether it was written in chunks."""
    head, _, body = written.partition(b"\r\n\r\n")
    _, headers = head_lines(head)
    if not is_chunked(headers):
        return headers, body, False
    pieces: list[bytes] = []
    Unframed.of_chunks(pieces.append).feed(body)
    return headers, b"".join(pieces), True


class Unframed:
    """Takes the bytes that a server sends; calls `head` with status, reason, headers and version, `data` per piece.

    `is_whole` once the body has come to its end, where its framing tells.
    """

    def __init__(self, method: str, head: Callable[[int, str, RawHeaders, str], None], data: Callable[[bytes], None]):
        self._method = method
        self._told = head
        self._data = data
        self._buffer = b""
        self._left: int | None = None
        self._step: Callable[[], bool] = self._head
        self.is_whole = False

    @classmethod
    def of_chunks(cls, data: Callable[[bytes], None]) -> Unframed:
        """For a body in chunks alone."""
        made = cls("", lambda *head: None, data)
        made._step = made._size
        return made

    def feed(self, data: bytes) -> None:
        """What has arrived. Bytes behind the body's end are nobody's."""
        self._buffer += data
        while self._buffer and not self.is_whole and self._step():
            """Go on with what is left."""

    def missing(self) -> str:
        """What to say where the connection ends here; empty where that is how the answer ends, or none has begun."""
        if self.is_whole or self._step in (self._head, self._rest):
            return ""
        if self._step == self._counted:
            return f"{_CUT} ({self._left} bytes are missing)"
        return f"{_CUT} (incomplete chunked read)"

    @property
    def has_begun(self) -> bool:
        """Whether the head is there."""
        return self._step != self._head or self.is_whole

    @property
    def rest(self) -> bytes:
        """What has come behind the end."""
        return self._buffer

    @property
    def ends_with_connection(self) -> bool:
        """Whether nothing else tells where the body ends."""
        return self._step == self._rest

    def _head(self) -> bool:
        end = _END_OF_HEAD.search(self._buffer)
        if end is None:
            return False
        first, headers = head_lines(self._buffer[: end.start()])
        self._buffer = self._buffer[end.end() :]
        version, _, rest = first.decode("latin-1").partition(" ")
        code, _, reason = rest.strip().partition(" ")
        if not (version.startswith("HTTP/") and code.isdecimal()):
            # The client will say so, and so it is recorded.
            return self._nothing()
        status = int(code)
        if 100 <= status < 200 and status != 101:
            return True
        self._told(status, reason.strip(), headers, version)
        lengths = [value for name, value in headers if name.lower() == b"content-length" and value.isdigit()]
        if self._method == "HEAD" or status in (101, 204, 304):
            self.is_whole = True
        elif is_chunked(headers):
            self._step = self._size
        elif lengths:
            self._left = int(lengths[0])
            self._step = self._counted
            self.is_whole = not self._left
        else:
            self._step = self._rest
        return True

    def _rest(self) -> bool:
        piece, self._buffer = self._buffer, b""
        self._data(piece)
        return False

    def _counted(self) -> bool:
        self.is_whole = self._takes_all()
        return True

    def _takes_all(self) -> bool:
        """Pass on what has come of the bytes that are left; whether that is all of them."""
        assert self._left is not None
        piece, self._buffer = self._buffer[: self._left], self._buffer[self._left :]
        self._left -= len(piece)
        self._data(piece)
        return not self._left

    def _line(self) -> bytes | None:
        line, end, rest = self._buffer.partition(b"\n")
        if not end:
            return None
        self._buffer = rest
        return line.rstrip(b"\r")

    def _size(self) -> bool:
        line = self._line()
        if line is None:
            return False
        try:
            self._left = int(line.partition(b";")[0], 16)
        except ValueError:
            # The client will say so.
            self._step = self._nothing
            return False
        self._step = self._chunk if self._left else self._trailer
        return True

    def _nothing(self) -> bool:
        self._buffer = b""
        return False

    def _chunk(self) -> bool:
        if self._takes_all():
            self._step = self._behind
        return True

    def _behind(self) -> bool:
        if self._line() is None:
            return False
        self._step = self._size
        return True

    def _trailer(self) -> bool:
        line = self._line()
        self.is_whole = line == b""
        return line is not None


def served(head: Head, pieces: Iterable[bytes], method: str) -> Iterator[bytes]:
    """A recorded answer as a server would send it: the head, then piece by piece, each a chunk of its own.

    HTTP/2 becomes HTTP/1.1, which is all that this client speaks.
    """
    names = {name.lower() for name, _ in head.headers}
    version = b"HTTP/1.0" if head.version == b"HTTP/1.0" else b"HTTP/1.1"
    has_length = b"content-length" in names or method == "HEAD" or head.status in (204, 304)
    chunked = not has_length and version == b"HTTP/1.1"
    lines = [b"%s: %s" % (name, b" ".join(value.split(b"\n"))) for name, value in head.headers]
    if chunked:
        lines.append(b"Transfer-Encoding: chunked")
    yield b"\r\n".join([b"%s %d %s" % (version, head.status, head.reason), *lines, b"", b""])
    framed: Callable[[bytes], bytes] = _chunk_of if chunked else bytes
    try:
        for piece in pieces:
            if piece:
                yield framed(piece)
    except RemoteDisconnected as error:
        # The server went away in mid-answer: the client sees that for itself where it knows how much is to come.
        if not (has_length or chunked):
            raise IncompleteRead(b"") from error
        return
    if chunked:
        yield b"0\r\n\r\n"


def _chunk_of(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)
