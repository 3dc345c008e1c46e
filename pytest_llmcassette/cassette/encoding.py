"""Content encodings: what a cassette stores decoded, where it can.

br and zstd are decoded when `brotli` (or `brotlicffi`) or `zstandard` is installed, as httpx does. Nothing is inflated
beyond a limit: a gigabyte of zeros is a file of nothing.
"""

from __future__ import annotations

import binascii
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from pytest_llmcassette.cassette.model import Response
from pytest_llmcassette.cassette.unreadable import UnreadableError

LIMIT = "LLMCASSETTE_MAX_BODY_MB"
"""The environment variable that raises the limit, in MB: it holds for tests, scripts and the command line alike."""
_LIMIT_MB = 128
_ARCHIVES = ("gzip", "zstd", "octet-stream", "x-tar")


class InflatesTooMuch(UnreadableError):  # noqa: N818 - what has happened, like the other refusals
    """A body that is larger than the limit once it is decoded."""

    def __init__(self, encoding: str, limit_mb: int) -> None:
        super().__init__(
            f"a body in Content-Encoding {encoding} inflates to more than {limit_mb} MB",
            f"If it is meant to be as large as that, raise the limit: {LIMIT}={4 * limit_mb} in the environment.",
        )


class _Encoding(NamedTuple):
    """`start` makes a decompressor such as zlib's for a frame with these first bytes; ImportError without a library.

    `step` bytes become 40 MB at most, so that the limit is noticed soon after it is passed.
    """

    start: Callable[[bytes], Any]
    step: int
    magic: bytes = b""


class _Brotli:
    """brotli's decompressor in the form of zlib's."""

    unused_data = b""

    def __init__(self) -> None:
        self._decoder = _library("brotli", "brotlicffi").Decompressor()

    def decompress(self, piece: bytes) -> bytes:
        return bytes(self._decoder.process(piece))

    @property
    def eof(self) -> bool:
        return bool(self._decoder.is_finished())


def _deflate(first: bytes) -> Any:
    # Some servers send the raw stream, without zlib's header: 8 is the method in it, and begins no raw stream.
    return zlib.decompressobj(zlib.MAX_WBITS if first[0] & 15 == 8 else -zlib.MAX_WBITS)


def _zstd(_: bytes) -> Any:
    # Python has a decoder of its own from 3.14 on.
    decoder = _library("zstandard", "compression.zstd").ZstdDecompressor()
    return decoder.decompressobj() if hasattr(decoder, "decompressobj") else decoder


def _library(name: str, other: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return import_module(other)


_GZIP = _Encoding(lambda _: zlib.decompressobj(16 + zlib.MAX_WBITS), 1 << 14, b"\x1f\x8b")
_ENCODINGS = {
    "gzip": _GZIP,
    "x-gzip": _GZIP,
    "deflate": _Encoding(_deflate, 1 << 14),
    "br": _Encoding(lambda _: _Brotli(), 64),
    "zstd": _Encoding(_zstd, 1 << 10, b"\x28\xb5\x2f\xfd"),
}


class _Decoder:
    """Decodes piece by piece a body of one or more frames, one behind the other (RFC 1952, 2.2; RFC 8878, 3.1)."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._encoding = _ENCODINGS[name]
        self._frame: Any = None
        self._left = _limit_mb() << 20

    def decode(self, piece: bytes) -> bytes:
        step = self._encoding.step
        return b"".join([part for at in range(0, len(piece), step) for part in self._decode(piece[at : at + step])])

    def _decode(self, piece: bytes) -> Iterator[bytes]:
        while piece:
            if self.is_at_an_end():
                # What pads a gzip file to whole blocks is no frame.
                piece = piece.lstrip(b"\0") if self._frame is not None else piece
                if not piece:
                    return
                self._frame = self._encoding.start(piece)
            found = self._frame.decompress(piece)
            self._left -= len(found)
            if self._left < 0:
                raise InflatesTooMuch(self._name, _limit_mb())
            yield found
            piece = self._frame.unused_data

    def is_at_an_end(self) -> bool:
        return self._frame is None or self._frame.eof


def _limit_mb() -> int:
    given = os.environ.get(LIMIT, "")
    return int(given) if given.isdecimal() else _LIMIT_MB


def _names(content_encoding: str) -> list[str]:
    names = [name.strip().lower() for name in content_encoding.split(",")]
    return [name for name in names if name and name != "identity"]


def _decode(pieces: Sequence[bytes], content_encoding: str) -> tuple[list[bytes], bool] | None:
    """What each piece adds, and whether the body is whole; None where nothing can be undone.

    Raises `InflatesTooMuch`, as all do that decode.
    """
    names = _names(content_encoding)
    try:
        # The last encoding is undone first.
        decoders = [_Decoder(name) for name in reversed(names)]
        found = []
        for piece in pieces:
            for decoder in decoders:
                piece = decoder.decode(piece)
            found.append(piece)
    except InflatesTooMuch:
        raise
    except Exception:
        # An unknown name, no library, bytes in no such encoding: each library has an error of its own for that.
        return None
    return (found, all(decoder.is_at_an_end() for decoder in decoders)) if names else None


def decode_body(body: bytes, content_encoding: str) -> tuple[bytes, bool]:
    """Undo the encodings of a Content-Encoding header, the last one first.

    Returns the body and whether all of them were undone; what cannot be decoded (an unknown encoding, a cut or broken
    body, no decoder) comes back as it was, with False. Without any encoding to undo the answer is False as well.
    """
    decoded = _decode([body], content_encoding)
    return (decoded[0][0], True) if decoded and decoded[1] else (body, False)


def decode_pieces(pieces: Sequence[bytes], content_encoding: str) -> list[bytes] | None:
    """What each piece adds to the decoded body, possibly `b""`; the body may end anywhere.

    openai closes a stream at `[DONE]`, before the end of its gzip wrapping, so a recorded body often is such a cut one.
    None when no decoder for an encoding is installed, or the pieces are not in it.
    """
    decoded = _decode(pieces, content_encoding)
    return decoded[0] if decoded else None


def decode_sniffed(body: bytes, content_encoding: str, content_type: str = "") -> tuple[bytes, bool]:
    """Undo what a body's own first bytes show it to be, else what the header says where that works.

    For files whose recorder kept the header whether or not it decoded (VCR.py). Without the header, an archive that
    the content type calls one stays as it is.
    """
    if content_encoding or not any(word in content_type.lower() for word in _ARCHIVES):
        for name, encoding in _ENCODINGS.items():
            if encoding.magic and body.startswith(encoding.magic):
                return decode_body(body, name)
    return decode_body(body, content_encoding)


def is_still_encoded(response: Response) -> bool:
    """Whether the stored body still is in its Content-Encoding: files exist that decoded it and kept the header.

    Raises `InflatesTooMuch` for one that may not be served.
    """
    names = _names(", ".join(response.headers.get("Content-Encoding", ())))
    if response.uncompressed or not names:
        return False
    if names[-1] in _ENCODINGS and not response.body.startswith(_ENCODINGS[names[-1]].magic):
        return False
    # The client is to decode it, and would not stop at anything.
    decode_body(response.body, names[-1])
    return True


def may_be_encoded(body: bytes) -> bool:
    """Whether it is worth a look at what its headers say: nothing that is compressed begins as JSON does."""
    return bool(body) and body[0] not in b'{["'


def decode_base64(text: str) -> bytes:
    """Base64 with any white space in it; raises ValueError for what Go would not read."""
    encoded = "".join(text.split())
    if len(encoded) % 4:
        raise ValueError("base64 comes in groups of four characters")
    return binascii.a2b_base64(encoded, strict_mode=True)


def is_utf8(raw: bytes) -> bool:
    """Whether the bytes are text."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
