"""Newline-delimited JSON (Ollama, log exports) from bytes: lines of text, blank ones left out, LF or CRLF."""

from __future__ import annotations


class NDJSONDecoder:
    """Feed it bytes in any pieces; it gives the same lines for every way to cut them.

    `invalid_utf8` says that some bytes were no UTF-8 (each such sequence was replaced by U+FFFD).
    """

    __slots__ = ("_pieces", "_started", "invalid_utf8")

    def __init__(self) -> None:
        self.invalid_utf8 = False
        self._pieces: list[bytes] = []
        self._started = False

    def feed(self, data: bytes) -> list[str]:
        """The lines that these bytes complete, without their line ends."""
        end = data.rfind(b"\n") + 1
        if not end:
            if data:
                self._pieces.append(data)
            return []
        self._pieces.append(data[:end])
        text = self._text(b"".join(self._pieces))
        self._pieces = [data[end:]] if end < len(data) else []
        # Not splitlines(): U+2028 and its like may stand raw inside a JSON string.
        return [line for line in (piece.removesuffix("\r") for piece in text.split("\n")) if line.strip()]

    def finish(self) -> str | None:
        """The last line, when it has no line end; None when there is none."""
        text = self._text(b"".join(self._pieces))
        self._pieces = []
        return text if text.strip() else None

    def _text(self, data: bytes) -> str:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            self.invalid_utf8 = True
            text = data.decode(errors="replace")
        if not self._started and text:
            self._started = True
            text = text.removeprefix("\ufeff")
        return text


def parse(body: bytes) -> tuple[list[str], str | None]:
    """A whole body's lines, and the last one when it was not ended."""
    decoder = NDJSONDecoder()
    return decoder.feed(body), decoder.finish()
