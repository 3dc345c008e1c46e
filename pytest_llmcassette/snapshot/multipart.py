"""A multipart body by its parts: names, types, sizes and digests; the boundary, made anew each time, is left out."""

from __future__ import annotations

from contextlib import suppress
from email.parser import BytesHeaderParser, HeaderParser
from typing import Any

from pytest_llmcassette.snapshot import blobs

_LONGEST_VALUE = 1000
"""A text field longer than this many bytes is shown by size and digest, as a file is."""


def parts_of(body: bytes, content_type: str) -> list[dict[str, Any]]:
    """The parts in order: a text field as `{name: value}`, a file as `{name: {filename, content}}`.

    `content_type` names the boundary; without one it is read from the body's first line.
    """
    boundary = HeaderParser().parsestr(f"content-type: {content_type}").get_param("boundary")
    mark = b"--" + boundary.encode("latin-1", "replace") if isinstance(boundary, str) else body.partition(b"\r\n")[0]
    if not mark.strip(b"-") or mark not in body:
        return [{"body": blobs.blob(body, content_type.partition(";")[0] or None)}]
    return [_part(piece) for piece in body.split(mark)[1:] if piece.strip() not in (b"", b"--")]


def _part(piece: bytes) -> dict[str, Any]:
    head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    content = content.removesuffix(b"\r\n")
    headers = BytesHeaderParser().parsebytes(head)
    name = headers.get_param("name", header="content-disposition")
    filename = headers.get_filename()
    key = name if isinstance(name, str) else "part"
    if filename is None and len(content) <= _LONGEST_VALUE:
        with suppress(UnicodeDecodeError):
            return {key: content.decode("utf-8")}
    declared = headers.get("content-type")
    shown: dict[str, Any] = {} if filename is None else {"filename": filename}
    return {key: {**shown, "content": blobs.blob(content, declared)}}
