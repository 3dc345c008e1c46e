"""Decodes an encoded body piece by piece: for one that was cut, and for the sizes of its pieces once decoded."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from importlib import import_module


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
