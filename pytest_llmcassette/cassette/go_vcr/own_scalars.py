"""One scalar in the forms that our writer and Go's use, read from bytes. Other forms are declined, not guessed at.

All functions take the file's bytes and the bounds of the scalar in them: a body may be most of the file.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from functools import partial
from json import JSONDecoder

_NO_TEXT = frozenset((b"", b"~", b"null", b"Null", b"NULL"))
_NO_PLAIN_START = frozenset(b" ?:,[]{}#&*!|>'\"%@`")
_BLOCK_HEADERS = frozenset((b"|", b"|-", b"|+", b"|2", b"|2-", b"|2+"))
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
# The escapes that YAML has and JSON has not.
_YAML_ESCAPE = re.compile(
    r"\\(?:x([0-9A-Fa-f]{2})|U(00(?:0(?!0[dD][89a-fA-F])[0-9A-Fa-f]|10)[0-9A-Fa-f]{4})|([0aveN_LP ]))"
)
_NAMED = {"0": 0, "a": 7, "v": 11, "e": 27, "N": 0x85, "_": 0xA0, "L": 0x2028, "P": 0x2029, " ": 32}
_BLOCK_END = {indent: re.compile(rb"\n(?!\n|" + b" " * indent + b")") for indent in (4, 6, 8)}
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]*+={0,2}")
_BASE64_LINES = {
    indent: re.compile(
        rb"(?:[ ]{%d}[A-Za-z0-9+/]{70}\n)*+(?:[ ]{%d}(?=[^\n]{1,70}\n)[A-Za-z0-9+/]*+={0,2}\n)?" % (indent, indent)
    )
    for indent in (4, 6, 8)
}

_from_json = JSONDecoder().decode

Late = Callable[[], bytes]
"""Cuts and unescapes a scalar whose form has been checked."""


class DeclinedError(Exception):
    """The bytes are not in the writer's own layout."""


def is_plain(written: bytes) -> bool:
    """Whether this line is a plain scalar, and text; more is declined than YAML would refuse."""
    return (
        written not in _NO_TEXT
        and written[0] not in _NO_PLAIN_START
        and (written[0] != 0x2D or (written[1:2] not in (b" ", b"") and not written.startswith(b"---")))
        and written[-1] not in b" :"
        and b": " not in written
        and b" #" not in written
        and b"\t" not in written
    )


def quoted(raw: bytes, start: int, end: int) -> bytes:
    """`raw[start:end]`, with its quotes, which are single or double."""
    return (single_quoted if raw[start] == 0x27 else double_quoted)(raw, start, end)


def single_quoted(raw: bytes, start: int, end: int) -> bytes:
    """`raw[start:end]`, with its quotes. Cut out at once: that is done as soon as it is checked."""
    if end - start < 2 or raw[end - 1] != 0x27:
        raise DeclinedError
    text = raw[start + 1 : end - 1]
    if b"'" not in text:
        return text
    if b"'" in text.replace(b"''", b""):
        raise DeclinedError
    return text.replace(b"''", b"'")


def double_quoted(raw: bytes, start: int, end: int) -> bytes:
    """`raw[start:end]`, with its quotes. Unescaped at once: that is faster than to check it first."""
    text = str(memoryview(raw)[start:end], "utf-8")
    # JSON's escapes mean the same in YAML but for surrogates, and JSON's are read in C.
    if "\\u" not in text or not _SURROGATE.search(text):
        try:
            value: str = _from_json(text)
        except ValueError:
            # One of YAML's own escapes, or what no escape is.
            pass
        else:
            del text
            return value.encode("utf-8")
    # With escaped backslashes out of the way (no NUL stands in the file), each backslash that is left starts an escape.
    text = text.replace("\\\\", "\0")
    if _SURROGATE.search(text):
        raise DeclinedError
    text = _YAML_ESCAPE.sub(_as_json, text).replace("\0", "\\\\")
    value = _from_json(text)
    return value.encode("utf-8")


def _as_json(found: re.Match[str]) -> str:
    code = _NAMED[found[3]] if found[3] else int(found[1] or found[2], 16)
    # Quotes, backslashes and controls stay escaped.
    return f"\\u{code:04x}" if code < 0x80 else chr(code)


def block(raw: bytes, header: bytes, start: int, indent: int) -> tuple[Late, int]:
    """The literal block whose first line starts at `start`, and where the line behind it starts."""
    if header not in _BLOCK_HEADERS:
        raise DeclinedError
    padding = b" " * indent
    empty_first = raw.startswith(b"\n", start)
    if not empty_first and not raw.startswith(padding, start):
        raise DeclinedError
    if header[1:2] != b"2" and (empty_first or raw[start + indent : start + indent + 1] in (b" ", b"\t", b"\n", b"")):
        # Without an indentation mark the first line itself sets the indent: it must be exactly ours.
        raise DeclinedError
    # From one before, so that an empty first line is seen as a part of the block.
    found = _BLOCK_END[indent].search(raw, start - 1 if empty_first else start)
    if not found:
        raise DeclinedError
    end = found.start() + 1
    return literal(raw, start if empty_first else start + indent, end, header, indent), end


def literal(raw: bytes, start: int, end: int, header: bytes, indent: int = 6) -> Late:
    """The literal block `raw[start:end]`, which has been checked; the first line without its indent."""
    return partial(_cut, raw, start, end, b"\n" + b" " * indent, header[-1:])


def _cut(raw: bytes, start: int, end: int, margin: bytes, chomping: bytes) -> bytes:
    lines = raw[start:end].replace(margin, b"\n")
    if chomping == b"+":
        return lines
    if chomping == b"-":
        return lines.rstrip(b"\n")
    if lines.endswith(b"\n\n") or lines == b"\n":
        stripped = lines.rstrip(b"\n")
        return stripped + b"\n" if stripped else b""
    return lines


def binary_line(raw: bytes, start: int, end: int) -> Late:
    """The base64 text `raw[start:end]`."""
    if not _BASE64_LINE.fullmatch(raw, start, end):
        raise DeclinedError
    return _base64(raw, start, end, end - start)


def binary_block(raw: bytes, start: int, indent: int) -> tuple[Late, int]:
    """The base64 lines, of 70 characters but for the last, whose first starts at `start`; and where they end."""
    found = _BASE64_LINES[indent].match(raw, start)
    end = found.end() if found else start
    if end == start:
        raise DeclinedError
    full, last = divmod(end - start, indent + 71)
    return _base64(raw, start, end, full * 70 + (last - indent - 1 if last else 0)), end


def _base64(raw: bytes, start: int, end: int, size: int) -> Late:
    if size % 4:
        raise DeclinedError
    # a2b_base64 leaves out the spaces and line breaks: no copy without them is needed.
    return lambda: binascii.a2b_base64(memoryview(raw)[start:end])
