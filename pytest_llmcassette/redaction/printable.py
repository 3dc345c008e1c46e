"""Characters that would do something instead of being seen, as escapes: in terminals, pages, snapshots and messages."""

from __future__ import annotations

import re

# Control characters except tab and newline, bidirectional marks and overrides (they reorder what is read), line
# separators, and lone surrogates (no encoding can write them).
_ACTING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """The text with every character that could act on what shows it written as an escape (`\\x1b`, `\\u202e`)."""
    return _ACTING.sub(lambda found: _escaped(found[0]), text)


def visible(text: str) -> str:
    """The same for a text of one line whose every difference has to be seen: blanks that are no space, too."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
