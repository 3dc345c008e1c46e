"""Content encodings, durations, form values and header names, against what Go and the RFCs say."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmcassette.cassette.encoding import InflatesTooMuch, decode_body, decode_pieces, is_still_encoded
from pytest_llmcassette.cassette.form import form_values
from pytest_llmcassette.cassette.go_vcr.duration import format_duration, parse_duration
from pytest_llmcassette.cassette.headers import canonical
from pytest_llmcassette.cassette.model import Response

TEXT = b"data: 1\n\n" * 50


def gzipped(body: bytes) -> bytes:
    """Without the time in its header: test ids are made of these bytes, and xdist's workers compare theirs."""
    return gzip.compress(body, mtime=0)


def raw_deflate(body: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(body) + compressor.flush()


def zstd_stream(body: bytes) -> bytes:
    """Without the size in the frame's header, as servers stream it."""
    compressor = zstandard.ZstdCompressor().compressobj()
    return compressor.compress(body) + compressor.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzipped(TEXT)),
        ("x-gzip", gzipped(TEXT)),
        ("gzip", gzipped(TEXT[:9]) + gzipped(TEXT[9:])),
        ("gzip", gzipped(TEXT) + bytes(512)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
        ("br", brotli.compress(TEXT)),
        ("zstd", zstandard.compress(TEXT)),
        ("zstd", zstd_stream(TEXT)),
        ("zstd", zstandard.compress(TEXT[:9]) + zstd_stream(TEXT[9:])),
        ("gzip, br", brotli.compress(gzipped(TEXT))),
        (" GZIP ,identity, Br", brotli.compress(gzipped(TEXT))),
    ],
)
def test_decoded(encoding: str, body: bytes) -> None:
    assert decode_body(body, encoding) == (TEXT, True)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", TEXT),
        ("gzip", gzipped(TEXT)[:-9]),
        ("deflate", TEXT),
        ("br", b"\xff" * 9),
        ("br", brotli.compress(TEXT)[:-3]),
        ("zstd", TEXT),
        ("zstd", zstandard.compress(TEXT)[:-3]),
        ("compress", TEXT),
        ("gzip, compress", gzipped(TEXT)),
        ("compress, gzip", gzipped(TEXT)),
    ],
)
def test_what_cannot_be_decoded_stays_whole(encoding: str, body: bytes) -> None:
    assert decode_body(body, encoding) == (body, False)


@pytest.mark.parametrize(("encoding", "body"), [("br", brotli.compress(TEXT)), ("zstd", zstandard.compress(TEXT))])
def test_without_a_decoder_the_body_stays_encoded(monkeypatch: pytest.MonkeyPatch, encoding: str, body: bytes) -> None:
    for name in ("brotli", "brotlicffi", "zstandard", "compression.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    assert decode_body(body, encoding) == (body, False)


@pytest.mark.parametrize(
    ("encoding", "body", "encoded"),
    [
        ("gzip", gzipped(TEXT), True),
        ("GZIP", TEXT, False),
        ("zstd", zstandard.compress(TEXT), True),
        ("zstd", TEXT, False),
        ("identity", TEXT, False),
        # Their bytes show nothing: the header is believed.
        ("br", TEXT, True),
        ("compress", TEXT, True),
        ("br, gzip", TEXT, False),
    ],
)
def test_what_is_stored_as_its_header_says(encoding: str, body: bytes, encoded: bool) -> None:
    response = Response(body=body, headers={"Content-Encoding": [encoding]})
    assert is_still_encoded(response) == encoded
    response.uncompressed = True
    assert not is_still_encoded(response)
    assert not is_still_encoded(Response(body=body))


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (999, "999ns"),
        (1_000, "1µs"),
        (12_500, "12.5µs"),
        (999_999, "999.999µs"),
        (1_000_000, "1ms"),
        (412_500_000, "412.5ms"),
        (1_000_000_000, "1s"),
        (1_723_231_839, "1.723231839s"),
        (60_500_000_000, "1m0.5s"),
        (3_600_000_000_000, "1h0m0s"),
        (90_061_000_000_001, "25h1m1.000000001s"),
        (-1_500_000, "-1.5ms"),
        (-(2**63), "-2562047h47m16.854775808s"),
        (2**63 - 1, "2562047h47m16.854775807s"),
    ],
)
def test_durations(nanoseconds: int, text: str) -> None:
    assert format_duration(nanoseconds) == text
    assert parse_duration(text) == nanoseconds


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_duration_is_read_back(nanoseconds: int) -> None:
    assert parse_duration(format_duration(nanoseconds)) == nanoseconds


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("+1s", 10**9),
        ("1us", 1000),
        ("1μs", 1000),
        ("1.s", 10**9),
        (".5s", 5 * 10**8),
        ("1m1ns", 60_000_000_001),
    ],
)
def test_durations_that_go_reads_and_does_not_write(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    "text", ["", "+", "1", "s", ".s", "1.5", "1 s", "1s ", "1S", "1d", "-", "1s-1s", "9223372036855s"]
)
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError):
        parse_duration(text)


FORM = {"Content-Type": ["application/x-www-form-urlencoded; charset=utf-8"]}


@pytest.mark.parametrize(
    ("method", "url", "headers", "body", "form"),
    [
        ("GET", "https://x/?a=1&b=2&a=3", {}, b"", {"a": ["1", "3"], "b": ["2"]}),
        ("POST", "https://x/?a=1", FORM, b"a=2&c=%20+", {"a": ["2", "1"], "c": ["  "]}),
        ("PUT", "https://x/", FORM, b"a=2", {"a": ["2"]}),
        ("PATCH", "https://x/", FORM, b"a=2", {"a": ["2"]}),
        ("DELETE", "https://x/?a=1", FORM, b"a=2", {"a": ["1"]}),
        ("POST", "https://x/", {"Content-Type": ["multipart/form-data; boundary=x"]}, b"a=2", {}),
        ("POST", "https://x/", {"Content-Type": ["application/json"]}, b"a=2", {}),
        ("POST", "https://x/", {}, b"a=2", {}),
        ("GET", "https://x/?a", {}, b"", {"a": [""]}),
        ("GET", "https://x/?=1&&b=", {}, b"", {"": ["1"], "b": [""]}),
        ("GET", "https://x/?a=1;b=2&c=%zz&d=%41&%e9=%ff", {}, b"", {"d": ["A"], "\udce9": ["\udcff"]}),
        ("GET", "https://x/#?a=1", {}, b"", {}),
        ("GET", "https://x/?alt=sse#f", {}, b"", {"alt": ["sse"]}),
    ],
)
def test_form_is_the_query_and_the_urlencoded_body(
    method: str, url: str, headers: dict[str, list[str]], body: bytes, form: dict[str, list[str]]
) -> None:
    assert form_values(method, url, headers, body) == form


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("content-type", "Content-Type"),
        ("X-GOOG-UPLOAD-URL", "X-Goog-Upload-Url"),
        ("etag", "Etag"),
        ("x-amzn-errortype", "X-Amzn-Errortype"),
        ("x--a-", "X--A-"),
        ("a b", "a b"),
        ("é", "é"),
        ("", ""),
    ],
)
def test_header_names_are_written_as_go_does(name: str, written: str) -> None:
    assert canonical(name) == written


def zeros(megabytes: int, compressor: Any) -> bytes:
    """As many zeros, compressed: the files are next to nothing."""
    add = getattr(compressor, "compress", None) or compressor.process
    end = getattr(compressor, "finish", None) or compressor.flush
    return b"".join([*(add(bytes(1 << 20)) for _ in range(megabytes)), end()])


COMPRESSORS: dict[str, Callable[[], Any]] = {
    "gzip": lambda: zlib.compressobj(1, wbits=16 + zlib.MAX_WBITS),
    "deflate": lambda: zlib.compressobj(1),
    "br": lambda: brotli.Compressor(quality=1),
    "zstd": lambda: zstandard.ZstdCompressor().compressobj(),
}


@pytest.mark.parametrize("encoding", COMPRESSORS)
def test_nothing_is_inflated_beyond_the_limit(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zeros(2, COMPRESSORS[encoding]())
    assert len(bomb) < 100_000
    assert decode_body(bomb, encoding) == (bytes(2 << 20), True)
    monkeypatch.setenv("LLMCASSETTE_MAX_BODY_MB", "1")
    for decode in (lambda: decode_body(bomb, encoding), lambda: decode_pieces([bomb[:9], bomb[9:]], encoding)):
        with pytest.raises(InflatesTooMuch, match=f"Content-Encoding {encoding} inflates to more than 1 MB") as caught:
            decode()
        assert caught.value.remedy.endswith("LLMCASSETTE_MAX_BODY_MB=4 in the environment.")
