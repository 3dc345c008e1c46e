"""Content encodings: what a cassette stores decoded, where it can.

br and zstd are decoded when `brotli` (or `brotlicffi`) or `zstandard` is installed, as httpx does.
"""

from __future__ import annotations

import binascii
import gzip
import zlib
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ARCHIVES = ("gzip", "zstd", "octet-stream", "x-tar")


class _NoDecoderError(Exception):
    """The library for an encoding is not installed."""


def decode_body(body: bytes, content_encoding: str) -> tuple[bytes, bool]:
    """Undo the encodings of a Content-Encoding header, the last one first.

    Returns the body and whether all of them were undone; what cannot be decoded (an unknown encoding, a cut or broken
    body, no decoder) comes back as it was, with False. Without any encoding to undo the answer is False as well.
    """
    names = [name.strip().lower() for name in content_encoding.split(",")]
    names = [name for name in names if name and name != "identity"]
    if not names:
        return body, False
    decoded = body
    for name in reversed(names):
        decoder = _DECODERS.get(name)
        if decoder is None:
            return body, False
        try:
            decoded = decoder(decoded)
        except _DECODING_ERRORS:
            return body, False
    return decoded, True


def decode_base64(text: str) -> bytes:
    """Base64 with any white space in it; raises ValueError for what Go would not read."""
    encoded = "".join(text.split())
    if len(encoded) % 4:
        raise ValueError("base64 comes in groups of four characters")
    return binascii.a2b_base64(encoded, strict_mode=True)


def decode_sniffed(body: bytes, content_encoding: str, content_type: str = "") -> tuple[bytes, bool]:
    """Undo what a body's own first bytes show it to be, else what the header says where that works.

    For files whose recorder kept the header whether or not it decoded (VCR.py). Without the header, an archive that
    the content type calls one stays as it is.
    """
    if content_encoding or not any(word in content_type.lower() for word in _ARCHIVES):
        if body.startswith(GZIP_MAGIC):
            return decode_body(body, "gzip")
        if body.startswith(ZSTD_MAGIC):
            return decode_body(body, "zstd")
    names = content_encoding.lower()
    return decode_body(body, names) if "br" in names or "deflate" in names else (body, False)


def _gzip(body: bytes) -> bytes:
    return gzip.decompress(body)


def _deflate(body: bytes) -> bytes:
    try:
        return zlib.decompress(body)
    except zlib.error:
        # Some servers send the raw stream, without zlib's header.
        return zlib.decompress(body, -zlib.MAX_WBITS)


def _brotli(body: bytes) -> bytes:
    try:
        import brotli
    except ImportError:
        try:
            import brotlicffi as brotli
        except ImportError:
            raise _NoDecoderError from None
    try:
        return bytes(brotli.decompress(body))
    except brotli.error as error:
        raise ValueError(str(error)) from None


def _zstd(body: bytes) -> bytes:
    try:
        import zstandard
    except ImportError:
        return _zstd_of_python(body)
    pieces = []
    # A body may be several frames, one behind the other (RFC 8878, 3.1).
    while body:
        decoder = zstandard.ZstdDecompressor().decompressobj()
        try:
            pieces.append(decoder.decompress(body))
        except zstandard.ZstdError as error:
            raise ValueError(str(error)) from None
        if not decoder.eof:
            raise EOFError("a frame of the body is cut")
        body = decoder.unused_data
    return b"".join(pieces)


def _zstd_of_python(body: bytes) -> bytes:
    """Python has a decoder of its own from 3.14 on."""
    try:
        zstd: Any = import_module("compression.zstd")
    except ImportError:
        raise _NoDecoderError from None
    try:
        return bytes(zstd.decompress(body))
    except zstd.ZstdError as error:
        raise ValueError(str(error)) from None


_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
_DECODING_ERRORS = (OSError, EOFError, zlib.error, ValueError, _NoDecoderError)


def decode_pieces(pieces: Sequence[bytes], encoding: str) -> list[bytes] | None:
    """What each piece adds to the decoded body, possibly `b""`; the body may end anywhere.

    openai closes a stream at `[DONE]`, before the end of its gzip wrapping, so a recorded body often is such a cut one.
    None when no decoder for this encoding (one name) is installed, or the pieces are not in it.
    """
    found = _decoder(encoding.strip().lower())
    if found is None:
        return None
    decode, error = found
    try:
        return [decode(piece) for piece in pieces]
    except error:
        return None


def _decoder(name: str) -> tuple[Callable[[bytes], bytes], type[Exception]] | None:
    if name in ("gzip", "x-gzip", "deflate"):
        # 32: gzip's or zlib's header, whichever is there.
        return zlib.decompressobj(32 + zlib.MAX_WBITS).decompress, zlib.error
    try:
        if name == "br":
            brotli = import_module("brotli")
            return brotli.Decompressor().process, brotli.error
        if name == "zstd":
            zstandard = import_module("zstandard")
            return zstandard.ZstdDecompressor().decompressobj().decompress, zstandard.ZstdError
    except ImportError:
        return None
    return None
