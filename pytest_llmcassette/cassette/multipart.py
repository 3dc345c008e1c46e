"""The parts of a multipart body (RFC 2046), by their place in it: read by redaction and by matching."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BOUNDARY = re.compile(r"""boundary\s*=\s*(?:"([^"]*)"|([^\s";,]+))""", re.IGNORECASE)
_FIRST_LINE = re.compile(rb"(?:\r?\n)?--([0-9A-Za-z'()+_,./:=? -]{1,70})\r?\n")
_END_OF_HEADERS = re.compile(rb"(?:\A|\r?\n)\r?\n")
_NAME = re.compile(r"""[;\s]name=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its headers with lower-case names, and `body[start:end]`, its content."""

    headers: dict[str, str]
    start: int
    end: int

    @property
    def name(self) -> str:
        """The form field's name, `""` when it has none."""
        found = _NAME.search(";" + self.headers.get("content-disposition", "").partition(";")[2])
        return (found[1] or found[2] or "") if found else ""


def is_multipart(body: bytes, content_type: str) -> bool:
    """Whether to look for parts; a recording without a content type shows it by its first line."""
    return content_type.lower().startswith("multipart/") or (not content_type and body.startswith(b"--"))


def find_parts(body: bytes, content_type: str) -> list[Part] | None:
    """The parts in order; None when this is no multipart body.

    The boundary is the content type's. Where that has none, or one that the body does not use, it is read from the
    body's first line: recordings without a content type exist.
    """
    declared = _BOUNDARY.search(content_type)
    if declared:
        parts = _split(body, (declared[1] or declared[2] or "").encode("utf-8", "surrogateescape"))
        if parts is not None:
            return parts
    elif content_type and not content_type.lower().startswith("multipart/"):
        return None
    first = _FIRST_LINE.match(body)
    return _split(body, first[1].rstrip()) if first else None


def _split(body: bytes, boundary: bytes) -> list[Part] | None:
    if not boundary:
        return None
    delimiter = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(?:(--)|[ \t]*(?=\r?\n))")
    parts: list[Part] = []
    start = -1
    for found in delimiter.finditer(body):
        if start >= 0:
            parts.append(_part(body, start, found.start()))
        if found[1]:
            return parts
        start = found.end()
    return None


def _part(body: bytes, start: int, end: int) -> Part:
    """The part whose delimiter's line ends at `start` (its line break is not yet skipped)."""
    start += 2 if body.startswith(b"\r\n", start) else 1
    blank = _END_OF_HEADERS.search(body[start:end])
    if blank is None:
        return Part({}, min(start, end), end)
    headers: dict[str, str] = {}
    for line in body[start : start + blank.start()].decode("utf-8", "surrogateescape").splitlines():
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Part(headers, start + blank.end(), end)
