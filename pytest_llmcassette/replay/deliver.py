"""Serves a recorded response: its head, its body in pieces, and when each piece comes. Knows no HTTP client."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from http import HTTPStatus

from pytest_llmcassette.cassette.model import Interaction, Response
from pytest_llmcassette.errors import RecordingTruncated
from pytest_llmcassette.recorder.requests import RawHeaders

_HOP_HEADERS = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive", "trailer"})
_WAITS = {"retry-after": b"0", "retry-after-ms": b"1", "openai-poll-after-ms": b"0"}
_SEPARATORS = (
    (("application/x-ndjson", "application/jsonl", "application/x-jsonlines", "application/json-seq"), (b"\n",)),
    (("text/event-stream",), (b"\r\n\r\n", b"\n\n", b"\r\r")),
)
_BLOCK = 1 << 14
"""Bytes of whole events that are served together (one event may be longer)."""
_EVENTSTREAM = "application/vnd.amazon.eventstream"

GIVEN_UP_SECONDS = 60.0
"""How long a replayed request that its recording client gave up before an answer waits to be given up again."""

CANCELLED_SECONDS = 1.0
"""How long an async stream that its recording client closed waits at the cut: a task or a deadline may cancel it again,
as it did then, but a client that just reads on is to be told soon."""


def response_headers(interaction: Interaction, *, instant: bool) -> RawHeaders:
    """The header lines to serve: none that frame or encode the body, and waits as short as the SDKs accept.

    openai, anthropic and groq take a wait of 0 for none and back off by themselves, but they all read retry-after-ms
    first, as cohere and mistralai do; 1 ms is the least that each of them takes. Whoever reads retry-after alone
    takes 0.
    """
    response = interaction.response
    encoded = _is_still_encoded(response)
    lines: RawHeaders = []
    wait = False
    for name, values in response.headers.items():
        lower = name.lower()
        if lower in _HOP_HEADERS or (lower == "content-encoding" and not encoded):
            continue
        raw_name = name.encode("utf-8", "surrogateescape")
        if instant and lower in _WAITS:
            lines.append((raw_name, _WAITS[lower]))
            wait = wait or lower == "retry-after"
            continue
        lines += [(raw_name, value.encode("utf-8", "surrogateescape")) for value in values]
    if wait and not any(name.lower() == b"retry-after-ms" for name, _ in lines):
        lines.append((b"Retry-After-Ms", _WAITS["retry-after-ms"]))
    if not interaction.end and "Content-Length" in response.headers and interaction.request.method != "HEAD":
        lines.append((b"Content-Length", b"%d" % len(response.body)))
    return lines


def _is_still_encoded(response: Response) -> bool:
    """Whether the stored body still is in its Content-Encoding: files exist that decoded it and kept the header."""
    if response.uncompressed:
        return False
    encoding = response.headers.get("Content-Encoding", [""])[0].lower()
    if encoding in ("gzip", "x-gzip"):
        return response.body[:2] == b"\x1f\x8b"
    if encoding == "zstd":
        return response.body[:4] == b"\x28\xb5\x2f\xfd"
    return encoding not in ("", "identity")


def reason_phrase(response: Response) -> bytes:
    """The words behind the status code, as recorded, else HTTP's own."""
    words = response.status.partition(" ")[2] or standard_phrase(response.code)
    return words.encode("latin-1", "replace")


def standard_phrase(code: int) -> str:
    """HTTP's own words for a status code, which HTTP/2 does not send; `""` for a code without any."""
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return ""


def http_version(response: Response) -> bytes:
    """As httpcore names it: `HTTP/1.1`, `HTTP/2`."""
    return b"HTTP/2" if response.proto_major == 2 else b"HTTP/%d.%d" % (response.proto_major, response.proto_minor)


def pieces(interaction: Interaction) -> Iterator[bytes]:
    """The body in pieces: a stream's first event, then whole events in blocks; anything else in one."""
    return _events(interaction.response.body, interaction.response)


def timed_pieces(interaction: Interaction) -> Iterator[tuple[float, bytes]]:
    """The pieces as they arrived when they were recorded, each with the seconds to wait before it."""
    if interaction.chunks:
        return _as_arrived(interaction.response.body, interaction.chunks)
    return ((0.0, piece) for piece in pieces(interaction))


def _events(body: bytes, response: Response) -> Iterator[bytes]:
    content_type = response.headers.get("Content-Type", [""])[0].partition(";")[0].strip().lower()
    for types, separators in _SEPARATORS:
        if content_type in types:
            # One byte is found many times faster than four, and most streams have no carriage return.
            has_returns = b"\r" in body
            for separator in separators:
                if (has_returns or separator[0] != 0x0D) and separator in body:
                    return _split(body, separator)
    if content_type == _EVENTSTREAM:
        return _split_frames(body)
    return iter((body,) if body else ())


def _split(body: bytes, separator: bytes) -> Iterator[bytes]:
    """The first event alone, so that a client meets a stream that has only begun; then whole events in blocks.

    A piece for every event would cost more in httpx and the SDK than all the rest of a replay.
    """
    width = len(separator)
    start = body.find(separator) + width
    yield body[:start]
    while len(body) - start > _BLOCK:
        end = body.rfind(separator, start, start + _BLOCK)
        if end < 0:
            end = body.find(separator, start + _BLOCK - width)
            if end < 0:
                break
        yield body[start : end + width]
        start = end + width
    if start < len(body):
        yield body[start:]


def _split_frames(body: bytes) -> Iterator[bytes]:
    start = 0
    while start + 4 <= len(body):
        (length,) = struct.unpack_from(">I", body, start)
        if length < 16:
            break
        yield body[start : start + length]
        start += length
    if start < len(body):
        yield body[start:]


def _as_arrived(body: bytes, chunks: tuple[tuple[float, int], ...]) -> Iterator[tuple[float, bytes]]:
    start, before = 0, 0.0
    for at, size in chunks:
        if start >= len(body):
            return
        yield max(0.0, at - before) / 1000, body[start : start + size]
        start, before = start + size, at
    if start < len(body):
        # Redaction can change a body's length by a little after its pieces were measured.
        yield 0.0, body[start:]


def truncated(interaction: Interaction) -> RecordingTruncated:
    """The error for a client that reads on past the point where the recording client closed the stream."""
    request = interaction.request
    if interaction.response.code == 0:
        return RecordingTruncated(
            f"{request.method} {request.url} was given up by its client before an answer came when it was recorded; "
            "this run waits for an answer.\nRecord this cassette again, with the code as it is now."
        )
    return RecordingTruncated(
        f"The recording of {request.method} {request.url} ends after {len(interaction.response.body)} bytes, where "
        "its client closed the stream; this run reads on.\nRecord this cassette again, with the code as it is now."
    )
