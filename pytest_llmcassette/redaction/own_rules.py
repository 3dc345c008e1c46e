"""What a user adds to redaction: `secret_patterns`, and the hook `pytest_llmcassette_redact`."""

from __future__ import annotations

import re
from collections.abc import Callable

from pytest_llmcassette.redaction.bodies import BETWEEN_EVENTS, is_event_stream
from pytest_llmcassette.redaction.names import REDACTED

Redact = Callable[[str, str], str]
"""Takes a text and its place (`url`, `header:NAME`, `body`, `event`); returns what may be kept of it."""


class OwnRules:
    """One cassette's; nearly always there are none."""

    def __init__(self, patterns: tuple[str, ...], redact: Redact | None) -> None:
        self._patterns = tuple(map(re.compile, patterns))
        self._redact = redact
        self.exist = bool(patterns) or redact is not None

    def text(self, text: str, place: str, found: set[str]) -> str:
        """`text` by these rules; what the patterns replaced is added to `found`."""
        text = self.by_pattern(text, found)
        return text if self._redact is None or not text else self._redact(text, place)

    def by_pattern(self, text: str, found: set[str]) -> str:
        """`text` with what the patterns match replaced by `REDACTED`: of one with groups what the first matches."""

        def replace(match: re.Match[str]) -> str:
            group = 1 if match.re.groups else 0
            if not match[group] or match[group] == REDACTED:
                return match[0]
            found.add(match[group])
            start, end = (place - match.start() for place in match.span(group))
            return match[0][:start] + REDACTED + match[0][end:]

        for pattern in self._patterns:
            text = pattern.sub(replace, text)
        return text

    def body(self, body: bytes, content_type: str, found: set[str]) -> bytes:
        """The same for a body: an event stream's events one by one. The hook is not asked about what is no text."""
        if not body:
            return body
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            return self.by_pattern(body.decode("utf-8", "surrogateescape"), found).encode("utf-8", "surrogateescape")
        if not is_event_stream(body, content_type):
            return self.text(text, "body", found).encode()
        pieces = BETWEEN_EVENTS.split(text)
        # Every other piece is a blank line between two events.
        pieces[::2] = [self.text(event, "event", found) for event in pieces[::2]]
        return "".join(pieces).encode()
