"""Newline-delimited JSON: lines of text, and what is left at the end."""

import pytest

from pytest_llmcassette.framing.ndjson import parse, raw_lines


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


@pytest.mark.parametrize("cut", [[b"{}\n", b"\r\n", b"{}"], [b"{}\n"], []])
def test_a_body_is_cut_behind_its_lines(cut: list[bytes]) -> None:
    assert raw_lines(b"".join(cut)) == cut
