"""Bytes inside JSON (images, sounds, files) by type, size and digest instead of their base64 text."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

from pytest_llmcassette.protocols.media import TO_STANDARD, media_of_bytes, type_of
from pytest_llmcassette.protocols.transcript import Media
from pytest_llmcassette.snapshot.nodes import Blob, Size

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_SURELY_BASE64 = 256
"""A text of at least this many characters, all of base64's alphabet, is no prose."""

_FILES = ((b"%PDF", "application/pdf"), (b"PK\x03\x04", "application/zip"))
"""The first bytes of what is neither an image nor sound."""


def blob(data: bytes, media_type: str | None = None) -> Blob:
    """`<image/png, 68 bytes, sha256:...>`; the type as declared, else by the first bytes. 16 hex digits."""
    return blob_of(media_of_bytes("", media_type or media_type_of(data), data))


def blob_of(media: Media) -> Blob:
    """The same of bytes that were measured before."""
    kind = media.media_type or "application/octet-stream"
    return Blob(kind, f"<{kind}, {media.size} bytes, {media.digest}>")


def media_type_of(data: bytes) -> str:
    """The media type by a file's first bytes; `application/octet-stream` when they say nothing."""
    known = type_of(data) or next((media_type for sign, media_type in _FILES if data.startswith(sign)), None)
    return known or ("video/mp4" if data[4:8] == b"ftyp" else "application/octet-stream")


def from_text(text: str, *, media_type: str | None = None, expected: bool = False) -> Blob | None:
    """The blob that a text is: a data URI, or base64 (when `expected` there, of any length); None for other text."""
    if text.startswith("data:") and "," in text:
        head, _, payload = text[5:].partition(",")
        declared = head.partition(";")[0].strip().lower() or media_type
        if not head.rstrip().endswith(";base64"):
            return blob(unquote_to_bytes(payload), declared or "text/plain")
        data = _decode(payload)
        return None if data is None else blob(data, declared)
    if expected or (len(text) >= _SURELY_BASE64 and _BASE64.fullmatch(text)):
        data = _decode(text)
        return None if not data else blob(data, media_type)
    return None


def opaque(text: str) -> Size:
    """The size of a signature or of encrypted reasoning, in characters as sent."""
    return Size(f"<{len(text)} characters>")


def _decode(text: str) -> bytes | None:
    text = "".join(text.split()).translate(TO_STANDARD).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
