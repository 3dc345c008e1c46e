"""Writing words from the wire to a terminal: coloured where that is wanted, and never able to control it."""

from __future__ import annotations

import os
import re
from typing import TextIO

# Control characters except tab and newline, bidirectional overrides (they reorder what is read), line separators, and
# lone surrogates (no encoding can write them).
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_STYLES = {"heading": "1;36", "role": "1", "tool": "33", "dim": "2", "error": "1;31", "reasoning": "3;2"}


def printable(text: str) -> str:
    """The text with every character that could act on a terminal written as an escape (`\\x1b`, `\\u202e`)."""
    return _UNSAFE.sub(_escape, text.replace("\r\n", "\n"))


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


class Terminal:
    """Prints styled lines. Colour only on a terminal, and not with NO_COLOR set (https://no-color.org)."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._colour = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def line(self, text: str = "", style: str = "", *, indent: int = 0) -> None:
        """Print a text, of one line or several, each indented by so many spaces."""
        margin = " " * indent
        for part in printable(text).split("\n"):
            shown = f"\x1b[{_STYLES[style]}m{part}\x1b[0m" if self._colour and style and part else part
            self._stream.write((margin + shown).rstrip(" ") + "\n")
