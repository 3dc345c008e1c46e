"""The quick look that spares reader and writer the slow one: bytes in which YAML sees nothing special."""

from __future__ import annotations

import re

# Deleted from a text, they leave the bytes that may begin something special: for most texts none.
_HARMLESS = bytes(
    code for code in range(0xF0) if code in b"\t\n" or (code >= 0x20 and code not in (0x7F, 0xC2, 0xE2, 0xEF))
)  # fmt: skip
_LEADS = b"\xc2\xe2\xef"
_C1 = re.compile(rb"\xc2[\x80-\x9f]")


def is_ordinary(raw: bytes) -> bool:
    """Whether UTF-8 `raw` has no control characters (but TAB, LF), NEL, LS, PS, BOM, U+FFFE/F or astral characters."""
    left = raw.translate(None, _HARMLESS)
    if not left:
        return True
    if left.translate(None, _LEADS):
        return False
    if b"\xe2" in left and (b"\xe2\x80\xa8" in raw or b"\xe2\x80\xa9" in raw):
        return False
    if b"\xef" in left and (b"\xef\xbb\xbf" in raw or b"\xef\xbf\xbe" in raw or b"\xef\xbf\xbf" in raw):
        return False
    return b"\xc2" not in left or not _C1.search(raw)
