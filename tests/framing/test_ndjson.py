"""Newline-delimited JSON: lines of text, for every split of the bytes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmcassette.framing.ndjson import NDJSONDecoder, parse


@pytest.mark.parametrize(
    ("body", "lines", "tail"),
    [
        (b'{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}'], None),
        (b'{"a":1}\r\n\r\n  \n{"b":2}\r\n', ['{"a":1}', '{"b":2}'], None),
        (b'{"a":1}\n{"b"', ['{"a":1}'], '{"b"'),
        (b'{"a":1}\n \n ', ['{"a":1}'], None),
        (b"\xef\xbb\xbf{}\n", ["{}"], None),
        ('{"a":"x\u2028y\x85z"}\n'.encode(), ['{"a":"x\u2028y\x85z"}'], None),
        (b"", [], None),
    ],
)
def test_lines_and_tail(body: bytes, lines: Any, tail: Any) -> None:
    assert parse(body) == (lines, tail)


def test_invalid_utf8_is_replaced_and_noted() -> None:
    decoder = NDJSONDecoder()
    assert decoder.feed(b'{"a":"\xff"}\n') == ['{"a":"\ufffd"}']
    assert decoder.invalid_utf8


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), min_size=1)), st.data())
def test_any_split_gives_the_lines_that_were_written(texts: list[str], data: st.DataObject) -> None:
    # The first character of a stream may be a BOM, which is no part of the first line.
    written = ["{" + text for text in texts]
    body = "".join(line + "\n" for line in written).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=12)))
    decoder = NDJSONDecoder()
    pieces = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    assert [line for piece in pieces for line in decoder.feed(piece)] == written
    assert decoder.finish() is None
