"""Server-sent events from bytes, by the rules of the WHATWG HTML standard, section 9.2.6.

CRLF, CR and LF end a line, a BOM at the start is dropped, one space after the colon is dropped, several `data` lines
are joined by LF, `event` may follow `data`, comments and unknown fields are ignored, an event without `data` is not
dispatched. Unlike a browser we tell the caller what was left over at the end, since that is how a cut stream shows.
"""

from __future__ import annotations

from typing import NamedTuple


class ServerSentEvent(NamedTuple):
    """One dispatched event. `event` is `""` when the stream named none; `id` is the last event id so far."""

    event: str
    data: str
    id: str = ""


class SSETail(NamedTuple):
    """Lines after the last blank line: an event that was never dispatched. `event` is what it would have been."""

    text: str
    event: ServerSentEvent | None


class SSEDecoder:
    """Feed it bytes in any pieces; it gives the same events for every way to cut them.

    `comments` counts comment lines, `retry` is the last reconnection time in milliseconds, `invalid_utf8` says that
    some bytes were no UTF-8 (each such sequence was replaced by U+FFFD).
    """

    __slots__ = ("_cr", "_last_id", "_newline", "_pieces", "_started", "comments", "invalid_utf8", "retry")

    def __init__(self) -> None:
        self.comments = 0
        self.retry: int | None = None
        self.invalid_utf8 = False
        self._pieces: list[bytes] = []
        self._newline = False
        self._cr = False
        self._started = False
        self._last_id = ""

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """The events that these bytes complete."""
        if data and self._cr:
            # The LF of a CRLF that was cut in two: its CR has ended the line already.
            self._cr = False
            data = data.removeprefix(b"\n")
        if b"\r" in data:
            self._cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if not data:
            return []
        # Only the newest piece is searched, so that a long event that comes in small pieces costs linear time.
        if b"\n\n" not in data and not (self._newline and data[:1] == b"\n"):
            self._pieces.append(data)
            self._newline = data.endswith(b"\n")
            return []
        self._pieces.append(data)
        whole = b"".join(self._pieces)
        end = whole.rfind(b"\n\n") + 2
        rest = whole[end:]
        self._pieces = [rest] if rest else []
        self._newline = rest.endswith(b"\n")
        return self._events(self._text(whole[:end]))

    def finish(self) -> SSETail | None:
        """What is left at the end of the stream, or None when it ended after a blank line (or with comments only)."""
        text = self._text(b"".join(self._pieces))
        self._pieces = []
        event = self._block(text.strip("\n"))
        if any(line and not line.startswith(":") for line in text.split("\n")):
            return SSETail(text.lstrip("\n"), event)
        return None

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

    def _events(self, text: str) -> list[ServerSentEvent]:
        found = []
        last_id = self._last_id
        for block in text.split("\n\n"):
            # The two forms that nearly all events have, without a look at each line.
            if block.startswith("data: ") and "\n" not in block:
                found.append(ServerSentEvent("", block[6:], last_id))
                continue
            if block.startswith("event: "):
                first, _, second = block.partition("\n")
                if second.startswith("data: ") and "\n" not in second:
                    found.append(ServerSentEvent(first[7:], second[6:], last_id))
                    continue
            event = self._block(block)
            if event is not None:
                found.append(event)
            last_id = self._last_id
        return found

    def _block(self, block: str) -> ServerSentEvent | None:
        name = ""
        data: list[str] = []
        for line in block.split("\n"):
            field, _, value = line.partition(":")
            if value.startswith(" "):
                value = value[1:]
            if field == "data":
                data.append(value)
            elif field == "event":
                name = value
            elif field == "":
                self.comments += 1 if line else 0
            elif field == "id":
                if "\0" not in value:
                    self._last_id = value
            elif field == "retry" and value.isascii() and value.isdigit():
                self.retry = int(value[:18])
        return ServerSentEvent(name, "\n".join(data), self._last_id) if data else None


def parse(body: bytes) -> tuple[list[ServerSentEvent], SSETail | None]:
    """A whole body's events, and what was left over."""
    decoder = SSEDecoder()
    return decoder.feed(body), decoder.finish()
