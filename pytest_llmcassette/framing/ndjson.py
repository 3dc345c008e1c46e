"""Newline-delimited JSON (Ollama, log exports) from bytes: lines of text, blank ones left out, LF or CRLF."""

from __future__ import annotations


def parse(body: bytes) -> tuple[list[str], str | None]:
    """A whole body's lines without their ends, and the last one when it was not ended.

    A BOM at the start is dropped; bytes that are no UTF-8 are replaced by U+FFFD.
    """
    ended, _, rest = body.decode(errors="replace").removeprefix("\ufeff").rpartition("\n")
    # Not splitlines(): U+2028 and its like may stand raw inside a JSON string.
    lines = [line for line in (piece.removesuffix("\r") for piece in ended.split("\n")) if line.strip()]
    return lines, rest if rest.strip() else None


def raw_lines(body: bytes) -> list[bytes]:
    """The body cut behind its lines, nothing left out."""
    lines = body.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + [line for line in lines[-1:] if line]
