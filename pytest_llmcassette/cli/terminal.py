"""Writing words from the wire to a terminal: coloured where that is wanted, and never able to control it."""

from __future__ import annotations

import os
from typing import TextIO

from pytest_llmcassette.redaction.printable import printable

_STYLES = {"heading": "1;36", "role": "1", "tool": "33", "dim": "2", "error": "1;31", "reasoning": "3;2"}


class Terminal:
    """Prints styled lines. Colour only on a terminal, and not with NO_COLOR set (https://no-color.org)."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._colour = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def line(self, text: str = "", style: str = "", *, indent: int = 0) -> None:
        """Print a text, of one line or several, each indented by so many spaces."""
        margin = " " * indent
        for part in printable(text.replace("\r\n", "\n")).split("\n"):
            shown = f"\x1b[{_STYLES[style]}m{part}\x1b[0m" if self._colour and style and part else part
            self._stream.write((margin + shown).rstrip(" ") + "\n")
