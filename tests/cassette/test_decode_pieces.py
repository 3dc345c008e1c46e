"""Encoded bodies, piece by piece and cut anywhere."""

from __future__ import annotations

import pytest
from servers.hostile import STREAM, encode

from pytest_llmcassette.cassette.encoding import decode_pieces

ENCODINGS = ["gzip", "deflate", "br", "zstd"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_pieces_add_up_to_the_body(encoding: str, size: int) -> None:
    encoded = encode(encoding, STREAM)
    pieces = [encoded[start : start + size] for start in range(0, len(encoded), size)]
    decoded = decode_pieces(pieces, f" {encoding.upper()} ")
    assert decoded is not None
    assert len(decoded) == len(pieces)
    assert b"".join(decoded) == STREAM


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_cut_body_decodes_as_far_as_it_goes(encoding: str) -> None:
    encoded = encode(encoding, STREAM)
    for end in range(len(encoded)):
        [decoded] = decode_pieces([encoded[:end]], encoding) or [b"not decoded"]
        assert STREAM.startswith(decoded)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_is_not_in_its_encoding(encoding: str) -> None:
    assert decode_pieces([b"data: plainly not encoded\n\n" * 9], encoding) is None


def test_encodings_one_over_the_other() -> None:
    encoded = encode("br", encode("gzip", STREAM))
    pieces = [encoded[start : start + 7] for start in range(0, len(encoded), 7)]
    assert b"".join(decode_pieces(pieces, "gzip, br") or []) == STREAM


@pytest.mark.parametrize("encoding", ["snappy", "gzip, snappy", ""])
def test_unknown_encoding(encoding: str) -> None:
    assert decode_pieces([b"x"], encoding) is None
