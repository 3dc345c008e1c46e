"""Newline-delimited JSON: lines of text, and what is left at the end."""

import pytest

from pytest_llmcassette.framing.ndjson import parse


@pytest.mark.parametrize(
    ("body", "lines", "tail"),
    [
        (b'{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}'], None),
        (b'{"a":1}\r\n\r\n  \n{"b":2}\r\n', ['{"a":1}', '{"b":2}'], None),
        (b'{"a":1}\n{"b"', ['{"a":1}'], '{"b"'),
        (b'{"a":1}\n \n ', ['{"a":1}'], None),
        (b"\xef\xbb\xbf{}\n", ["{}"], None),
        ('{"a":"x\u2028y\x85z"}\n'.encode(), ['{"a":"x\u2028y\x85z"}'], None),
        (b'{"a":"\xff"}\n', ['{"a":"\ufffd"}'], None),
        (b"", [], None),
    ],
)
def test_lines_and_tail(body: bytes, lines: list[str], tail: str | None) -> None:
    assert parse(body) == (lines, tail)
