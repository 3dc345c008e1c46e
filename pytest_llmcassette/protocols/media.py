"""Images, audio and files in an answer: kept by type, size and digest, never by their bytes."""

from __future__ import annotations

import base64
import binascii
import hashlib
from urllib.parse import unquote_to_bytes

from pytest_llmcassette.protocols.transcript import Media

# The first bytes of a file say what it is.
_MAGIC = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF....WEBP", "image/webp"),
    (b"RIFF....WAVE", "audio/wav"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
)

TO_STANDARD = str.maketrans("-_", "+/")
"""URL-safe base64 as the standard's."""


def media_of_url(kind: str, url: str) -> Media:
    """A medium given by URL; a data URI is measured, any other URL is kept as it is."""
    if not url.startswith("data:"):
        return Media(kind=kind, media_type=None, url=url)
    head, _, payload = url[5:].partition(",")
    media_type = head.partition(";")[0].strip().lower() or None
    if head.rstrip().endswith(";base64"):
        return media_of_base64(kind, media_type, payload)
    return media_of_bytes(kind, media_type, unquote_to_bytes(payload))


def media_of(kind: str, media_type: str | None, data: object, url: object) -> Media | None:
    """A medium as most wires give it: by its base64 text, else by its address; None where there is neither."""
    if isinstance(data, str):
        return media_of_base64(kind, media_type, data)
    return media_of_url(kind, url) if isinstance(url, str) else None


def media_of_base64(kind: str, media_type: str | None, text: str) -> Media:
    """A medium given as base64 text (standard or URL-safe, padded or not); without size when it cannot be decoded."""
    data = decoded(text)
    return Media(kind=kind, media_type=media_type) if data is None else media_of_bytes(kind, media_type, data)


def decoded(text: str) -> bytes | None:
    """The bytes of base64 text, None when it is none."""
    try:
        return base64.b64decode(text.translate(TO_STANDARD) + "==", validate=False)
    except (binascii.Error, ValueError):
        return None


def type_of(data: bytes) -> str | None:
    """The media type that the first bytes of an image or of audio tell; None when they do not."""
    masked = data[:4] + b"...." + data[8:12] if data.startswith(b"RIFF") else data
    return next((media_type for start, media_type in _MAGIC if masked.startswith(start)), None)


def media_of_bytes(kind: str, media_type: str | None, data: bytes) -> Media:
    """A medium given as bytes."""
    digest = "sha256:" + hashlib.sha256(data).hexdigest()[:16]
    return Media(kind=kind, media_type=media_type, size=len(data), digest=digest)


class Sound:
    """Audio that comes in pieces, each base64 by itself."""

    __slots__ = ("_digest", "_size", "media_type")

    def __init__(self) -> None:
        self.media_type: str | None = None
        self._size = 0
        self._digest = hashlib.sha256()

    def add(self, text: str, media_type: str | None = None) -> None:
        """The next piece; what is no base64 is left out."""
        data = decoded(text) or b""
        self.media_type = media_type or self.media_type
        self._size += len(data)
        self._digest.update(data)

    def build(self) -> Media | None:
        """All of it; None when nothing came."""
        if not self._size:
            return None
        digest = "sha256:" + self._digest.hexdigest()[:16]
        return Media(kind="audio", media_type=self.media_type, size=self._size, digest=digest)
