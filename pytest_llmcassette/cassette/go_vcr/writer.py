"""Writes go-vcr v4 cassettes (`version: 2`), byte for byte as charm.land/x/vcr does."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator

from pytest_llmcassette.cassette.go_vcr.duration import format_duration
from pytest_llmcassette.cassette.go_vcr.natural_order import natural_order
from pytest_llmcassette.cassette.go_vcr.scalars import BREAKS, body_scalar, scalar
from pytest_llmcassette.cassette.model import Frame, FrameKind, Headers, Interaction, Request, Response

_LONG_KEY = 128
_BREAKS = frozenset(BREAKS)
_WORD = re.compile(r"[A-Za-z0-9_-]*\Z")

Lines = list[str | bytes]


def dumps(interactions: Iterable[Interaction]) -> bytes:
    """The file's bytes; ids are renumbered 0..n-1. One pass, linear in the size of the bodies."""
    return b"".join(pieces(interactions))


def pieces(interactions: Iterable[Interaction]) -> Iterator[bytes]:
    """The file's bytes piece by piece, so that a large file is never whole in memory."""
    yield b"---\nversion: 2\n"
    number = -1
    for number, interaction in enumerate(interactions):
        lines: Lines = [f"- id: {number}\n  request:\n" if number else "interactions:\n- id: 0\n  request:\n"]
        _write_request(lines, interaction.request)
        lines.append("  response:\n")
        _write_response(lines, interaction.response)
        _write_own(lines, interaction)
        for line in lines:
            yield line if isinstance(line, bytes) else line.encode("utf-8")
    if number < 0:
        yield b"interactions: []\n"


def _write_request(lines: Lines, request: Request) -> None:
    lines.append(
        f"{_text('proto', request.proto)}    proto_major: {request.proto_major}\n"
        f"    proto_minor: {request.proto_minor}\n    content_length: {request.content_length}\n"
    )
    _write_list(lines, "transfer_encoding", request.transfer_encoding)
    _write_map(lines, "trailer", request.trailer)
    lines.append(_text("host", request.host))
    if request.remote_addr:
        lines.append(_text("remote_addr", request.remote_addr))
    if request.request_uri:
        lines.append(_text("request_uri", request.request_uri))
    if request.body:
        _write_body(lines, request.body)
    _write_map(lines, "form", request.form)
    _write_map(lines, "headers", request.headers)
    lines += (_text("url", request.url), _text("method", request.method))


def _write_response(lines: Lines, response: Response) -> None:
    lines.append(
        f"{_text('proto', response.proto)}    proto_major: {response.proto_major}\n"
        f"    proto_minor: {response.proto_minor}\n"
    )
    _write_list(lines, "transfer_encoding", response.transfer_encoding)
    _write_map(lines, "trailer", response.trailer)
    lines.append(f"    content_length: {response.content_length}\n")
    if response.uncompressed:
        lines.append("    uncompressed: true\n")
    _write_body(lines, response.body)
    if response.headers:
        _write_map(lines, "headers", response.headers)
    else:
        lines.append("    headers: {}\n")
    lines.append(
        f"{_text('status', response.status)}    code: {response.code}\n"
        f"    duration: {format_duration(response.duration_ns)}\n"
    )


def _write_own(lines: Lines, interaction: Interaction) -> None:
    """The keys that go-vcr ignores, only where they say something."""
    for key in ("phase", "end", "end_message"):
        value = getattr(interaction, key)
        if value:
            lines.append(_line(f"  {key}: ", value, "    "))
    if interaction.chunks:
        arrivals = " ".join(f"{milliseconds:.10g}+{size}" for milliseconds, size in interaction.chunks)
        lines.append(f"  chunks: {scalar(arrivals, '    ')}\n")
    if interaction.frames:
        lines.append("  frames:\n")
        for frame in interaction.frames:
            _write_frame(lines, frame)


def _write_frame(lines: Lines, frame: Frame) -> None:
    binary = frame.kind is FrameKind.BINARY
    data = b64encode(frame.data).decode() if binary else frame.data.decode("utf-8", "surrogateescape")
    lines.append(f"  - from: {frame.sender}\n    at: {frame.at:.10g}\n")
    lines.append(_text(frame.kind.value, data))
    if frame.json:
        lines.append(_text("json", frame.json))


def _write_list(lines: Lines, name: str, values: list[str]) -> None:
    if values:
        lines.append(f"    {name}:\n")
        lines += [_line("    - ", value, "      ") for value in values]


def _write_map(lines: Lines, name: str, values: Headers) -> None:
    if not values:
        return
    lines.append(f"    {name}:\n")
    names = natural_order(values) if len(values) > 1 else values
    for key in names:
        written = scalar(key, "        ")
        listed = values[key]
        if _is_complex(key, written):
            lines.append(_line("      ? ", key, "        "))
            prefix, first = "        ", "      : "
        else:
            lines.append(f"      {written}:" + ("\n" if listed else " []\n"))
            prefix, first = "      ", "      "
            if not listed:
                continue
        if not listed:
            lines.append(f"{first}[]\n")
            continue
        inner = prefix + "  "
        for position, value in enumerate(listed):
            lines.append(_line(f"{first if position == 0 else prefix}- ", value, inner))


def _is_complex(key: str, written: str) -> bool:
    """Whether a key is too long for libyaml's simple keys (in bytes), or has a line break in its text or its base64."""
    if "\n" in written:
        return True
    if len(key) <= _LONG_KEY // 4 and _WORD.match(key):
        return False
    if written.startswith("!!binary "):
        return False
    return len(key.encode("utf-8")) > _LONG_KEY or not _BREAKS.isdisjoint(key)


def _text(name: str, value: str) -> str:
    return _line(f"    {name}: ", value, "      ")


def _write_body(lines: Lines, body: bytes) -> None:
    lines.append("    body: ")
    lines += body_scalar(body, "      ")


def _line(start: str, text: str, indent: str) -> str:
    """`start`, the scalar `text`, and the end of its last line."""
    written = scalar(text, indent)
    # A block that ends in LS or PS has ended its line with it.
    ended = text[-1:] in ("\u2028", "\u2029") and written[-1] == text[-1]
    return f"{start}{written}" if ended else f"{start}{written}\n"
