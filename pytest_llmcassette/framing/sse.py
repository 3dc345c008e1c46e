"""Server-sent events from bytes, by the rules of the WHATWG HTML standard, section 9.2.6.

CRLF, CR and LF end a line, a BOM at the start is dropped, one space after the colon is dropped, several `data` lines
are joined by LF, `event` may follow `data`, comments and other fields are ignored, an event without `data` is not
dispatched. Unlike a browser we tell the caller what was left over at the end, since that is how a cut stream shows.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# Atomic: a lone CRLF is one end of a line, not two.
_BLANK_LINES = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)+")


class ServerSentEvent(NamedTuple):
    """One dispatched event. `event` is `""` when the stream named none."""

    event: str
    data: str


class SSEStream(NamedTuple):
    """A whole body's events. `tail` are the lines of an event that was never dispatched: no blank line follows them.

    `invalid_utf8` says that some bytes were no UTF-8 (each such sequence was replaced by U+FFFD).
    """

    events: list[ServerSentEvent]
    tail: str | None
    invalid_utf8: bool


def parse(body: bytes) -> SSEStream:
    """A whole body's events, and what was left over: None when it ends after a blank line (or with comments only)."""
    invalid = False
    try:
        text = body.decode()
    except UnicodeDecodeError:
        invalid = True
        text = body.decode(errors="replace")
    text = text.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    whole, blank, rest = text.rpartition("\n\n")
    is_event = any(line and not line.startswith(":") for line in rest.split("\n"))
    return SSEStream(_events(whole + blank), rest.lstrip("\n") if is_event else None, invalid)


def _events(text: str) -> list[ServerSentEvent]:
    found = []
    for block in text.split("\n\n"):
        # The two forms that nearly all events have, without a look at each line.
        if block.startswith("data: ") and "\n" not in block:
            found.append(ServerSentEvent("", block[6:]))
            continue
        if block.startswith("event: "):
            first, _, second = block.partition("\n")
            if second.startswith("data: ") and "\n" not in second:
                found.append(ServerSentEvent(first[7:], second[6:]))
                continue
        event = event_of(block)
        if event is not None:
            found.append(event)
    return found


def event_of(block: str) -> ServerSentEvent | None:
    """The event that some lines are, ended by LF each; None when they hold no data."""
    name = ""
    data: list[str] = []
    for line in block.split("\n"):
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data.append(value)
        elif field == "event":
            name = value
    return ServerSentEvent(name, "\n".join(data)) if data else None


def blocks(body: bytes) -> list[bytes]:
    """The body cut behind its blank lines, nothing left out: an event each, a comment, or what was left over."""
    ends = [blank.end() for blank in _BLANK_LINES.finditer(body)]
    found = [body[start:end] for start, end in zip([0, *ends], [*ends, len(body)], strict=True)]
    return [block for block in found if block]
