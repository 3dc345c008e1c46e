"""Reads the one layout that our writer and Go's produce, line by line and without a YAML parser.

Strict: whatever is not exactly that layout makes it decline (None), and the general reader decides. Works on bytes, and
cuts a body out of them when it is first asked for.
"""

from __future__ import annotations

import codecs
import re
from base64 import b64decode
from functools import lru_cache
from typing import Any

from pytest_llmcassette.cassette.go_vcr.duration import parse_duration
from pytest_llmcassette.cassette.go_vcr.lines import Lines, small_map
from pytest_llmcassette.cassette.go_vcr.ordinary import is_ordinary
from pytest_llmcassette.cassette.go_vcr.own_scalars import DeclinedError, literal, quoted
from pytest_llmcassette.cassette.model import Frame, FrameKind, Interaction, Request, Response, defer_body

_START = b"---\nversion: 2\ninteractions:\n"
_EMPTY = b"---\nversion: 2\ninteractions: []\n"
_NUMBER = rb"(-?(?:0|[1-9][0-9]{0,17}))"
_PROTO = rb"    proto: (HTTP/[0-9.]+)\n    proto_major: " + _NUMBER + rb"\n    proto_minor: " + _NUMBER + rb"\n"
_REQUEST_HEAD = re.compile(_PROTO + rb"    content_length: " + _NUMBER + rb"\n")
_RESPONSE_HEAD = re.compile(_PROTO)
_RESPONSE_TAIL = re.compile(
    rb"    status: ([0-9]+ [A-Za-z]+(?: [A-Za-z]+)*)\n    code: "
    + _NUMBER
    + rb"\n    duration: ([0-9.hmn]*\xc2?\xb5?s)\n"
)
_HEADERS = rb"    headers:\n((?:      [^\n]*\n)+)"
_QUOTED = rb"    body: (['\"][^\n]*+)\n"
# What most interactions look like: one match instead of a step for each line.
_USUAL = re.compile(
    rb"- id: (0|[1-9][0-9]{0,8})\n  request:\n"
    + _REQUEST_HEAD.pattern
    + rb"    host: (?!(?:null|Null|NULL)\n)([A-Za-z0-9](?:[A-Za-z0-9.:-]*[A-Za-z0-9])?)\n"
    + _QUOTED
    + rb"(?:" + _HEADERS + rb")?    url: (https?://[!-~]+)(?<!:)\n    method: (?!NULL\n)([A-Z]+)\n  response:\n"
    + _PROTO
    + rb"    content_length: " + _NUMBER + rb"\n(    uncompressed: true\n)?(?:" + _QUOTED
    # Or a block, whose first line sets the indent.
    + rb"|    body: (\|[-+]?)\n      (?![ \t])([^\n]++\n++(?:      [^\n]*+\n++)*+))"
    + _HEADERS
    + _RESPONSE_TAIL.pattern
)  # fmt: skip
_ASKED, _ANSWERED, _BLOCK = 7, 16, 18
"""The groups of the bodies in it, which are not cut out with the others."""
_CHUNKS = re.compile(rb"[0-9]+(?:\.[0-9]+)?\+[0-9]+(?: [0-9]+(?:\.[0-9]+)?\+[0-9]+)*\Z")
_FRAME_HEAD = re.compile(rb"  - from: (client|server)\n    at: (-?[0-9]+(?:\.[0-9]+)?)\n")
_FRAME_KINDS = tuple((kind, f"    {kind.value}: ".encode()) for kind in FrameKind)


def read(raw: bytes) -> list[Interaction] | None:
    """The interactions of a file in the writer's own layout, or None for any other bytes."""
    if raw == _EMPTY:
        return []
    if not raw.startswith(_START) or not raw.endswith(b"\n"):
        return None
    if not is_ordinary(raw):
        return None
    try:
        if not raw.isascii():
            _check_utf8(raw)
        return _Interactions(raw, len(_START)).interactions()
    except (DeclinedError, ValueError):
        return None


def _check_utf8(raw: bytes) -> None:
    # In pieces: a decoded copy of a large file can be four times its size.
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(raw), 1 << 20):
        decoder.decode(raw[start : start + (1 << 20)])
    decoder.decode(b"", final=True)


@lru_cache(maxsize=64)
def _version(proto: bytes, major: bytes, minor: bytes) -> dict[str, Any]:
    """The fields of the HTTP version, which nearly all messages share."""
    return {"proto": proto.decode(), "proto_major": int(major), "proto_minor": int(minor)}


class _Interactions(Lines):
    """Reads interactions, the most frequent form of them in one stride."""

    __slots__ = ()

    def interactions(self) -> list[Interaction]:
        found: list[Interaction] = []
        size = len(self.raw)
        if self.place == size:
            # No interactions are written otherwise: this file was cut.
            raise DeclinedError
        while self.place < size:
            interaction = self.usual(len(found)) or self.unusual(len(found))
            if self.place < size and not self.at(b"- "):
                self.own(interaction)
            found.append(interaction)
        return found

    def usual(self, number: int) -> Interaction | None:
        """An interaction of the most frequent form; None, with the place as it was, for any other."""
        raw = self.raw
        found = _USUAL.match(raw, self.place)
        if not found or int(found[1]) != number:
            return None
        asked, answered = {} if found[8] is None else small_map(found[8]), small_map(found[19])
        if asked is None or answered is None:
            return None
        self.place = found.end()
        request = Request(
            **_version(*found.group(2, 3, 4)),
            content_length=int(found[5]),
            host=found[6].decode(),
            body=quoted(raw, *found.span(_ASKED)),
            headers=asked,
            url=found[9].decode(),
            method=found[10].decode(),
        )
        response = Response(
            **_version(*found.group(11, 12, 13)),
            content_length=int(found[14]),
            uncompressed=found[15] is not None,
            headers=answered,
            status=found[20].decode(),
            code=int(found[21]),
            duration_ns=parse_duration(found[22].decode()),
        )
        if found[17] is None:
            response.body = quoted(raw, *found.span(_ANSWERED))
        else:
            late = literal(raw, *found.span(_BLOCK), found[17])
            if number or self.place < len(raw):
                defer_body(response, late)
            else:
                # It is alone in its file, and will be asked for.
                response.body = late()
        return Interaction(request=request, response=response)

    def unusual(self, number: int) -> Interaction:
        self.expect(b"- id: %d\n  request:\n" % number)
        request = self.request()
        self.expect(b"  response:\n")
        return Interaction(request=request, response=self.response())

    def request(self) -> Request:
        *version, length = self.head(_REQUEST_HEAD)
        request = Request(**_version(*version), content_length=int(length))
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
        response = Response(**_version(*self.head(_RESPONSE_HEAD)))
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
        if self.starts(b"  frames:\n"):
            frames = []
            while self.at(b"  - from: "):
                frames.append(self.frame())
            if not frames:
                raise DeclinedError
            interaction.frames = tuple(frames)

    def frame(self) -> Frame:
        sender, at = self.head(_FRAME_HEAD)
        kind = next((kind for kind, prefix in _FRAME_KINDS if self.at(prefix)), None)
        if kind is None:
            raise DeclinedError
        written = self.string(f"    {kind.value}: ".encode())
        data = (
            b64decode(written, validate=True)
            if kind is FrameKind.BINARY
            else written.encode("utf-8", "surrogateescape")
        )
        json = self.string(b"    json: ") if self.at(b"    json: ") else ""
        return Frame(sender=sender.decode(), data=data, kind=kind, at=float(at), json=json)
